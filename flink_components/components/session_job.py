"""A Flink job on a session cluster."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pulumi import Input, ResourceOptions

from flink_components.components.arguments import (
    claim_key,
    ignored,
    is_unknown,
    known_problems,
    lifted,
    named,
    refuse_positional,
    stack_name,
    urn_of,
)
from flink_components.components.cluster import Cluster
from flink_components.components.environment import Environment
from flink_components.components.fleet import Fleet, no_fleet
from flink_components.components.job_args import JobArgs
from flink_components.components.plan_hook import has_plan, plan_hooks
from flink_components.components.refusal import refuse
from flink_components.components.resources import Job, JobAnchor
from flink_components.components.running_job import RunningJob
from flink_components.plan.changes import plain
from flink_components.spec.base import Problem, load_known
from flink_components.spec.errors import shown
from flink_components.spec.job import AnchorSpec, SessionJobSpec
from flink_components.spec.merge import merged
from flink_components.spec.ref import ClusterRef, JobRef

_LIKE = "{'cluster': cluster, 'jar': 'build/job.jar'}"
_OWN = ("adopt", "previous_key")
_OF_THE_ANCHOR = tuple(set(AnchorSpec.model_fields) & set(SessionJobSpec.model_fields) - set(_OWN))


class SessionJobArgs(JobArgs, total=False):
    """Arguments of a SessionJob. `cluster` and `jar` are required."""

    cluster: "Cluster | Input[Mapping[str, Any]]"
    """The SessionCluster itself, or its `ref` (also from a StackReference)."""
    jar: Input[str]
    """A local path, https://… (with `jar_sha256`), s3://…, or local:///opt/flink/usrlib/x.jar."""
    jar_sha256: Input[str]
    """SHA-256 of the jar file, 64 hex digits."""
    config: Input[Mapping[str, Input[str | int | float | bool]]]
    """Flink options of this job alone (Flink 1.17 or later)."""
    preview_graph: Input[str]
    """cluster: without `job_graph` the cluster runs main for it, also in a preview."""
    adopt: "bool | JobRef | Mapping[str, Input[str]]"
    """A job that runs already, by its id or name; or True: one that another stack manages."""


class SessionJob(RunningJob):
    """One job on a session cluster, upgraded with its state."""

    def __init__(
        self,
        name: str,
        args: SessionJobArgs,
        opts: ResourceOptions | None = None,
        env: Environment | None = None,
    ) -> None:
        super().__init__("flink-components:index:SessionJob", name, None, opts)
        given = refuse_positional(f"SessionJob {name}", args, env, _LIKE)
        refuse(f"SessionJob {name}", job_problems(name, given, env))
        values, own = _layers(name, given, env)
        cluster, ref, key = own["cluster"], values["cluster"], values["key"]
        claim_key("SessionJob", key, name)

        after = [cluster] if isinstance(cluster, Cluster) else []
        fleet: Fleet | None = own["fleet"]
        place = fleet.place("SessionJob", name, self, opts) if fleet is not None else None
        urn, connection = urn_of(self), _connection(cluster, ref)
        anchor = JobAnchor(
            f"{name}-anchor",
            {
                **{field: values.get(field) for field in _OF_THE_ANCHOR},
                "connection": connection,
                "adopt": own["adopt"] or None,
                "previous_key": own["previous_key"],
                "stack": stack_name(),
                "urn": urn,
            },
            ResourceOptions(
                parent=self, depends_on=after, ignore_changes=ignored(opts, _OF_THE_ANCHOR)
            ),
        )
        props = {**values, "previous_key": own["previous_key"], "stack": stack_name(), "urn": urn}
        fixed = _ignored(opts)
        job = Job(
            f"{name}-job",
            {**props, "fleet": place.settings} if place else props,
            ResourceOptions(
                parent=self,
                depends_on=[anchor, *after, *(place.after if place else [])],
                hooks=plan_hooks(),
                ignore_changes=fixed,
            ),
        )
        has_plan(job)
        if place is not None:
            place.taken(job, props, ignores=bool(fixed))
        ref_of_job = {
            "key": key,
            "namespace": values["namespace"],
            "savepoint_dir": values.get("savepoint_dir"),
            "connection": connection or {},
        }
        self._show(ref_of_job, job, job.revision)


