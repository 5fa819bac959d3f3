"""A session cluster in standalone mode."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions

from flink_components.components.arguments import (
    claim_key,
    has_unknown,
    is_unknown,
    known_problems,
    lifted,
    named,
    refuse_positional,
    stack_name,
    urn_of,
)
from flink_components.components.environment import Environment
from flink_components.components.refusal import refuse
from flink_components.components.resources import ClusterAnchor, ClusterSwitch, Revision
from flink_components.kube.objects.session_cluster import (
    CHECKS,
    SessionClusterObjects,
    cluster_ref,
    names,
    render,
    rest_endpoint,
)
from flink_components.plan.changes import plain
from flink_components.spec.base import Flag, Problem, SpecError, SpecModel, load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.connection import Connection
from flink_components.spec.errors import hiding_secrets, is_sensitive, shown
from flink_components.spec.merge import merged
from flink_components.spec.names import job_key
from flink_components.spec.quantity import Duration

_OWN = ("connection", "adopt", "ready_within")
# Whole properties: where a path leads into one, the engine would make the next revision with the
# old value of that path, since it resets it in the program's own value.
_OF_A_REVISION = ["data", "stringData", "spec"]
_LIKE = "{'flink_version': '1.20.3'}"
_SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}


class SessionClusterArgs(TypedDict, total=False):
    """Arguments of a SessionCluster. All but `namespace` and `flink_version` have a default."""

    namespace: Input[str]
    """Kubernetes namespace, which must exist."""
    name: str
    """What its Kubernetes objects are called; by default as the component is."""
    flink_version: Input[str]
    """Flink version, such as 1.20.3."""
    key: Input[str]
    """Identity of the cluster; `<namespace>/<name>` by default."""
    image: Input[str]
    """Container image; `flink:<flink_version>` by default."""
    image_pull_policy: Input[str]
    """Always, IfNotPresent (default) or Never."""
    image_pull_secrets: Input[list[Input[str]]]
    """Names of Secrets with registry credentials."""
    config: Input[Mapping[str, Input[str | int | float | bool]]]
    """Flink options; those of the environment stay below them."""
    plugins: Input[list[Input[str]]]
    """Built-in plugins of the image to switch on, such as flink-s3-fs-hadoop."""
    job_manager: Input[Mapping[str, Any]]
    """`cpu`, `cpu_limit`, `memory` (1600Mi), `replicas` (1), and where the pod may run."""
    task_manager: Input[Mapping[str, Any]]
    """`cpu`, `memory` (1728Mi), `replicas` (1), `slots` (1), and where the pods may run."""
    service_account: Input[str]
    """Name of an existing ServiceAccount; one without rights is made by default."""
    service_account_annotations: Input[Mapping[str, Input[str]]]
    """Annotations of the one that is made, for a cloud identity."""
    labels: Input[Mapping[str, Input[str]]]
    """Labels of every object."""
    annotations: Input[Mapping[str, Input[str]]]
    """Annotations of every object."""
    env: Input[list[Mapping[str, Any]]]
    """Environment variables: `name` with `value` or `value_from`."""
    volumes: Input[list[Mapping[str, Any]]]
    """Kubernetes volumes of the pods."""
    volume_mounts: Input[list[Mapping[str, Any]]]
    """Kubernetes volume mounts of the Flink containers."""
    savepoint_dir: Input[str]
    """Default directory of savepoints."""
    checkpoint_dir: Input[str]
    """Directory of checkpoints."""
    log4j: Input[str]
    """A whole log4j configuration in place of ours (to the console)."""
    read_only_root: Input[bool]
    """Whether the containers' root file system is read-only (default: yes)."""
    network_policy: Input[Mapping[str, Any]]
    """Who may reach the pods; the RPC ports are closed to strangers by default."""
    node_selector: Input[Mapping[str, Input[str]]]
    """Labels of the nodes that may be used."""
    tolerations: Input[list[Mapping[str, Any]]]
    """Kubernetes tolerations."""
    affinity: Input[Mapping[str, Any]]
    """Kubernetes affinity."""
    topology_spread_constraints: Input[list[Mapping[str, Any]]]
    """Kubernetes topology spread constraints."""
    priority_class_name: Input[str]
    """Kubernetes priority class."""
    termination_grace: Input[str]
    """How long a pod may take to end."""
    connection: Mapping[str, str]
    """How the API server is reached from here: `kubeconfig`, `context`. Ambient by default."""
    adopt: bool
    """Take over a cluster that another stack manages."""
    ready_within: str
    """How long a new revision may take until its slots have registered (10 min)."""


