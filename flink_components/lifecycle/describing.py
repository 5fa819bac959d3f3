"""A decision as a plan: in words for a person, and in terms that can be compared."""

from collections.abc import Mapping
from typing import Any

from flink_components.lifecycle.wish import ApplicationWish, JobWish
from flink_components.plan.changes import Change, same_cluster
from flink_components.plan.decision import Action, Decision, Seen, Stop
from flink_components.plan.origins import age_of
from flink_components.plan.outcome import Does, RestoreKind
from flink_components.plan.plan import Origin, Plan
from flink_components.plan.record import Phase, Record
from flink_components.spec.job import ClaimMode, WantedState

RUNS_ON = "RUNS ON"
WAITS = "RUNS ON, NOT STABLE YET"

_STARTS = (Action.START, Action.RESTART)
_BEGUN = (Phase.UPGRADING, Phase.FAILED)
"""Phases in which an earlier call has stopped the job, and nothing runs in its place."""
_KINDS = {
    "savepoint": RestoreKind.SAVEPOINT,
    "checkpoint": RestoreKind.CHECKPOINT,
    "given": RestoreKind.GIVEN,
}
_TAKEN = {
    Stop.SAVEPOINT: RestoreKind.NEW_SAVEPOINT,
    Stop.LAST_STATE: RestoreKind.LATEST_CHECKPOINT,
}
_THAT = {
    RestoreKind.NEW_SAVEPOINT: "that savepoint",
    RestoreKind.SAVEPOINT: "that savepoint",
    RestoreKind.LATEST_CHECKPOINT: "that checkpoint",
    RestoreKind.CHECKPOINT: "that checkpoint",
    RestoreKind.GIVEN: "that snapshot",
}


def describe(
    wish: JobWish,
    changed: tuple[Change, ...],
    record: Record | None,
    seen: Seen,
    decision: Decision,
    before: Mapping[str, Any] | None,
) -> Plan:
    """The plan of a decision, without the state. `before` is what was declared, if anything was."""
    run = record.run if record else None
    does, headline = _headline(decision, run is None)
    restarts = decision.action is Action.RESTART
    return Plan(
        key=wish.spec.key,
        old_revision=run.revision if run else None,
        new_revision=decision.revision,
        headline=headline,
        changed=changed,
        restore=_restore(wish, decision, seen),
        why=decision.why if decision.action is not Action.REFUSE else "",
        refused=decision.why if decision.action is Action.REFUSE else None,
        unfinished=f"an earlier {record.open.what} is finished first"
        if record and record.open
        else "",
        does=does,
        origin=_origin(decision, seen),
        if_it_fails=_if_it_fails(wish, decision, seen, run.revision if run else None),
        down=record.downs if record and restarts else (),
        stable=_stable(wish, decision),
        way_back=_way_back(wish, record, decision, None if seen.gone else before),
        order=_order(wish, decision),
        begun=record is not None and record.phase in _BEGUN,
    )


def _headline(decision: Decision, new: bool) -> tuple[Does, str]:
    if decision.gives_up_state and decision.action is not Action.STOP:
        return Does.GIVES_UP, "RESTARTS, AND GIVES UP ITS STATE"
    match decision.action:
        case Action.REFUSE:
            return Does.REFUSED, "REFUSED"
        case Action.NOTHING if decision.phase:
            return Does.STAYS_DOWN, "STAYS DOWN"
        case Action.NOTHING:
            return Does.NOTHING, RUNS_ON
        case Action.WAIT:
            return Does.WAITS, WAITS
        case Action.RESCALE:
            return Does.RESCALES, "RESCALES IN PLACE"
        case Action.STOP:
            return _ending(decision)
        case Action.START:
            return (Does.STARTS, "STARTS") if new else (Does.STARTS_AGAIN, "STARTS AGAIN")
    if decision.stop is Stop.CANCEL:
        return Does.RESTARTS_EMPTY, "RESTARTS EMPTY"
    return Does.RESTARTS, "RESTARTS WITH ITS STATE"


def _ending(decision: Decision) -> tuple[Does, str]:
    kept = {Stop.SAVEPOINT: "WITH A SAVEPOINT", Stop.LAST_STATE: "WITH ITS LATEST CHECKPOINT"}
    if decision.phase is Phase.CANCELLED:
        return Does.CANCELS, "IS CANCELLED"
    how = kept.get(decision.stop) if decision.stop else None
    return Does.SUSPENDS, f"IS SUSPENDED {how}" if how else "IS SUSPENDED, AND GIVES UP ITS STATE"


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


def _claimed(wish: JobWish, decision: Decision) -> str:
    if decision.forced and wish.spec.claim_mode is ClaimMode.CLAIM:
        return "; CLAIM: Flink deletes it once later checkpoints have replaced it"
    return ""


