"""What is known about an awaited object at one moment, and what that means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sandbox.engine.kubernetes_provider.logs import INFO
from sandbox.engine.kubernetes_provider.manifests import Kind, name_of, namespace_of
from sandbox.engine.kubernetes_provider.values import Manifest


class View(Protocol):
    """The objects around an awaited one."""

    def all(self, kind: Kind) -> Sequence[Manifest]:
        """The objects of a kind in the namespace."""

    def one(self, kind: Kind, name: str) -> Manifest | None:
        """An object of the namespace, or of the cluster for a kind that is not namespaced."""

    def quiet_seconds(self, kind: Kind, name: str = "") -> float:
        """For how long nothing changed at the object ("": any of the kind); 0 before it is seen."""

    def waited_seconds(self) -> float:
        """For how long it is waited already."""


@dataclass(frozen=True)
class Message:
    """A line for the row of the resource."""

    text: str
    severity: int = INFO


@dataclass(frozen=True)
class Progress:
    """How far an object is.

    ``errors`` is what is wrong as long as it is not ``done``; ``failed`` means that waiting on is
    no use.
    """

    done: bool
    messages: Sequence[Message] = ()
    errors: Sequence[str] = ()
    failed: bool = False


@dataclass(frozen=True)
class Awaited:
    """How objects of a kind are awaited.

    ``check`` gets the live object, the object as it was before the update (None for a create), and
    the objects of the ``related`` kinds. ``on_read`` says whether a refresh looks too.
    """

    check: Callable[[Manifest, Manifest | None, View], Progress]
    related: Sequence[Kind] = ()
    on_read: bool = True
    seconds: float | None = None


def replicas_text(ready: int, wanted: int) -> str:
    """The usual form of a count of pods."""
    return f"({ready}/{wanted} Pods ready)"


def integer(value: object) -> int:
    """A count of a status, where a missing one is 0."""
    return value if isinstance(value, int) else 0


def full_name(manifest: Mapping[str, object]) -> str:
    """``namespace/name``, and just the name in the default namespace."""
    namespace = namespace_of(manifest)
    name = name_of(manifest)
    return name if namespace in ("", "default") else f"{namespace}/{name}"
