"""What a program's inputs mean, and what they change: the part of the provider that only looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.engine.kubernetes_provider import naming
from sandbox.engine.kubernetes_provider.api import ApiError, NoSuchKindError, UnreachableError
from sandbox.engine.kubernetes_provider.awaits.workloads import job_is_complete
from sandbox.engine.kubernetes_provider.checkpoint import read_checkpoint
from sandbox.engine.kubernetes_provider.cluster import Cluster
from sandbox.engine.kubernetes_provider.diffs import ChangeKind, detailed_diff
from sandbox.engine.kubernetes_provider.force_new import force_new_paths
from sandbox.engine.kubernetes_provider.logs import WARNING
from sandbox.engine.kubernetes_provider.manifests import (
    AUTONAMED,
    REPLACE_UNREADY,
    Kind,
    annotation,
    has_annotation,
    kind_of,
    name_of,
    namespace_of,
    pluck,
    set_metadata,
)
from sandbox.engine.kubernetes_provider.normalize import normalize, prune
from sandbox.engine.kubernetes_provider.resources import Diff, ProviderError, Resource
from sandbox.engine.kubernetes_provider.settings import Settings
from sandbox.engine.kubernetes_provider.values import (
    Manifest,
    Properties,
    manifest_of,
    mark_secrets,
    properties_of,
)

_MANAGED_BY = "app.kubernetes.io/managed-by"


class Planner:
    """Checks and compares inputs; ``cluster`` is None where none can be reached."""

    def __init__(self, settings: Settings, namespace: str, cluster: Cluster | None) -> None:
        self._settings = settings
        self._namespace = namespace
        self._cluster = cluster

    def check(
        self,
        resource: Resource,
        old: Properties,
        new: Properties,
        seed: bytes,
        autonaming: provider_pb2.CheckRequest.AutonamingOptions | None,
    ) -> Properties:
        """Return the inputs as they will be used: named, in a namespace, normalized."""
        if not self._cluster and self._settings.skip_update_unreachable:
            resource.log.permanent(
                WARNING,
                "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...",
            )
            return old
        kind = resource.kind
        if kind.kind.endswith("List") and kind.is_built_in:
            raise ProviderError(
                "list resources exist for compatibility with YAML manifests and Helm charts, and "
                "cannot be created directly. Use the underlying resource type instead"
            )
        if kind.kind.endswith("Patch") and kind.is_built_in:
            raise ProviderError(
                "Patch resources need the real Kubernetes provider: this is the sandbox's stand-in"
            )
        self._check_kind(kind, new)
        old_inputs, inputs = manifest_of(old), normalize(manifest_of(new))
        if annotation(inputs, AUTONAMED):
            resource.log.permanent(
                WARNING,
                f'ignoring user-specified value for internal annotation "{AUTONAMED}"',
            )
        if old_inputs:
            naming.keep_old_name(inputs, old_inputs)
        else:
            try:
                naming.assign_name(inputs, resource.name, seed, autonaming)
            except ValueError as error:
                raise ProviderError(str(error)) from error
        if naming.is_generate_name(inputs) and self._settings.server_side_apply:
            raise ProviderError(
                "the `.metadata.generateName` field is not supported in Server-Side Apply mode"
            )
        if not self._settings.server_side_apply and (
            not old_inputs or pluck(old_inputs, "metadata", "labels", _MANAGED_BY)
        ):
            _set_label(inputs, _MANAGED_BY, "pulumi")
        if (
            self._namespace
            and not pluck(inputs, "metadata", "namespace")
            and self._is_namespaced(kind) is not False
        ):
            set_metadata(inputs, "namespace", self._namespace)
        checked = properties_of(inputs)
        mark_secrets(checked, new)
        return checked

    def diff(
        self, resource: Resource, old: Properties, new: Properties, ignored: Sequence[str]
    ) -> Diff:
        """Return what changes, compared with the object as the state knows it."""
        checkpoint = read_checkpoint(old)
        inputs = normalize(manifest_of(new))
        kind = kind_of(inputs)
        base = prune(checkpoint.live, normalize(checkpoint.inputs))
        metadata = base.setdefault("metadata", {})
        if self._is_namespaced(kind) is False:
            metadata.pop("namespace", None)
            inputs.setdefault("metadata", {}).pop("namespace", None)
        else:
            metadata["namespace"] = metadata.get("namespace") or "default"
            if not pluck(inputs, "metadata", "namespace"):
                set_metadata(inputs, "namespace", "default")
        if name_of(inputs):
            metadata["name"] = name_of(checkpoint.live)
        changes = detailed_diff(
            base,
            inputs,
            force_new_paths(
                inputs, self._settings.config_map_mutable, self._settings.secret_mutable
            ),
            ignored,
            empty_is_absent=kind.is_built_in,
        )
        replaces = [
            path
            for path, change in changes.items()
            if change.replaces or (path == "metadata" and change.kind is ChangeKind.DELETE)
        ]
        if has_annotation(inputs, REPLACE_UNREADY) and self._is_unready(resource, checkpoint.live):
            replaces.append(f'.metadata.annotations["{REPLACE_UNREADY}"]')
        return Diff(
            changes=changes,
            replaces=replaces,
            delete_before_replace=bool(replaces)
            and naming.is_named(inputs)
            and not naming.is_autonamed(inputs)
            and name_of(inputs) == name_of(checkpoint.live)
            and namespace_of(inputs) == namespace_of(checkpoint.live),
        )

    @staticmethod
    def _check_kind(kind: Kind, new: Properties) -> None:
        given = kind_of(manifest_of(new))
        if given.kind and given.api_version and given != kind:
            raise ProviderError(
                f"the type of the resource says {kind.api_version}/{kind.kind}, but its inputs "
                f"say apiVersion {given.api_version!r} and kind {given.kind!r}"
            )

    def _is_namespaced(self, kind: Kind) -> bool | None:
        if kind.scope is not None or not self._cluster:
            return kind.scope
        try:
            return self._cluster.api.resource(kind).namespaced
        except (ApiError, NoSuchKindError, UnreachableError):
            return None

    def _is_unready(self, resource: Resource, live: Manifest) -> bool:
        if not self._cluster:
            resource.log.permanent(WARNING, "Cluster is unreachable, skipping replaceUnready check")
            return False
        if kind_of(live) != Kind("batch/v1", "Job"):
            resource.log.permanent(
                WARNING, "replaceUnready annotation is not supported for this resource"
            )
            return False
        try:
            return not job_is_complete(self._cluster.live(live))
        except (ApiError, UnreachableError):
            return False


def _set_label(inputs: Manifest, key: str, value: str) -> None:
    metadata = inputs.setdefault("metadata", {})
    if isinstance(metadata, dict):
        labels: Any = metadata.setdefault("labels", {})
        if isinstance(labels, dict):
            labels[key] = value
