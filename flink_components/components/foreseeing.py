"""What `up` will do with a job, by the inputs of the resource that stands for it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flink_components.flink.jar import JarError, content
from flink_components.kube.objects.application import cluster_ref, names
from flink_components.lifecycle.planning import plan, plan_application
from flink_components.lifecycle.session_job import Wish
from flink_components.lifecycle.wish import ApplicationWish, JobWish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.changes import plain
from flink_components.plan.plan import Plan
from flink_components.plan.room import Batch, Needs
from flink_components.providers import fields, job_switch, session_job
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import SpecError, load
from flink_components.spec.cluster import JobManagerSpec, WorkerSpec
from flink_components.spec.connection import Connection
from flink_components.spec.errors import is_sensitive, join_path, key_path
from flink_components.spec.job import SessionJobSpec

Inputs = Mapping[str, Any]
Foreseen = Callable[[Workshop], Plan]

_SCALED = ("job_manager", "task_manager")


def wish_of(kind: str, inputs: Inputs) -> JobWish | None:
    """What is declared by these inputs; kind: `job` or `application`."""
    return _wish(inputs) if kind == "job" else _application_wish(_application(inputs), inputs)


def job(new: Inputs, before: Inputs | None, outputs: Inputs | None) -> Foreseen | None:
    """Of a session job; None while something of it is not known."""
    wish = _wish(new)
    if wish is None:
        return None
    old = plain(before) if before is not None else None
    last = session_job.last_run(outputs) if outputs is not None else None
    return lambda shop: plan(shop, wish, old, new.get("previous_key"), last)


def application(new: Inputs, before: Inputs | None, _: Inputs | None) -> Foreseen | None:
    """Of an application, by its revision; None while something of it is not known."""
    spec = _application(new)
    wish = _application_wish(spec, new)
    if spec is None or wish is None:
        return None
    earlier = _application(before) if before is not None else None
    old = _declared(earlier) if earlier is not None else before
    declared = _declared(spec)
    sensitive = [field for field in {**declared, **(old or {})} if is_sensitive(field)]
    pods_of = partial(_pods, spec)
    return lambda shop: plan_application(shop, wish, declared, old, None, pods_of).hiding(sensitive)


def switch(new: Inputs, before: Inputs | None, outputs: Inputs | None) -> Foreseen | None:
    """Of an application whose declaration is as before: what runs may not be."""
    if not fields.known(new, *job_switch.INPUTS):
        return None
    declared = plain(new["spec"])
    old = plain(before["spec"]) if before is not None else None
    last = job_switch.last_run(outputs) if outputs is not None else None
    return lambda shop: plan_application(shop, job_switch.wish(new), declared, old, last)


def _wish(inputs: Inputs) -> Wish | None:
    """The declared session job, or None while something of it is not known."""
    try:
        spec = fields.spec(SessionJobSpec, inputs)
        return Wish(spec, inputs.get("jar_content") or content(spec.jar, spec.jar_sha256))
    except (SpecError, JarError):
        return None


def _application_wish(spec: ApplicationSpec | None, inputs: Inputs) -> ApplicationWish | None:
    if spec is None or inputs.get("number") is None:
        return None
    number = int(inputs["number"])
    connection = load(Connection, plain(inputs.get("connection") or {}))
    return ApplicationWish(
        spec=spec.job(cluster_ref(spec, number, connection)),
        fingerprint=inputs["fingerprint"],
        revision=number,
        task_managers=spec.task_managers,
        job_managers=spec.job_manager.replicas,
        stable_service=names(spec.name, number).stable_service,
        ha=spec.high_availability_kind is not None,
        surge=spec.surge,
    )


def _application(inputs: Inputs) -> ApplicationSpec | None:
    try:
        return fields.spec(ApplicationSpec, inputs)
    except SpecError:
        return None


def _pods(spec: ApplicationSpec, task_managers: int) -> tuple[Batch, ...]:
    """The pods of a revision with so many TaskManagers."""
    return (
        _batch(spec, spec.job_manager, "JobManager", spec.job_manager.replicas),
        _batch(spec, spec.task_manager, "TaskManager", task_managers),
    )


def _batch(
    spec: ApplicationSpec, role: JobManagerSpec | WorkerSpec, name: str, count: int
) -> Batch:
    limited = role.cpu_limit.millicores if role.cpu_limit is not None else None
    selector, tolerations = (
        role.node_selector if role.node_selector is not None else spec.node_selector,
        role.tolerations if role.tolerations is not None else spec.tolerations,
    )
    return Batch(
        name=name,
        count=count,
        each=Needs(1, role.cpu.millicores, role.memory.bytes, limited),
        node_selector=selector or {},
        tolerations=tolerations or (),
    )


def _declared(spec: ApplicationSpec) -> dict[str, Any]:
    """All that is declared, with defaults, each option and variable by its name.

    What is scaled in place has a field of its own.
    """
    declared = spec.model_dump(mode="json", exclude_none=True)
    for role in _SCALED:
        declared[f"{role}.replicas"] = declared[role].pop("replicas", None)
    for option, value in declared.pop("config").items():
        declared[join_path("config", key_path(option))] = value
    for variable in declared.pop("env"):
        declared[join_path("env", key_path(variable.pop("name")))] = variable
    return declared