class SessionCluster(pulumi.ComponentResource):
    """A Flink session cluster: JobManager, TaskManagers, Services, and what they need.

    A change that restarts pods makes a new revision beside the old one; jobs move to it, and the
    old one is removed when it is empty.
    """

    ref: Output[dict[str, Any]]
    """A ClusterRef: plain JSON, for `SessionJob(cluster=…)` also in another stack."""
    rest_endpoint: Output[str]
    """URL of Flink's REST API inside Kubernetes, the same for all revisions."""
    flink_version: Output[str]
    """The Flink version."""
    slots_total: Output[int]
    """Task slots in all."""

    def __init__(
        self,
        name: str,
        args: SessionClusterArgs | None = None,
        opts: ResourceOptions | None = None,
        env: Environment | None = None,
    ) -> None:
        super().__init__("flink-components:index:SessionCluster", name, None, opts)
        given = refuse_positional(
            f"SessionCluster {name}", {} if args is None else args, env, _LIKE
        )
        refuse(f"SessionCluster {name}", cluster_problems(name, given, env))
        values, own = _layers(name, given, env)
        namespace: Any = values.get("namespace")
        key = values.get("key") or lifted(lambda value: job_key(value, values["name"]), namespace)
        if not is_unknown(namespace):
            key = values.get("key") or job_key(namespace, values["name"])
        claim_key("SessionCluster", key, name)

        self.namespace = namespace
        self.connection = own["connection"] or {}
        parts = _Parts(self, _Identity(name, key, values, self.connection, self), own)
        self.ref = parts.ref
        self.rest_endpoint = parts.spec.apply(rest_endpoint)
        self.flink_version = parts.spec.apply(lambda spec: spec.flink_version)
        self.slots_total = parts.spec.apply(lambda spec: spec.slots_total)
        self.register_outputs(
            {
                "ref": self.ref,
                "rest_endpoint": self.rest_endpoint,
                "flink_version": self.flink_version,
                "slots_total": self.slots_total,
            }
        )


def cluster_problems(
    name: str, args: Mapping[str, Any], env: Environment | None = None
) -> list[Problem]:
    """What is wrong with the known arguments of a SessionCluster, before it is made."""
    values, own = _layers(name, args, env)
    values, unknown = named(values, tuple(SessionClusterArgs.__annotations__))
    plain_values = {**own, "name": values["name"]}
    outputs = [_no_output(field) for field, value in plain_values.items() if has_unknown(value)]
    found = [*unknown, *known_problems(SessionClusterSpec, values, CHECKS), *outputs]
    return found if outputs else [*found, *known_problems(_Own, own), *_connection_problems(own)]


def _no_output(field: str) -> Problem:
    return Problem(field, "can't be an Output", do="give a plain value: it is needed beforehand")


def _connection_problems(own: Mapping[str, Any]) -> list[Problem]:
    connection = own["connection"] or {}
    if not isinstance(connection, Mapping):
        do = "write it like {'kubeconfig': '~/.kube/config', 'context': 'prod'}"
        return [Problem("connection", "must be a mapping", shown(connection), do)]
    problems = known_problems(Connection, connection) or _rest_url(connection)
    return [problem.under("connection") for problem in problems]


