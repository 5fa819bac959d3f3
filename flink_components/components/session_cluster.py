"""A session cluster in standalone mode."""

from collections.abc import Mapping
from typing import Any, TypedDict

from pulumi import Input, Output, ResourceOptions

from flink_components.components.arguments import (
    claim_key,
    has_unknown,
    ignored,
    is_unknown,
    known_problems,
    lifted,
    named,
    refuse_positional,
)
from flink_components.components.cluster import Cluster
from flink_components.components.cluster_parts import Identity, Parts
from flink_components.components.environment import Environment
from flink_components.components.refusal import refuse
from flink_components.kube.objects.session_cluster import CHECKS, rest_endpoint
from flink_components.spec.base import Flag, Problem, SpecModel
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.connection import Connection
from flink_components.spec.errors import shown
from flink_components.spec.merge import merged
from flink_components.spec.names import job_key
from flink_components.spec.quantity import Duration

_OWN = ("connection", "adopt", "ready_within")
_LIKE = "{'flink_version': '1.20.3'}"


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
    """Name of an existing ServiceAccount; one is made by default, with rights only for HA."""
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
    state_storage: Mapping[str, Any]
    """One place for all state: `uri`, and `s3`, `gcs`, `azure` or `volume` to reach it."""
    high_availability: Mapping[str, Any]
    """`enabled` (where there is storage) and `storage_dir` (in state_storage)."""
    log4j: Input[str]
    """A whole log4j configuration in place of ours (to the console)."""
    read_only_root: Input[bool]
    """Whether the containers' root file system is read-only (default: yes)."""
    network_policy: Mapping[str, Any]
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


class SessionCluster(Cluster):
    """A Flink session cluster: JobManager, TaskManagers, Services, and what they need.

    A change that restarts pods makes a new revision beside the old one; jobs move to it, and the
    old one is removed when it is empty.
    """

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
        fixed = ignored(opts, SessionClusterSpec.model_fields)
        parts = Parts(self, Identity(name, key, values, self.connection, self), own, fixed)
        self.ref = parts.ref
        self.rest_endpoint = parts.public.apply(rest_endpoint)
        self.flink_version = parts.public.apply(lambda spec: spec.flink_version)
        self.slots_total = parts.public.apply(lambda spec: spec.slots_total)
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
    values, unknown = named(values, SessionClusterArgs)
    plain_values = {
        **own,
        "name": values["name"],
        **_of_the_policy(values),
        **_of_the_availability(values),
    }
    outputs = [_no_output(field) for field, value in plain_values.items() if has_unknown(value)]
    found = [*unknown, *known_problems(SessionClusterSpec, values, CHECKS), *outputs]
    return found if outputs else [*found, *known_problems(_Own, own), *_connection_problems(own)]


def _of_the_policy(values: Mapping[str, Any]) -> dict[str, Any]:
    """What decides whether there is a NetworkPolicy."""
    policy = values.get("network_policy")
    if isinstance(policy, Mapping):
        return {"network_policy.enabled": policy.get("enabled")}
    return {"network_policy": policy}


def _of_the_availability(values: Mapping[str, Any]) -> dict[str, Any]:
    """What decides whether there is a Role for high availability."""
    found = {"state_storage": values.get("state_storage")}
    found = {name: value for name, value in found.items() if is_unknown(value)}
    wish = values.get("high_availability")
    if isinstance(wish, Mapping):
        return {**found, "high_availability.enabled": wish.get("enabled")}
    return {**found, "high_availability": wish}


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
