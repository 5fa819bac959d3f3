"""The Secret beside the ledger of a key: what of its past a person runs again without Pulumi."""

import base64
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from flink_components.kube.api import KubeApi, NotFound
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.ledger import KEY, own_labels
from flink_components.plan.record import SCHEMA
from flink_components.spec.names import lease_name

Json = dict[str, Any]


class _Kept(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def schema_version(self) -> int: ...


K = TypeVar("K", bound=_Kept)


@dataclass(frozen=True)
class KeySecret:
    """A Secret, since arguments, options and configurations may hold passwords."""

    api: KubeApi
    namespace: str
    key: str

    @property
    def name(self) -> str:
        """Its name."""
        return lease_name("programs", self.key)

    def read(self) -> Json:
        """The object; empty where there is none. Raises KubeError."""
        try:
            return self.api.get("Secret", self.namespace, self.name)
        except NotFound:
            return {}

    def write(self, before: Json, field: str, content: bytes) -> None:
        """Makes it, or replaces the one that was read. Raises Conflict, KubeError."""
        data = {field: base64.b64encode(content).decode()}
        if before:
            self.api.replace("Secret", self.namespace, self.name, {**before, "data": data})
            return
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": own_labels("programs", self.key),
                "annotations": {KEY: self.key},
            },
            "data": data,
        }
        self.api.create("Secret", self.namespace, body)

    def checked(self, what: str, kept: K | None) -> K:
        """What was read of it, None where it could not be. Raises LifecycleError."""
        if kept is None or kept.key != self.key:
            # Without the cause, whose text may hold what the Secret holds.
            raise LifecycleError(
                f"the {what} of {self.key} (Secret {self.namespace}/{self.name}) can't be read: "
                f"they were edited by hand; delete it, and the next upgrade makes a new one"
            ) from None
        if kept.schema_version > SCHEMA:
            raise LifecycleError(
                f"the {what} of {self.key} were kept by a later version of flink-components: "
                f"update this one"
            )
        return kept
