"""Pulumi's properties as specs: which keys belong to one, and what is wrong with them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pulumi.dynamic import CheckFailure

from flink_components.plan.changes import plain
from flink_components.providers.process import has_unknown, is_unknown
from flink_components.spec.base import Check, SpecModel, load, load_known
from flink_components.spec.errors import hiding_secrets

M = TypeVar("M", bound=SpecModel)


def of_spec(model: type[SpecModel], props: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that are fields of `model`, as plain values."""
    return {name: plain(props[name]) for name in model.model_fields if props.get(name) is not None}


def spec(model: type[M], props: Mapping[str, Any]) -> M:
    """The model that the properties declare. Raises SpecError."""
    return load(model, of_spec(model, props))


def failures(
    model: type[SpecModel],
    props: Mapping[str, Any],
    ours: Iterable[str],
    checks: Sequence[Check] = (),
) -> list[CheckFailure]:
    """What is wrong with the known properties; `ours` are keys that are no fields of the model.

    `checks`: as `load` takes them.
    """
    known = {key: value for key, value in props.items() if key not in ours}
    known = {key: value for key, value in known.items() if not key.startswith("__")}
    values = {name: plain(value) for name, value in known.items()}
    problems = load_known(model, values, is_unknown, checks=checks)
    return [CheckFailure("", str(hiding_secrets(problem))) for problem in problems]


def known(props: Mapping[str, Any], *names: str) -> bool:
    """All of these properties are known."""
    return not any(has_unknown(props.get(name)) for name in names)
