"""Arguments as a program gives them: what is known of them is checked at once."""

import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import get_root_resource

from flink_components.components.environment import Environment
from flink_components.components.refusal import refuse
from flink_components.spec.base import Check, Problem, SpecModel, load_known, unknown_field
from flink_components.spec.errors import join_path, key_path, shown

T = TypeVar("T")


def is_unknown(value: object) -> bool:
    """A value that the program does not hold itself: an Output, a resource, an awaitable."""
    return isinstance(value, pulumi.Output | pulumi.Resource) or hasattr(value, "__await__")


def has_unknown(value: object) -> bool:
    """An Output is nested anywhere in the value."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return is_unknown(value)


def known_problems(
    model: type[SpecModel], values: Mapping[str, Any], checks: Sequence[Check] = ()
) -> list[Problem]:
    """What is wrong with the arguments that the program holds itself, not with Outputs."""
    odd = list(_odd_values(values))
    return odd or load_known(model, values, is_unknown, checks=checks)


def named(values: Mapping[str, Any], args: type) -> tuple[dict[str, Any], list[Problem]]:
    """The values that are fields of `args`, and what is said of the others."""
    fields = list(args.__annotations__)
    listed = f"those of {args.__name__}"
    known = {name: value for name, value in values.items() if name in fields}
    return known, [unknown_field(name, fields, listed) for name in values if name not in fields]


def _odd_values(value: object, path: str = "") -> Iterator[Problem]:
    """What Pulumi can't write into its state, which it says in a traceback."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _odd_values(item, join_path(path, key_path(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _odd_values(item, join_path(path, index))
    elif isinstance(value, set | frozenset):
        yield Problem(path, "must be a list", shown(value), "write [ ] in place of { }")
    elif isinstance(value, bytes | bytearray):
        yield Problem(path, "must be text", shown(value), "decode it")


_keys: "WeakKeyDictionary[pulumi.Resource, dict[str, tuple[str, str]]]" = WeakKeyDictionary()
_keys_to_come: "WeakKeyDictionary[pulumi.Resource, list[Any]]" = WeakKeyDictionary()
_WITH_A_JOB = ("SessionJob", "ApplicationDeployment")


def claim_key(kind: str, key: object, name: str) -> None:
    """Refuses a second component of the same key in one program. Raises RunError.

    All that run a job share their keys, since each key has one ledger.
    """
    root = get_root_resource()
    if root is None or key is None:
        return
    if not isinstance(key, str):
        _keys_to_come.setdefault(root, []).append(key)
        return
    taken = _keys.setdefault(root, {})
    ledger = "job" if kind in _WITH_A_JOB else kind
    other = taken.setdefault(f"{ledger} {key}", (kind, name))
    if other != (kind, name):
        do = "give one of them another name, namespace or key"
        what = other[1] if other[0] == kind else " ".join(other)
        refuse(f"{kind} {name}", [Problem("key", f"is that of {what} already", repr(key), do)])


async def keys_of_jobs() -> set[str] | None:
    """The keys of all jobs of the program, and of clusters that have Outputs as keys.

    None while one of them is not known.
    """
    root = get_root_resource()
    if root is None:
        return None
    claimed = [name for name in _keys.get(root, {}) if name.startswith("job ")]
    keys: list[Any] = [name.removeprefix("job ") for name in claimed]
    for key in _keys_to_come.get(root, []):
        keys.append(await pulumi.Output.from_input(key).future(with_unknowns=True))
    return set(keys) if all(isinstance(key, str) for key in keys) else None


def refuse_positional(what: str, args: object, env: object, like: str) -> Mapping[str, Any]:
    """The arguments as a mapping. Raises RunError for anything else, and for a wrong `env`.

    `like`: how arguments are written.
    """
    if not isinstance(args, Mapping):
        refuse(what, [Problem("args", "must be a mapping", shown(args), f"write them like {like}")])
    if env is not None and not isinstance(env, Environment):
        do = "write it like Environment(namespace='payments')"
        refuse(what, [Problem("env", "must be an Environment", shown(env), do)])
    return cast(Mapping[str, Any], args)


def lifted(function: Callable[..., T], *inputs: Any) -> "pulumi.Output[T]":
    """`function` over resolved inputs."""
    return pulumi.Output.all(*inputs).apply(lambda values: function(*values))


def ignored(opts: pulumi.ResourceOptions | None, fields: Collection[str]) -> list[str]:
    """The paths in `ignore_changes` that begin with one of these fields.

    The engine does not hand them on from a component to its children.
    """
    paths: Sequence[str] = (opts.ignore_changes if opts else None) or []
    return [path for path in paths if re.split(r"[.\[]", path, maxsplit=1)[0] in fields]


def urn_of(component: pulumi.ComponentResource) -> "pulumi.Output[str]":
    """A component's URN for its own children, without a dependency on the component.

    With one, a child would wait for all children of its parent: for itself.
    """
    future: Awaitable[str] = component.urn.future()  # type: ignore[assignment]
    return pulumi.Output.from_input(future)


def stack_name() -> str:
    """`organization/project/stack`: who manages a key."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
