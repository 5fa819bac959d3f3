"""The dynamic provider of `JobSwitch`. Its module path and class name are in users' states."""

from typing import Any

from pulumi.dynamic import (
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from flink_components.lifecycle.application import ensure_application
from flink_components.lifecycle.wish import ApplicationWish
from flink_components.plan.changes import plain
from flink_components.plan.record import Record, Run
from flink_components.providers import process
from flink_components.providers.in_turn import in_turn
from flink_components.providers.standing import (
    AS_DECLARED,
    compared,
    left_unfinished,
    looked_at,
    refuse_to_leave,
    running,
    standing,
)
from flink_components.spec.application import ApplicationJobSpec
from flink_components.spec.base import load

INPUTS = (
    "key",
    "spec",
    "service_uid",
    "fingerprint",
    "revision",
    "task_managers",
    "job_managers",
    "ha",
    "stable_service",
    "urn",
    "stack",
    "drift",
    "fleet",
)
_SAME = ("fingerprint", "revision", "task_managers", "job_managers", "ha", "stable_service")


class JobSwitchProvider(ResourceProvider):
    """Lets a revision of an application run its job, in one step with the end of the one before."""

    serialize_as_secret_always = False

    @process.entry
    def check(self, _olds: Any, news: Any) -> CheckResult:
        """Nothing to refuse: the revision has checked the declaration."""
        return CheckResult({**news, "drift": AS_DECLARED}, [])

    @process.entry
    def diff(self, _id: str, _olds: Any, _news: Any) -> DiffResult:
        """Changed inputs, or a ledger that says that the job is not as it was declared."""
        if "spec" not in _news:  # what it is made of failed, and the engine goes on after errors
            return DiffResult(changes=None)
        changed = process.has_unknown(_news) or _declared(_olds) != _declared(_news)
        return compared(_olds, _news, changed, _left_unfinished)

    @process.entry
    def create(self, props: Any) -> CreateResult:
        """Runs the job and waits until it is stable; the id is the key."""
        with in_turn(props):
            record = ensure_application(
                process.workshop(props["urn"]), wish(props), stack=props["stack"]
            )
        return CreateResult(props["key"], outputs(props, record))

    @process.entry
    def update(self, _id: str, _olds: Any, _news: Any) -> UpdateResult:
        """Brings what runs to what is declared now, with its state."""
        with in_turn(_news):
            record = ensure_application(
                process.workshop(_news["urn"]),
                wish(_news),
                wish(_olds),
                last_run(_olds),
                _news["stack"],
            )
        return UpdateResult(outputs(_news, record))

    @process.entry
    def delete(self, _id: str, _props: Any) -> None:
        """The anchor, which is deleted after this, ends what runs, if its ledger is there."""
        spec = wish(_props).spec
        refuse_to_leave(process.workshop(_props["urn"]), spec, last_run(_props))

    @process.entry
    def read(self, id_: str, props: Any) -> ReadResult:
        """What became of the job; gone only where the ledger says that it was deleted."""
        spec = wish(props).spec
        found = looked_at(process.looking(props["urn"]), spec, props["fingerprint"], props["urn"])
        if found is None:
            return ReadResult("", {})
        record, drift = found
        outs = outputs({**props, "drift": drift}, record, drift)
        return ReadResult(id_, outs, {name: outs[name] for name in INPUTS if name in outs})


def outputs(props: Any, record: Record | None, drift: str = AS_DECLARED) -> dict[str, Any]:
    """The whole new state: the inputs, and what the ledger says of the run."""
    found = {**props, "drift": drift, **standing(record, drift), **running(record)}
    if record is not None and record.run is not None:
        found["active_revision"] = record.run.revision
    return found


def wish(props: Any) -> ApplicationWish:
    """What a life cycle call is asked for."""
    declared = plain(props["spec"])
    uid = plain(props.get("service_uid"))
    spec = load(
        ApplicationJobSpec, {**declared, "cluster": {**declared["cluster"], "uid": uid}}, "spec"
    )
    return ApplicationWish(
        spec=spec,
        fingerprint=props["fingerprint"],
        revision=int(props["revision"]),
        surge=spec.surge,
        task_managers=int(props["task_managers"]),
        job_managers=int(props["job_managers"]),
        stable_service=props["stable_service"],
        ha=bool(props["ha"]),
    )


def last_run(olds: Any) -> Run | None:
    """What ran when the state was written, for a ledger that was deleted by hand."""
    if not olds.get("job_id"):
        return None
    run = wish(olds).run(int(olds["active_revision"]), int(olds["attempt"]), olds["job_id"], 0.0)
    return run.model_copy(update={"restored_from": olds.get("restored_from") or None})


def _declared(props: Any) -> dict[str, Any]:
    """What is declared, without how its revision is reached: `revision` names that."""
    spec = {name: value for name, value in plain(props["spec"]).items() if name != "cluster"}
    return {**{name: plain(props.get(name)) for name in _SAME}, "spec": spec}


def _left_unfinished(olds: Any, news: Any) -> bool:
    cluster = wish(news).spec.cluster
    return left_unfinished(
        cluster.connection,
        cluster.namespace,
        news["key"],
        olds["fingerprint"],
        plain(olds["spec"]),
        news["urn"],
    )
