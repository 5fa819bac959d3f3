"""Looks, without a lock and without changing anything, at what a change would do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flink_components.flink.errors import FlinkError
from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.adopting import to_adopt
from flink_components.lifecycle.errors import LifecycleError, Refused
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.left_checkpoints import with_left_checkpoint
from flink_components.lifecycle.observing import observe, with_scaling
from flink_components.lifecycle.wish import ApplicationWish, JobWish, Wish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.changes import Change, changes, of_application, plain
from flink_components.plan.decision import Action, Decision, Seen, Stop
from flink_components.plan.due import decide
from flink_components.plan.plan import Plan
from flink_components.plan.record import Adopted, Phase, Record, Run
from flink_components.spec.base import SpecError, load
from flink_components.spec.job import ClaimMode, SessionJobSpec

RUNS_ON = "RUNS ON"
WAITS = "RUNS ON, NOT STABLE YET"


def plan(
    shop: Workshop,
    wish: Wish,
    before: Mapping[str, Any] | None,
    previous_key: str | None = None,
    last: Run | None = None,
) -> Plan:
    """What `up` will do with the job. `before` are its inputs so far, None for a new one.

    `last` is what ran when Pulumi's state was written, for a ledger that someone deleted.
    A cluster that can't be reached makes the plan say what it can't say; it is not an error.
    """
    after = {**wish.spec.model_dump(mode="json"), "jar_content": wish.content}
    changed = changes(_complete(before), after) if before is not None else ()
    return _planned(shop, wish, changed, before is None, previous_key, last)


def plan_application(
    shop: Workshop,
    wish: ApplicationWish,
    declared: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    last: Run | None = None,
) -> Plan:
    """What `up` will do with an application; as `plan`.

    `declared` is all that is declared of it, `before` the same so far, None for a new one.
    """
    changed = changes(before, declared, of_application) if before is not None else ()
    return _planned(shop, wish, changed, before is None, None, last)


def _planned(
    shop: Workshop,
    wish: Wish | ApplicationWish,
    changed: tuple[Change, ...],
    new: bool,
    previous_key: str | None,
    last: Run | None,
) -> Plan:
    spec = wish.spec
    try:
        ledger = shop.ledger(spec.cluster.connection, spec.namespace, spec.key)
        record = ledger.read() or _record_before(ledger, previous_key)
    except (KubeError, AccessError) as error:
        return _unknown(wish, changed, new, f"the ledger can't be read: {error}")
    except LifecycleError as error:
        return Plan(spec.key, None, None, "REFUSED", changed, refused=str(error))
    deleted = last is not None and (record is None or record.run is None)
    if last is not None:
        record = (record or Record(key=spec.key)).remembering(last)
    record = record.foreseen() if record else None
    try:
        adopting = to_adopt(shop, ledger, wish, record) if isinstance(wish, Wish) else None
    except Refused as error:
        return Plan(spec.key, None, None, "REFUSED", changed, refused=str(error))
    except (FlinkError, KubeError, AccessError) as error:
        return _unknown(wish, changed, new, f"Flink can't be asked: {error}")
    record = adopting or record
    seen = observe(shop, record.run) if record and record.run else Seen(reached=True)
    seen = with_left_checkpoint(shop, spec, record, seen)
    if not seen.reached:
        return _unknown(wish, changed, new, f"Flink can't be asked: {seen.problem}")
    if isinstance(wish, Wish) and record and record.run and wish.only_scales(record.run):
        seen = with_scaling(shop, record.run, seen)
    decision = wish.numbered(decide(spec, wish.fingerprint, record, seen))
    found = _with_state(
        shop, wish, record, seen, decision, _describe(wish, changed, record, seen, decision)
    )
    if adopting is not None and adopting.adopted is not None:
        found = _with_adoption(found, adopting.adopted)
    if deleted:
        found = replace(found, unfinished="its ledger, which someone deleted, is made again")
    renamed = record is not None and record.key != spec.key
    return replace(found, why=found.why or f"it was {previous_key} so far") if renamed else found


def _record_before(ledger: Ledger[Record], previous_key: str | None) -> Record | None:
    """The record that a rename will give to the key."""
    if previous_key in (None, ledger.key):
        return None
    record = replace(ledger, key=previous_key).read()
    if record is None:
        raise Refused(
            f"previous_key {previous_key} has no ledger in namespace {ledger.namespace}: "
            f"mend it, or leave it out for a new job"
        )
    return record


def _complete(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Earlier inputs with their defaults, so that a default is no change."""
    given = {name: inputs[name] for name in SessionJobSpec.model_fields if name in inputs}
    try:
        spec = load(SessionJobSpec, plain(given)).model_dump(mode="json")
    except SpecError:
        return inputs
    return {**spec, "jar_content": inputs.get("jar_content")}


