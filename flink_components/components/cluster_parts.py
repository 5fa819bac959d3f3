"""The children of a SessionCluster."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions

from flink_components.components.arguments import is_unknown, lifted, stack_name, urn_of
from flink_components.components.refusal import refuse
from flink_components.components.resources import ClusterAnchor, ClusterSwitch, Revision
from flink_components.kube.objects.session_cluster import (
    CHECKS,
    SessionClusterObjects,
    cluster_ref,
    leader_of,
    names,
    render,
)
from flink_components.plan.changes import plain
from flink_components.spec.base import SpecError, load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.connection import Connection
from flink_components.spec.errors import hiding_secrets, is_sensitive

# Whole properties: where a path leads into one, the engine would make the next revision with the
# old value of that path, since it resets it in the program's own value.
_OF_A_REVISION = ["data", "stringData", "spec"]
_SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}


class Identity:
    """What every part of one cluster needs to know."""

    def __init__(
        self,
        name: str,
        key: Input[str],
        values: Mapping[str, Any],
        connection: Mapping[str, str],
        component: pulumi.ComponentResource,
    ) -> None:
        self.name = name
        self.values = values
        self.connection = connection
        self.common = {
            "key": key,
            "namespace": values["namespace"],
            "connection": dict(connection),
            "urn": urn_of(component),
            "stack": stack_name(),
        }


class Parts:
    """The children of a SessionCluster, in the order in which they are made."""

    def __init__(
        self,
        cluster: pulumi.ComponentResource,
        given: Identity,
        own: Mapping[str, Any],
        ignored: Sequence[str],
    ) -> None:
        """`ignored`: paths in the spec that stay as they were made."""
        name, values = given.name, given.values
        parent = ResourceOptions(parent=cluster)
        anchor = ClusterAnchor(
            f"{name}-anchor",
            {
                **given.common,
                "name": values["name"],
                "flink_version": values["flink_version"],
                "adopt": own["adopt"] or None,
            },
            ResourceOptions.merge(parent, ResourceOptions(ignore_changes=list(ignored))),
        )
        declared = Output.from_input(values).apply(lambda known: _load(name, known))
        revision = Revision(
            f"{name}-revision",
            {**given.common, "spec": values},
            ResourceOptions.merge(
                parent,
                ResourceOptions(
                    depends_on=[anchor], ignore_changes=[f"spec.{path}" for path in ignored]
                ),
            ),
        )
        self.spec: Output[SessionClusterSpec] = lifted(
            lambda _, known: _load(name, known), declared, revision.spec
        )
        self.number: Output[int] = revision.number.apply(int)
        public = self._public(values, "config", "env", "log4j")
        self.public = public
        self.secret_config = _is_secret(values.get("config") or {})
        without_files = self._public(values, "config", "log4j")
        self.objects = lifted(render, public, self.number, self.secret_config)
        self.pods = lifted(render, without_files, self.number, self.secret_config)
        self.files = lifted(render, self.spec, self.number, self.secret_config)
        after = ResourceOptions.merge(parent, ResourceOptions(depends_on=[revision]))
        made = self._make(name, values, after)
        uid = self.rest.metadata.apply(lambda metadata: metadata.get("uid"))
        self.switch = ClusterSwitch(
            f"{name}-switch",
            {
                **given.common,
                "name": values["name"],
                "flink_version": public.apply(lambda spec: spec.flink_version),
                "revision": self.number,
                "service": self._name("rest_service"),
                "service_uid": uid,
                "stable_service": self._name("stable_service"),
                "task_manager": self._name("task_manager"),
                "replicas": public.apply(lambda spec: spec.task_manager.replicas),
                "slots": public.apply(lambda spec: spec.slots_total),
                "leader": lifted(leader_of, public, self.number),
                "ready_within": own["ready_within"] or "10 min",
            },
            ResourceOptions.merge(parent, ResourceOptions(depends_on=list(made.values()))),
        )
        self.ref = lifted(
            lambda spec, number, uid, _: cluster_ref(
                spec, number, load(Connection, given.connection), uid
            ).to_json(),
            public,
            self.number,
            uid,
            self.switch.urn,
        )

    def _public(self, values: Mapping[str, Any], *hidden: str) -> Output[SessionClusterSpec]:
        """The spec for what does not show these fields: it is no secret for their sake."""
        others = {field: value for field, value in values.items() if field not in hidden}
        return lifted(lambda spec, _: spec, Output.unsecret(self.spec), others)

    def _name(self, part: str) -> Output[str]:
        def name(spec: SessionClusterSpec, number: int) -> str:
            return str(getattr(names(spec, number), part))

        return lifted(name, self.public, self.number)

    def _make(
        self, name: str, values: Mapping[str, Any], opts: ResourceOptions
    ) -> dict[str, pulumi.CustomResource]:
        """The Kubernetes objects; lifecycle removes those of a revision, Pulumi forgets them."""
        revision = ResourceOptions.merge(
            opts,
            ResourceOptions(
                retain_on_delete=True, protect=False, ignore_changes=list(_OF_A_REVISION)
            ),
        )
        made: dict[str, pulumi.CustomResource] = {}
        if not values.get("service_account"):
            made["account"] = k8s.core.v1.ServiceAccount(
                f"{name}-account",
                metadata=self._of("service_account", "metadata"),
                automount_service_account_token=False,
                opts=opts,
            )
        policy = values.get("network_policy") or {}
        if is_unknown(policy) or policy.get("enabled", True) is not False:
            made["policy"] = k8s.networking.v1.NetworkPolicy(
                f"{name}-network-policy",
                metadata=self._of("network_policy", "metadata"),
                spec=self._of("network_policy", "spec"),
                opts=opts,
            )
        made["config"] = self._make_config(name, revision)
        self.rest = made["rest"] = self._service(f"{name}-rest", "rest_service", revision)
        made["rpc"] = self._service(f"{name}-rpc", "rpc_service", revision)
        if availability_is_wished(values):
            made |= self._make_rights(name, revision)
        workload = ResourceOptions.merge(revision, ResourceOptions(depends_on=list(made.values())))
        for part, suffix in (("job_manager", "jobmanager"), ("task_manager", "taskmanager")):
            made[suffix] = k8s.apps.v1.Deployment(
                f"{name}-{suffix}",
                metadata=self._of(part, "metadata", _SKIP_AWAIT),
                spec=_field(self.pods, part, "spec"),
                opts=workload,
            )
        made["stable"] = self._service(
            f"{name}-stable",
            "stable_service",
            ResourceOptions.merge(opts, ResourceOptions(ignore_changes=["spec.selector"])),
        )
        return made

    def _make_rights(self, name: str, opts: ResourceOptions) -> dict[str, pulumi.CustomResource]:
        """What high availability may do; Kubernetes removes it along with the revision's Service.

        So lifecycle, which removes a revision, needs no rights on roles.
        """
        fixed = ResourceOptions(ignore_changes=["rules", "roleRef", "subjects"])
        opts = ResourceOptions.merge(opts, fixed)
        return {
            "role": k8s.rbac.v1.Role(
                f"{name}-role",
                metadata=self._owned("role"),
                rules=self._of("role", "rules"),
                opts=opts,
            ),
            "role_binding": k8s.rbac.v1.RoleBinding(
                f"{name}-role-binding",
                metadata=self._owned("role_binding"),
                role_ref=self._of("role_binding", "roleRef"),
                subjects=self._of("role_binding", "subjects"),
                opts=opts,
            ),
        }

    def _owned(self, part: str) -> Output[Any]:
        """The metadata of an object that ends with the revision's Service."""

        def owned(metadata: Mapping[str, Any], name: str, uid: str) -> dict[str, Any]:
            owner = {"apiVersion": "v1", "kind": "Service", "name": name, "uid": uid}
            return {**metadata, "ownerReferences": [owner]}

        uid = self.rest.metadata.apply(lambda metadata: metadata.get("uid"))
        return lifted(owned, self._of(part, "metadata"), self._name("rest_service"), uid)

    def _service(self, name: str, part: str, opts: ResourceOptions) -> "k8s.core.v1.Service":
        return k8s.core.v1.Service(
            name,
            metadata=self._of(part, "metadata", _SKIP_AWAIT),
            spec=self._of(part, "spec"),
            opts=opts,
        )

    def _make_config(self, name: str, opts: ResourceOptions) -> pulumi.CustomResource:
        if self.secret_config:
            return k8s.core.v1.Secret(
                f"{name}-config",
                metadata=self._of("config", "metadata"),
                string_data=_field(self.files, "config", "stringData"),
                opts=opts,
            )
        return k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata=self._of("config", "metadata"),
            data=_field(self.files, "config", "data"),
            opts=opts,
        )

    def _of(
        self, part: str, field: str, annotations: Mapping[str, str] | None = None
    ) -> Output[Any]:
        return _field(self.objects, part, field, annotations)


def availability_is_wished(values: Mapping[str, Any]) -> bool:
    """Whether objects for high availability are made; the spec says the same of resolved values."""
    wish = values.get("high_availability") or {}
    if values.get("service_account") or wish.get("enabled") is False:
        return False
    return bool(wish.get("storage_dir") or values.get("state_storage"))


def _is_secret(options: Any) -> bool:
    """An option looks like a secret, or none is known yet."""
    return is_unknown(options) or any(is_sensitive(str(option)) for option in options)


def _field(
    objects: Output[SessionClusterObjects],
    part: str,
    field: str,
    annotations: Mapping[str, str] | None = None,
) -> Output[Any]:
    """A field of a rendered object, with further annotations."""

    def pick(rendered: SessionClusterObjects) -> Any:
        value = getattr(rendered, part)[field]
        if annotations:
            value = {**value, "annotations": {**value["annotations"], **annotations}}
        return value

    return objects.apply(pick)


def _load(name: str, values: Mapping[str, Any]) -> SessionClusterSpec:
    try:
        return load(SessionClusterSpec, plain(values), checks=CHECKS)
    except SpecError as error:
        refuse(f"SessionCluster {name}", [hiding_secrets(problem) for problem in error.problems])
        raise
