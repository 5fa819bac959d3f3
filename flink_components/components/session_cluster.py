"""A session cluster in standalone mode."""

from collections.abc import Mapping
from typing import Any

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
from flink_components.components.beforehand import (
    connection_problems,
    no_output,
    of_the_availability,
    of_the_policy,
)
from flink_components.components.cluster import Cluster
from flink_components.components.cluster_args import ClusterArgs
from flink_components.components.cluster_parts import Identity, Parts
from flink_components.components.environment import Environment
from flink_components.components.refusal import refuse
from flink_components.kube.objects.session_cluster import CHECKS, rest_endpoint
from flink_components.spec.base import Flag, Problem, SpecModel
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.merge import merged
from flink_components.spec.names import job_key
from flink_components.spec.quantity import Duration

_OWN = ("connection", "adopt", "ready_within")
_LIKE = "{'flink_version': '1.20.3'}"


class SessionClusterArgs(ClusterArgs, total=False):
    """Arguments of a SessionCluster. All but `namespace` and `flink_version` have a default."""

    key: Input[str]
    """Identity of the cluster; `<namespace>/<name>` by default."""
    task_manager: Input[Mapping[str, Any]]
    """`cpu`, `memory` (1728Mi), `replicas` (1), `slots` (1), and where the pods may run."""
    service_account: Input[str]
    """Name of an existing ServiceAccount; one is made by default, with rights only for HA."""
    savepoint_dir: Input[str]
    """Default directory of savepoints."""
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
        **of_the_policy(values),
        **of_the_availability(values),
    }
    outputs = [no_output(field) for field, value in plain_values.items() if has_unknown(value)]
    found = [*unknown, *known_problems(SessionClusterSpec, values, CHECKS), *outputs]
    return (
        found
        if outputs
        else [*found, *known_problems(_Own, own), *connection_problems(own["connection"])]
    )


def _layers(
    name: str, args: Mapping[str, Any], env: Environment | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments over the environment's: those of the spec, and those of the component."""
    values = {"name": name, **merged((env or Environment()).cluster_defaults(), args)}
    own = {key: values.pop(key, None) for key in _OWN}
    return values, own


class _Own(SpecModel):
    """The arguments that no object is made of; `connection` is checked by itself."""

    connection: Any = None
    adopt: Flag = False
    ready_within: Duration = Duration.parse("10 min")