def _origin(decision: Decision, seen: Seen) -> Origin:
    """The same as a value. Of what is yet to be taken, the latest checkpoint tells the size."""
    if decision.action in (Action.NOTHING, Action.WAIT, Action.REFUSE):
        return Origin()
    point, latest = decision.restore, seen.checkpoint
    if point is not None:
        return Origin(_KINDS[point.kind], point.path, point.size, point.at or None)
    kind = RestoreKind.NOTHING
    if decision.stop is not None:
        kind = _TAKEN.get(decision.stop, kind)
    if decision.action is Action.RESCALE:
        kind = RestoreKind.INSIDE_FLINK
    if kind is RestoreKind.NOTHING or latest is None:
        return Origin(kind)
    if kind is RestoreKind.NEW_SAVEPOINT:
        return Origin(kind, size=latest.size)
    return Origin(kind, latest.path, latest.size, latest.at_ms / 1000)


def _if_it_fails(wish: JobWish, decision: Decision, seen: Seen, old: int | None) -> str:
    """What happens where the savepoint can't be taken."""
    if decision.stop is not Stop.SAVEPOINT:
        return ""
    if wish.spec.fallback is None:
        return f"r{old} runs on"
    latest = seen.checkpoint
    now = ""
    if latest is not None and not latest.savepoint:
        name = latest.path.rstrip("/").rpartition("/")[2]
        now = f", now {name} ({age_of(seen, latest)} old)"
    does = "it is suspended with" if decision.action is Action.STOP else "it goes on from"
    return f"{does} its latest checkpoint{now}"


def _stable(wish: JobWish, decision: Decision) -> str:
    if decision.action is Action.RESCALE:
        found = "every task RUNNING at the new parallelism, 1 checkpoint"
    elif decision.action in _STARTS:
        that = _THAT.get(_restored(decision))
        restored = f"restored = {that}, " if that else ""
        found = f"every task RUNNING, {restored}1 checkpoint if checkpointing is on"
    else:
        return ""
    return f"{found}; limit {wish.spec.deadlines.stable}"


def _restored(decision: Decision) -> RestoreKind:
    if decision.restore is not None:
        return _KINDS[decision.restore.kind]
    return _TAKEN.get(decision.stop, RestoreKind.NOTHING) if decision.stop else RestoreKind.NOTHING


def _way_back(
    wish: JobWish, record: Record | None, decision: Decision, before: Mapping[str, Any] | None
) -> str:
    """What runs where the new attempt does not become stable, as `lifecycle.way_back` has it."""
    if decision.action is Action.RESCALE:
        return "the parallelism that it had"
    if decision.action not in _STARTS:
        return ""
    kept = _kept(record, decision)
    if record is None or not _leads_back(wish, record, decision, before):
        left = f"the next up goes on from {kept}" if kept else "has no state yet"
        return f"it stays down, and {left}"
    stable = record.stable.revision if record.stable else 0
    origin = f"from {kept}" if kept else "empty"
    return f"r{stable} again {origin}, unless r{decision.revision} has completed a checkpoint"


def _kept(record: Record | None, decision: Decision) -> str:
    """What the ledger knows as the job's latest state once the old attempt is stopped."""
    taken = _TAKEN.get(decision.stop) if decision.stop else None
    if taken is not None:
        of_the_stop = {
            RestoreKind.NEW_SAVEPOINT: "the savepoint of its stop",
            RestoreKind.LATEST_CHECKPOINT: "its latest checkpoint",
        }
        return of_the_stop[taken] if decision.forced else _THAT[taken]
    if decision.restore is not None and not decision.forced:
        return _THAT[_KINDS[decision.restore.kind]]
    known = record.restore if record else None
    return known.path if known and not decision.gives_up_state else ""


def _leads_back(
    wish: JobWish, record: Record, decision: Decision, before: Mapping[str, Any] | None
) -> bool:
    stable, run = record.stable, record.run
    if stable is None or run is None or not _ran(wish, before):
        return False
    moved = not same_cluster(stable.cluster, wish.spec.cluster.to_json())
    if wish.fingerprint == stable.fingerprint and not moved and not decision.forced:
        return False
    if decision.action is Action.RESTART:
        return run.revision == stable.revision or decision.gives_up_state
    point = decision.restore
    return point is None or decision.forced or point.revision in (None, stable.revision)


def _ran(wish: JobWish, before: Mapping[str, Any] | None) -> bool:
    """It was declared to run; that of an application stands in the ledger alone, too."""
    if before is None:
        return isinstance(wish, ApplicationWish)
    return (before.get("state") or WantedState.RUNNING.value) == WantedState.RUNNING.value


def _order(wish: JobWish, decision: Decision) -> tuple[str, ...]:
    """The steps, in their order."""
    stop = (decision.stop.value,) if decision.stop else ()
    if decision.action is Action.STOP:
        return stop
    if decision.action is Action.RESCALE:
        return ("rescale", "stable")
    if decision.action not in _STARTS:
        return ()
    if not isinstance(wish, ApplicationWish):
        return (*stop, "start", "stable")
    if wish.surge:
        return ("new pods", *stop, "start", "stable", "remove old pods")
    return ("new JobManager", *stop, "scale old pods down", "start", "stable", "remove old pods")
