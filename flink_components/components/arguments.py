"""Arguments as a program gives them: what is known of them is checked at once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import get_root_resource

from flink_components.components.environment import Environment
from flink_components.components.refusal import refuse
from flink_components.spec.base import Check, Problem, SpecModel, load_known
from flink_components.spec.errors import shown

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
    return load_known(model, values, is_unknown, checks=checks)


_keys: "WeakKeyDictionary[pulumi.Resource, dict[str, str]]" = WeakKeyDictionary()


def claim_key(kind: str, key: object, name: str) -> None:
    """Refuses a second component of the same key in one program. Raises RunError."""
    root = get_root_resource()
    if root is None or not isinstance(key, str):
        return
    taken = _keys.setdefault(root, {})
    other = taken.setdefault(f"{kind} {key}", name)
    if other != name:
        do = "give one of them another name, namespace or key"
        refuse(f"{kind} {name}", [Problem("key", f"is that of {other} already", repr(key), do)])


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


def urn_of(component: pulumi.ComponentResource) -> "pulumi.Output[str]":
    """A component's URN for its own children, without a dependency on the component.

    With one, a child would wait for all children of its parent: for itself.
    """
    future: Awaitable[str] = component.urn.future()  # type: ignore[assignment]
    return pulumi.Output.from_input(future)


def stack_name() -> str:
    """`organization/project/stack`: who manages a key."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
