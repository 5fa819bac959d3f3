"""The children of a SessionCluster."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

from flink_components.components.arguments import lifted, stack_name, urn_of
from flink_components.components.drawn import (
    Drawn,
    after,
    has_policy,
    is_secret,
    of_a_revision,
)
from flink_components.components.refusal import refuse
from flink_components.components.resources import ClusterAnchor, ClusterSwitch, Revision
from flink_components.kube.objects.rendering import leader_of
from flink_components.kube.objects.session_cluster import (
    CHECKS,
    cluster_ref,
    names,
    render,
)
from flink_components.plan.changes import plain
from flink_components.spec.base import SpecError, load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.connection import Connection
from flink_components.spec.errors import hiding_secrets


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
        secret = is_secret(values.get("config") or {})
        without_files = self._public(values, "config", "log4j")
        self.drawn = Drawn(
            lifted(render, public, self.number, secret),
            lifted(render, without_files, self.number, secret),
            lifted(render, self.spec, self.number, secret),
            secret,
        )
        made = self._make(name, values, after(parent, [revision]))
        self.switch = ClusterSwitch(
            f"{name}-switch",
            {
                **given.common,
                "name": values["name"],
                "flink_version": public.apply(lambda spec: spec.flink_version),
                "revision": self.number,
                "service": self._name("rest_service"),
                "service_uid": self._uid,
                "stable_service": self._name("stable_service"),
                "task_manager": self._name("task_manager"),
                "replicas": public.apply(lambda spec: spec.task_manager.replicas),
                "slots": public.apply(lambda spec: spec.slots_total),
                "leader": lifted(leader_of, public, self.number),
                "ready_within": own["ready_within"] or "10 min",
            },
            after(parent, list(made.values())),
        )
        self.ref = lifted(
            lambda spec, number, uid, _: cluster_ref(
                spec, number, load(Connection, given.connection), uid
            ).to_json(),
            public,
            self.number,
            self._uid,
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
        drawn, revision = self.drawn, of_a_revision(opts)
        made: dict[str, pulumi.CustomResource] = {}
        if not values.get("service_account"):
            made["account"] = drawn.service_account(name, opts)
        if has_policy(values):
            made["policy"] = drawn.network_policy(name, opts)
        made["config"] = drawn.config(name, revision)
        rest = made["rest"] = drawn.service(f"{name}-rest", "rest_service", revision)
        self._uid = rest.metadata.apply(lambda metadata: metadata.get("uid"))
        made["rpc"] = drawn.service(f"{name}-rpc", "rpc_service", revision)
        if availability_is_wished(values):
            made |= drawn.rights(name, revision, self._uid)
        made |= drawn.deployments(name, after(revision, list(made.values())))
        made["stable"] = drawn.stable_service(name, opts)
        return made


def availability_is_wished(values: Mapping[str, Any]) -> bool:
    """Whether objects for high availability are made; the spec says the same of resolved values."""
    wish = values.get("high_availability") or {}
    if values.get("service_account") or wish.get("enabled") is False:
        return False
    return bool(wish.get("storage_dir") or values.get("state_storage"))


def _load(name: str, values: Mapping[str, Any]) -> SessionClusterSpec:
    try:
        return load(SessionClusterSpec, plain(values), checks=CHECKS)
    except SpecError as error:
        refuse(f"SessionCluster {name}", [hiding_secrets(problem) for problem in error.problems])
        raise