def _unknown(wish: JobWish, changed: tuple[Change, ...], new: bool, problem: str) -> Plan:
    headline = "STARTS" if new else "UNKNOWN"
    what = "whether there is a state to restore" if new else "what becomes of the job's state"
    return Plan(wish.spec.key, None, None, headline, changed, unknown=f"{what}, since {problem}")


def _describe(
    wish: JobWish,
    changed: tuple[Change, ...],
    record: Record | None,
    seen: Seen,
    decision: Decision,
) -> Plan:
    run = record.run if record else None
    return Plan(
        key=wish.spec.key,
        old_revision=run.revision if run else None,
        new_revision=decision.revision,
        headline=_headline(decision, run is None),
        changed=changed,
        restore=_restore(wish, decision, seen),
        why=decision.why if decision.action is not Action.REFUSE else "",
        refused=decision.why if decision.action is Action.REFUSE else None,
        unfinished=f"an earlier {record.open.what} is finished first"
        if record and record.open
        else "",
    )


def _with_state(
    shop: Workshop,
    wish: JobWish,
    record: Record | None,
    seen: Seen,
    decision: Decision,
    found: Plan,
) -> Plan:
    """What becomes of the state, and whether that is refused."""
    # A refresh needs none of this.
    from flink_components.lifecycle.judging import judged

    try:
        state = judged(shop, wish, record, decision, seen)
    except Refused as error:
        return replace(found, headline="REFUSED", restore="", why="", refused=str(error))
    if state is None:
        return found
    if state.refusal:
        refused = replace(found, headline="REFUSED", restore="", why="", state=state)
        return replace(refused, refused=state.refusal)
    kept = "WITH PART OF ITS STATE" if state.gives_up else "WITH ITS STATE"
    return replace(found, headline=found.headline.replace("WITH ITS STATE", kept), state=state)


def _with_adoption(plan: Plan, adopted: Adopted) -> Plan:
    """Before anything else that is declared is done to it, the job that runs is taken over."""
    waits = plan.headline in (RUNS_ON, WAITS)
    return replace(
        plan,
        headline="ADOPTS A RUNNING JOB" if waits else plan.headline,
        unfinished=f"adopts job {adopted.job_id} ({adopted.name}) without a restart",
    )


def _headline(decision: Decision, new: bool) -> str:
    if decision.gives_up_state and decision.action is not Action.STOP:
        return "RESTARTS, AND GIVES UP ITS STATE"
    match decision.action:
        case Action.REFUSE:
            return "REFUSED"
        case Action.NOTHING:
            return "STAYS DOWN" if decision.phase else RUNS_ON
        case Action.WAIT:
            return WAITS
        case Action.RESCALE:
            return "RESCALES IN PLACE"
        case Action.STOP:
            return _ending(decision)
        case Action.START:
            return "STARTS" if new else "STARTS AGAIN"
    return "RESTARTS WITH ITS STATE" if decision.stop is not Stop.CANCEL else "RESTARTS EMPTY"


def _restore(wish: JobWish, decision: Decision, seen: Seen) -> str:
    if decision.action in (Action.NOTHING, Action.WAIT, Action.REFUSE):
        return ""
    if decision.action is Action.RESCALE:
        return "its latest completed checkpoint, inside Flink: no savepoint is taken"
    if decision.restore is not None:
        return f"{decision.restore.path} ({decision.restore.kind}{_claimed(wish, decision)})"
    if decision.stop is Stop.SAVEPOINT:
        return (
            f"a savepoint taken by this up, {wish.spec.savepoint_format.value}, below "
            f"{wish.spec.savepoint_dir}/{wish.spec.key}/"
        )
    if decision.stop is Stop.LAST_STATE and seen.checkpoint is not None:
        return f"its latest completed checkpoint when it is cancelled (now {seen.checkpoint.path})"
    return "nothing, it starts empty"


def _ending(decision: Decision) -> str:
    kept = {Stop.SAVEPOINT: "WITH A SAVEPOINT", Stop.LAST_STATE: "WITH ITS LATEST CHECKPOINT"}
    if decision.phase is Phase.CANCELLED:
        return "IS CANCELLED"
    how = kept.get(decision.stop) if decision.stop else None
    return f"IS SUSPENDED {how}" if how else "IS SUSPENDED, AND GIVES UP ITS STATE"


def _claimed(wish: JobWish, decision: Decision) -> str:
    if decision.forced and wish.spec.claim_mode is ClaimMode.CLAIM:
        return "; CLAIM: Flink deletes it once later checkpoints have replaced it"
    return ""
