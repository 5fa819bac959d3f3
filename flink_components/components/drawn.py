"""Rendered Kubernetes objects as the resources of a component."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Output, ResourceOptions

from flink_components.components.arguments import is_unknown, lifted
from flink_components.spec.errors import is_sensitive

# Whole properties: where a path leads into one, the engine would make the next revision with the
# old value of that path, since it resets it in the program's own value.
_OF_A_REVISION = ["data", "stringData", "binaryData", "spec"]
_SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}


class Drawn:
    """The objects of a revision, each as far as it is known, and as secret as what it shows.

    objects: the rendered objects without what only pods or files show. pods, files: the same with
    that. secret_config: the configuration is a Secret.
    """

    def __init__(
        self, objects: Output[Any], pods: Output[Any], files: Output[Any], secret_config: bool
    ) -> None:
        self._objects, self._pods, self._files = objects, pods, files
        self._secret_config = secret_config

    def of(
        self, part: str, field: str, annotations: Mapping[str, str] | None = None
    ) -> Output[Any]:
        """A field of an object, with further annotations."""
        return _field(self._objects, part, field, annotations)

    def service_account(self, name: str, opts: ResourceOptions) -> pulumi.CustomResource:
        """The account of the pods."""
        return k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata=self.of("service_account", "metadata"),
            automount_service_account_token=False,
            opts=opts,
        )

    def rights(
        self, name: str, opts: ResourceOptions, service_uid: Output[str]
    ) -> dict[str, pulumi.CustomResource]:
        """What the pods of a revision may do, as long as its REST Service is there.

        Kubernetes removes it along with that: lifecycle, which removes a revision, needs no rights
        on roles, and a revision keeps its own, whatever the next one has.
        """
        fixed = ResourceOptions(ignore_changes=["rules", "roleRef", "subjects"])
        opts = ResourceOptions.merge(opts, fixed)
        role = k8s.rbac.v1.Role(
            f"{name}-role",
            metadata=self._owned("role", service_uid),
            rules=self.of("role", "rules"),
            opts=opts,
        )
        binding = k8s.rbac.v1.RoleBinding(
            f"{name}-role-binding",
            metadata=self._owned("role_binding", service_uid),
            role_ref=self.of("role_binding", "roleRef"),
            subjects=self.of("role_binding", "subjects"),
            opts=after(opts, [role]),
        )
        return {"role": role, "role_binding": binding}

    def _owned(self, part: str, service_uid: Output[str]) -> Output[Any]:
        def owned(metadata: Mapping[str, Any], service: Mapping[str, Any], uid: str) -> Any:
            owner = {"apiVersion": "v1", "kind": "Service", "name": service["name"], "uid": uid}
            return {**metadata, "ownerReferences": [owner]}

        service = self.of("rest_service", "metadata")
        return lifted(owned, self.of(part, "metadata"), service, service_uid)

    def network_policy(self, name: str, opts: ResourceOptions) -> pulumi.CustomResource:
        """Who may reach the pods."""
        return k8s.networking.v1.NetworkPolicy(
            f"{name}-network-policy",
            metadata=self.of("network_policy", "metadata"),
            spec=self.of("network_policy", "spec"),
            opts=opts,
        )

    def config(self, name: str, opts: ResourceOptions) -> pulumi.CustomResource:
        """The configuration of the revision."""
        if self._secret_config:
            return k8s.core.v1.Secret(
                f"{name}-config",
                metadata=self.of("config", "metadata"),
                string_data=_field(self._files, "config", "stringData"),
                opts=opts,
            )
        return k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata=self.of("config", "metadata"),
            data=_field(self._files, "config", "data"),
            opts=opts,
        )

    def service(self, name: str, part: str, opts: ResourceOptions) -> "k8s.core.v1.Service":
        """A Service."""
        return k8s.core.v1.Service(
            name,
            metadata=self.of(part, "metadata", _SKIP_AWAIT),
            spec=self.of(part, "spec"),
            opts=opts,
        )

    def stable_service(self, name: str, opts: ResourceOptions) -> "k8s.core.v1.Service":
        """The Service in front, which lifecycle turns to the active revision."""
        opts = ResourceOptions.merge(opts, ResourceOptions(ignore_changes=["spec.selector"]))
        return self.service(f"{name}-stable", "stable_service", opts)

    def deployments(self, name: str, opts: ResourceOptions) -> dict[str, pulumi.CustomResource]:
        """The JobManagers and the TaskManagers of the revision."""
        return {
            suffix: k8s.apps.v1.Deployment(
                f"{name}-{suffix}",
                metadata=self.of(part, "metadata", _SKIP_AWAIT),
                spec=_field(self._pods, part, "spec"),
                opts=opts,
            )
            for part, suffix in (("job_manager", "jobmanager"), ("task_manager", "taskmanager"))
        }


def of_a_revision(opts: ResourceOptions) -> ResourceOptions:
    """Lifecycle removes the objects of a revision; Pulumi forgets them, and changes none."""
    kept = ResourceOptions(
        retain_on_delete=True, protect=False, ignore_changes=list(_OF_A_REVISION)
    )
    return ResourceOptions.merge(opts, kept)


def after(opts: ResourceOptions, made: Sequence[pulumi.Resource]) -> ResourceOptions:
    """The same options for what comes after these resources."""
    return ResourceOptions.merge(opts, ResourceOptions(depends_on=list(made)))


def has_policy(values: Mapping[str, Any]) -> bool:
    """The declared cluster has a NetworkPolicy."""
    policy = values.get("network_policy") or {}
    return is_unknown(policy) or policy.get("enabled", True) is not False


def is_secret(options: Any) -> bool:
    """An option looks like a secret, or none is known yet."""
    return is_unknown(options) or any(is_sensitive(str(option)) for option in options)


def _field(
    objects: Output[Any],
    part: str,
    field: str,
    annotations: Mapping[str, str] | None = None,
) -> Output[Any]:
    """A field of a rendered object, with further annotations."""

    def pick(rendered: Any) -> Any:
        value = getattr(rendered, part)[field]
        if annotations:
            value = {**value, "annotations": {**value["annotations"], **annotations}}
        return value

    return objects.apply(pick)
