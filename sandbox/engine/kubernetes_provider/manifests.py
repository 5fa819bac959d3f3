"""Reading and writing the common parts of a manifest: identity, metadata, annotations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sandbox.engine.kubernetes_provider.values import Manifest, Unknown

SKIP_AWAIT = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds"
REPLACE_UNREADY = "pulumi.com/replaceUnready"
PATCH_FORCE = "pulumi.com/patchForce"
PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager"
DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
AUTONAMED = "pulumi.com/autonamed"

_BUILT_IN_GROUPS = {
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
}

_CLUSTER_SCOPED = {
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ComponentStatus",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "StorageClass",
    "SubjectAccessReview",
    "TokenReview",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
}


class Kind(NamedTuple):
    """The API version (as in a manifest, so "v1" for the core group) and kind of an object."""

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def is_built_in(self) -> bool:
        """Whether Kubernetes itself serves it, so that its fields are known beforehand."""
        return self.group in _BUILT_IN_GROUPS

    @property
    def scope(self) -> bool | None:
        """Whether its objects lie in a namespace, or None for a kind that a CRD defines."""
        return self.kind not in _CLUSTER_SCOPED if self.is_built_in else None


def kind_of(manifest: Mapping[str, Any]) -> Kind:
    """The kind that a manifest names; "" for what it does not."""
    version = str(manifest.get("apiVersion") or "")
    return Kind(version.removeprefix("core/"), str(manifest.get("kind") or ""))


def kind_of_type(token: str) -> Kind:
    """The kind of a resource type such as ``kubernetes:apps/v1:Deployment``.

    Raises ValueError if it is not a type of that form.
    """
    parts = token.split(":")
    if len(parts) != 3 or parts[0] != "kubernetes" or parts[1].count("/") != 1:
        raise ValueError(f"unrecognized resource type: {token!r} for this provider")
    return Kind(parts[1].removeprefix("core/"), parts[2])


def pluck(value: Any, *path: str) -> Any:
    """The value at a path of field names, or None where there is none."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text(value: Any, *path: str) -> str:
    """The text at a path, "" where there is none or it is not known."""
    found = pluck(value, *path)
    return found if isinstance(found, str) else ""


def name_of(manifest: Mapping[str, Any]) -> str:
    """``metadata.name``, "" where there is none."""
    return text(manifest, "metadata", "name")


def namespace_of(manifest: Mapping[str, Any]) -> str:
    """``metadata.namespace``, "" where there is none."""
    return text(manifest, "metadata", "namespace")


def uid_of(manifest: Mapping[str, Any]) -> str:
    """``metadata.uid``, "" where there is none."""
    return text(manifest, "metadata", "uid")


def generation_of(manifest: Mapping[str, Any]) -> int:
    """``metadata.generation``, 0 where there is none."""
    return int(pluck(manifest, "metadata", "generation") or 0)


def id_of(manifest: Mapping[str, Any]) -> str:
    """The id of the resource: ``namespace/name``, or the name of a cluster-wide object."""
    namespace = namespace_of(manifest)
    return f"{namespace}/{name_of(manifest)}" if namespace else name_of(manifest)


def split_id(resource_id: str) -> tuple[str, str]:
    """The namespace ("" for none) and name of an id."""
    namespace, _, name = resource_id.rpartition("/")
    return namespace, name


def set_metadata(manifest: Manifest, key: str, value: str) -> None:
    """Set a field of the metadata, unless the metadata is not known."""
    metadata = manifest.setdefault("metadata", {})
    if isinstance(metadata, dict):
        metadata[key] = value


def annotation(manifest: Mapping[str, Any], key: str) -> str:
    """The value of an annotation, "" where there is none."""
    return text(manifest, "metadata", "annotations", key)


def has_annotation(manifest: Mapping[str, Any], key: str) -> bool:
    """Whether an annotation is "true"."""
    return annotation(manifest, key) == "true"


def set_annotation(manifest: Manifest, key: str, value: str) -> None:
    """Set an annotation, unless the annotations are not known."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return
    annotations = metadata.setdefault("annotations", {})
    if not isinstance(annotations, Unknown):
        annotations[key] = value


def is_owned_by(manifest: Mapping[str, Any], owner_uid: str) -> bool:
    """Whether the object has the one of that uid among its owners."""
    owners = pluck(manifest, "metadata", "ownerReferences") or []
    return any(owner.get("uid") == owner_uid for owner in owners)


def conditions_of(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The conditions of the status, by type."""
    found = pluck(manifest, "status", "conditions") or []
    return {str(item.get("type")): item for item in found if isinstance(item, Mapping)}


def is_crd(manifest: Mapping[str, Any]) -> bool:
    """Whether the object defines a kind."""
    return kind_of(manifest).kind == "CustomResourceDefinition"