def job_problems(
    name: str, args: Mapping[str, Any], env: Environment | None = None
) -> list[Problem]:
    """What is wrong with the known arguments of a SessionJob, before it is made."""
    given, problems = named(_given(args, env), SessionJobArgs)
    problems += no_fleet(given.get("fleet"))
    values, own = _layers(name, given, None)
    from_the_cluster = [field for field in ("namespace", "key") if values[field] is None]
    problems += known_problems(SessionJobSpec, values)
    if any(own[field] is not None for field in _OWN):
        problems += [_or_a_job(p) for p in known_problems(AnchorSpec, own) if p.path in _OWN]
    cluster = values["cluster"]
    if cluster is not None and not is_unknown(cluster) and not isinstance(cluster, Mapping):
        problems = [_no_cluster(cluster), *(p for p in problems if p.path != "cluster")]
    return [problem for problem in problems if problem.path not in from_the_cluster]


def _layers(
    name: str, args: Mapping[str, Any], env: Environment | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments over the environment's: those of the spec, and those of the component.

    Of the latter, `cluster` is the cluster as it was given, maybe as a component.
    """
    values = _given(args, env)
    own: dict[str, Any] = {key: values.pop(key, None) for key in _OWN}
    if isinstance(own["adopt"], Mapping):
        values["adopt"], own["adopt"] = own["adopt"], None
    own["fleet"] = values.pop("fleet", None)
    own["cluster"] = cluster = values.get("cluster")
    ref: Any = cluster.ref if isinstance(cluster, Cluster) else cluster
    if is_unknown(ref) and ref is cluster:
        ref = lifted(lambda value: _checked_ref(name, value), ref)
    namespace = _namespace(cluster, ref)
    key = _key(name, values, namespace)
    values = {**values, "name": name, "namespace": namespace, "key": key, "cluster": ref}
    return values, own


def _given(args: Mapping[str, Any], env: Environment | None) -> dict[str, Any]:
    given = merged((env or Environment()).job_defaults(), args)
    adopt = given.get("adopt")
    if isinstance(adopt, JobRef):
        given["adopt"] = adopt.model_dump(exclude_none=True)
    return given


def _checked_ref(name: str, ref: Any) -> Any:
    """A reference out of an Output, such as one of a StackReference. Raises RunError."""
    if not isinstance(ref, Mapping):
        refuse(f"SessionJob {name}", [_no_cluster(ref)])
    found = load_known(ClusterRef, plain(ref), is_unknown)
    refuse(f"SessionJob {name}", [problem.under("cluster") for problem in found])
    return ref


def _or_a_job(problem: Problem) -> Problem:
    """The resources know `adopt` as a flag alone; a program may also name a job."""
    if problem.path != "adopt":
        return problem
    do = "write True, or JobRef(job_id='…') or JobRef(name='…') for a job that runs already"
    return replace(problem, what="must be true, false or a JobRef", do=do)


def _no_cluster(given: object) -> Problem:
    do = "give a SessionCluster, or its whole `ref` (of a StackReference: is the name right?)"
    return Problem("cluster", "is not a session cluster", shown(given), do)


def _ignored(opts: ResourceOptions | None) -> list[str]:
    """Whoever ignores where the jar comes from means the jar."""
    paths = ignored(opts, SessionJobSpec.model_fields)
    return [*paths, "jar_sha256", "jar_content"] if "jar" in paths else paths


def _namespace(cluster: object, ref: Any) -> Any:
    """The ledger lives where the cluster lives."""
    if isinstance(cluster, Cluster):
        return cluster.namespace
    if isinstance(ref, Mapping):
        return ref.get("namespace")
    return lifted(lambda value: value["namespace"], ref) if is_unknown(ref) else None


def _key(name: str, values: Mapping[str, Any], namespace: Any) -> Any:
    if values.get("key") is not None:
        return values["key"]
    if is_unknown(namespace):
        return lifted(lambda value: f"{value}/{name}", namespace)
    return f"{namespace}/{name}" if namespace else None


def _connection(cluster: object, ref: Any) -> Any:
    if isinstance(cluster, Cluster):
        return dict(cluster.connection)
    if isinstance(ref, Mapping):
        return ref.get("connection")
    return lifted(lambda value: value.get("connection") or {}, ref)