def _layers(
    name: str, args: Mapping[str, Any], env: Environment | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments over the environment's: those of the spec, and those of the component."""
    values = {"name": name, **merged((env or Environment()).cluster_defaults(), args)}
    own = {key: values.pop(key, None) for key in _OWN}
    return values, own


def _rest_url(connection: Mapping[str, Any]) -> list[Problem]:
    if not connection.get("rest_url"):
        return []
    what = "can't be set for a cluster that is made here"
    return [Problem("rest_url", what, do="remove it: it is for jobs on a cluster that exists")]


class _Own(SpecModel):
    """The arguments that no object is made of; `connection` is checked by itself."""

    connection: Any = None
    adopt: Flag = False
    ready_within: Duration = Duration.parse("10 min")


class _Identity:
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


class _Parts:
    """The children of a SessionCluster, in the order in which they are made."""

    def __init__(self, cluster: SessionCluster, given: _Identity, own: Mapping[str, Any]) -> None:
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
            parent,
        )
        revision = Revision(
            f"{name}-revision",
            {**given.common, "spec": values},
            ResourceOptions.merge(parent, ResourceOptions(depends_on=[anchor])),
        )
        self.spec: Output[SessionClusterSpec] = Output.from_input(values).apply(
            lambda known: _load(name, known)
        )
        self.number: Output[int] = revision.number.apply(int)
        self.objects = lifted(render, self.spec, self.number)
        after = ResourceOptions.merge(parent, ResourceOptions(depends_on=[revision]))
        made = self._make(name, values, after)
        uid = self.rest.metadata.apply(lambda metadata: metadata.get("uid"))
        self.switch = ClusterSwitch(
            f"{name}-switch",
            {
                **given.common,
                "name": values["name"],
                "flink_version": values["flink_version"],
                "revision": self.number,
                "service": self._name("rest_service"),
                "service_uid": uid,
                "stable_service": self._name("stable_service"),
                "task_manager": self._name("task_manager"),
                "replicas": self.spec.apply(lambda spec: spec.task_manager.replicas),
                "slots": self.spec.apply(lambda spec: spec.slots_total),
                "ready_within": own["ready_within"] or "10 min",
            },
            ResourceOptions.merge(parent, ResourceOptions(depends_on=list(made.values()))),
        )
        self.ref = lifted(
            lambda spec, number, uid, _: cluster_ref(
                spec, number, load(Connection, given.connection), uid
            ).to_json(),
            self.spec,
            self.number,
            uid,
            self.switch.urn,
        )

    def _name(self, part: str) -> Output[str]:
        def name(spec: SessionClusterSpec, number: int) -> str:
            return str(getattr(names(spec, number), part))

        return lifted(name, self.spec, self.number)

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
        made["config"] = self._make_config(name, values, revision)
        self.rest = made["rest"] = self._service(f"{name}-rest", "rest_service", revision)
        made["rpc"] = self._service(f"{name}-rpc", "rpc_service", revision)
        workload = ResourceOptions.merge(revision, ResourceOptions(depends_on=list(made.values())))
        for part, suffix in (("job_manager", "jobmanager"), ("task_manager", "taskmanager")):
            made[suffix] = k8s.apps.v1.Deployment(
                f"{name}-{suffix}",
                metadata=self._of(part, "metadata", _SKIP_AWAIT),
                spec=self._of(part, "spec"),
                opts=workload,
            )
        made["stable"] = self._service(
            f"{name}-stable",
            "stable_service",
            ResourceOptions.merge(opts, ResourceOptions(ignore_changes=["spec.selector"])),
        )
        return made

    def _service(self, name: str, part: str, opts: ResourceOptions) -> "k8s.core.v1.Service":
        return k8s.core.v1.Service(
            name,
            metadata=self._of(part, "metadata", _SKIP_AWAIT),
            spec=self._of(part, "spec"),
            opts=opts,
        )

    def _make_config(
        self, name: str, values: Mapping[str, Any], opts: ResourceOptions
    ) -> pulumi.CustomResource:
        """A Secret where an option looks like one."""
        options = values.get("config") or {}
        if not is_unknown(options) and any(is_sensitive(str(option)) for option in options):
            return k8s.core.v1.Secret(
                f"{name}-config",
                metadata=self._of("config", "metadata"),
                string_data=self._of("config", "stringData"),
                opts=opts,
            )
        return k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata=self._of("config", "metadata"),
            data=self._of("config", "data"),
            opts=opts,
        )

    def _of(
        self, part: str, field: str, annotations: Mapping[str, str] | None = None
    ) -> Output[Any]:
        """A field of a rendered object, with further annotations."""

        def pick(objects: SessionClusterObjects) -> Any:
            value = getattr(objects, part)[field]
            if annotations:
                value = {**value, "annotations": {**value["annotations"], **annotations}}
            return value

        return self.objects.apply(pick)


def _load(name: str, values: Mapping[str, Any]) -> SessionClusterSpec:
    try:
        return load(SessionClusterSpec, plain(values), checks=CHECKS)
    except SpecError as error:
        refuse(f"SessionCluster {name}", [hiding_secrets(problem) for problem in error.problems])
        raise
