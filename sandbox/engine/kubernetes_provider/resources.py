"""The resource that a call is about, what is found out about it, and how a call fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.engine.kubernetes_provider.diffs import Change
from sandbox.engine.kubernetes_provider.logs import Log
from sandbox.engine.kubernetes_provider.manifests import Kind, kind_of_type
from sandbox.engine.kubernetes_provider.values import Properties


class ProviderError(Exception):
    """What the user is told when an operation cannot be done."""


class PartialError(ProviderError):
    """The operation was done, but the object is not what it should be."""

    def __init__(
        self, message: str, resource_id: str, outputs: Properties, reasons: Sequence[str]
    ) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.outputs = outputs
        self.reasons = [message, *reasons]
        self.inputs: Properties = {}


@dataclass(frozen=True)
class Resource:
    """Which resource a call is about."""

    urn: str
    log: Log

    @property
    def name(self) -> str:
        """The name that the program gave it."""
        return self.urn.rpartition("::")[2]

    @property
    def kind(self) -> Kind:
        """The kind that its type names. Raises ProviderError if it names none."""
        token = self.urn.split("::")[2].rpartition("$")[2]
        try:
            return kind_of_type(token)
        except ValueError as error:
            raise ProviderError(str(error)) from error


@dataclass(frozen=True)
class Diff:
    """How a resource changes."""

    changes: Mapping[str, Change]
    replaces: Sequence[str] = field(default_factory=list)
    delete_before_replace: bool = False


@dataclass(frozen=True)
class Found:
    """What a read found; ``resource_id`` is "" if the object is gone."""

    resource_id: str = ""
    outputs: Properties = field(default_factory=dict)
    inputs: Properties = field(default_factory=dict)
