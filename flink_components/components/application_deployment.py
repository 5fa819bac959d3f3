"""A Flink job on a cluster of its own."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

from flink_components.components.application_parts import Parts
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
from flink_components.components.beforehand import connection_problems, no_output, of_the_policy
from flink_components.components.cluster_args import ClusterArgs
from flink_components.components.cluster_parts import Identity
from flink_components.components.environment import Environment, savepoints_in
from flink_components.components.fleet import no_fleet
from flink_components.components.job_args import JobArgs
from flink_components.components.refusal import refuse
from flink_components.components.running_job import RunningJob
from flink_components.guard import jar
from flink_components.java import JavaPartMissing
from flink_components.kube.objects.application import CHECKS, rest_endpoint
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import Flag, Problem, SpecModel
from flink_components.spec.merge import merged
from flink_components.spec.names import Key, job_key

_OWN = ("connection", "adopt", "previous_key", "fleet")
_LIKE = "{'image': 'acme/fraud:4.2.0', 'jar': 'local:///opt/flink/usrlib/fraud.jar'}"


class ApplicationDeploymentArgs(ClusterArgs, JobArgs, total=False):
    """Arguments of an ApplicationDeployment. `namespace`, `flink_version` and `jar` are required.

    `image` is where the jar is in the image; `savepoint_dir` for upgrade_mode savepoint.
    """

    jar: Input[str]
    """local:///opt/flink/usrlib/x.jar in the image, https://… (with `jar_sha256`) or s3://…."""
    jar_sha256: Input[str]
    """SHA-256 of the jar file, 64 hex digits."""
    task_manager: Input[Mapping[str, Any]]
    """`cpu`, `memory` (1728Mi), `slots` (1), `replicas` (what the parallelism needs), …"""
    service_account: Input[str]
    """Name of an existing ServiceAccount; one is made by default. It may use the job's ledger."""
    surge: Input[bool]
    """Whether new TaskManagers start beside the old ones in an upgrade (default: yes)."""
    cleanup: Input[str]
    """on_finish (default: the pods of a job that has finished are removed) or keep."""
    ready_within: Input[str]
    """How long a new revision's pods may take until they wait for the job (10 min)."""
    adopt: bool
    """Take over a job that another stack manages."""


class ApplicationDeployment(RunningJob):
    """One job in Flink's application mode, on pods of its own, upgraded with its state.

    A change that restarts the job makes a new revision beside the old one. Its pods wait until
    the old job has stopped with a savepoint, and go on from there; the old ones go on if they
    don't become stable.
    """

    rest_endpoint: Output[str]
    """URL of Flink's REST API inside Kubernetes, the same for all revisions."""
    flink_version: Output[str]
    """The Flink version."""

    def __init__(
        self,
        name: str,
        args: ApplicationDeploymentArgs,
        opts: ResourceOptions | None = None,
        env: Environment | None = None,
    ) -> None:
        super().__init__("flink-components:index:ApplicationDeployment", name, None, opts)
        what = f"ApplicationDeployment {name}"
        given = refuse_positional(what, args, env, _LIKE)
        refuse(what, application_problems(name, given, env))
        values, own = _layers(name, given, env)
        claim_key("ApplicationDeployment", values["key"], name)

        connection = own["connection"] or {}
        fixed = ignored(opts, ApplicationSpec.model_fields)
        identity = Identity(name, values["key"], values, connection, self)
        fleet = own["fleet"]
        place = fleet.place("ApplicationDeployment", name, self, opts) if fleet else None
        parts = Parts(self, identity, own, fixed, _guard(what), place)
        ref = {
            "key": values["key"],
            "namespace": values["namespace"],
            "savepoint_dir": values.get("savepoint_dir"),
            "connection": dict(connection),
        }
        self._show(
            ref,
            parts.switch,
            parts.switch.active_revision,
            rest_endpoint=parts.public.apply(rest_endpoint),
            flink_version=parts.public.apply(lambda spec: spec.flink_version),
        )


def application_problems(
    name: str, args: Mapping[str, Any], env: Environment | None = None
) -> list[Problem]:
    """What is wrong with the known arguments of an ApplicationDeployment, before it is made."""
    values, own = _layers(name, args, env)
    of_the_fleet = no_fleet(own.pop("fleet"))
    values, unknown = named(values, ApplicationDeploymentArgs)
    beforehand = {
        "connection": own["connection"],
        "adopt": own["adopt"],
        "name": values["name"],
        **of_the_policy(values),
    }
    outputs = [no_output(field) for field, value in beforehand.items() if has_unknown(value)]
    problems = known_problems(ApplicationSpec, values, CHECKS)
    if values["key"] is None:
        problems = [problem for problem in problems if problem.path != "key"]
    found = [*unknown, *problems, *of_the_fleet, *outputs]
    if outputs:
        return found
    return [*found, *known_problems(_Own, own), *connection_problems(own["connection"])]


def _layers(
    name: str, args: Mapping[str, Any], env: Environment | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments over the environment's: those of the spec, and those of the component."""
    values = {"name": name, **merged((env or Environment()).application_defaults(), args)}
    own = {field: values.pop(field, None) for field in _OWN}
    if values.get("savepoint_dir") is None:
        values["savepoint_dir"] = savepoints_in(values.get("state_storage"))
    if values.get("key") is None:
        values["key"] = _key(values.get("namespace"), values["name"])
    return values, own


def _key(namespace: Any, name: Any) -> Any:
    """None where there is no namespace; a name that is an Output is refused."""
    if is_unknown(namespace):
        return lifted(job_key, namespace, name)
    known = isinstance(namespace, str) and isinstance(name, str)
    return job_key(namespace, name) if known else None


def _guard(what: str) -> bytes:
    """The agent of the JobManager. Raises RunError where the package was not built."""
    try:
        return jar()
    except JavaPartMissing as error:
        raise pulumi.RunError(f"{what}: {error}") from None


class _Own(SpecModel):
    """The arguments that no object is made of; `connection` is checked by itself."""

    connection: Any = None
    adopt: Flag = False
    previous_key: Key | None = None
