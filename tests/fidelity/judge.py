"""Whether what came of a change is what its plan has said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from examples.jobs.jars import build
from flink_components.flink.answers import same_path
from flink_components.flink.jar import content
from flink_components.flink.metadata.reading import read_snapshot
from flink_components.plan.decision import Stop
from flink_components.plan.outcome import Does, RestoreKind
from flink_components.plan.record import Phase, Record
from flink_components.plan.state.verdict import Verdict
from tests.fidelity.ground import Scene
from tests.fidelity.subject import Step

_NOTHING = {Does.NOTHING, Does.WAITS, Does.STAYS_DOWN}
_STARTS = {
    Does.STARTS,
    Does.STARTS_AGAIN,
    Does.RESTARTS,
    Does.RESTARTS_EMPTY,
    Does.GIVES_UP,
}
WENT_BACK = "failed, and the old one runs again"
WENT_DOWN = "failed, and stays down"
RUNS_ON_FAILED = "failed, and runs on"
NOT_BEGUN = "refused by its dry run"

_LOST_STATE = ("no operator for the state", "Cannot map", "cannot be mapped")
_OTHER_TYPES = ("must not be incompatible", "must be compatible")
_NOT_SEEN = ("Cannot find checkpoint",)
_BROKEN = {"fails-in-main"}
_NO_SUCH_CLASS = "org.acme.Missing"
_GOES_BACK = re.compile(r"^r(\d+) again ")


def foretold(step: Step) -> str:
    """What the plan says that happens, in a word."""
    return "nothing" if step.plan.does in _NOTHING else step.plan.does.value


def observed(step: Step) -> str:
    """What happened, in the same words, or in those for a failure."""
    before, after = step.before, step.after
    if step.error:
        return _failure(step)
    if before.running == after.running:
        if before.running is not None and before.parallelism != after.parallelism:
            return Does.RESCALES.value
        return "nothing"
    if after.running is None:
        cancelled = after.record is not None and after.record.phase is Phase.CANCELLED
        return (Does.CANCELS if cancelled else Does.SUSPENDS).value
    if _gave_up(before, after):
        return Does.GIVES_UP.value
    if before.running is None:
        ran = before.record is not None and before.record.run is not None
        return (Does.STARTS_AGAIN if ran else Does.STARTS).value
    return (Does.RESTARTS if after.restored else Does.RESTARTS_EMPTY).value


def _gave_up(before: Scene, after: Scene) -> bool:
    """The whole of its state, by an acceptance that is new."""
    known = before.record.accepted if before.record else ()
    now = after.record.accepted if after.record else ()
    new = [loss for loss in now if loss not in known]
    return after.restored is None and any(loss.operator == "*" for loss in new)


def _failure(step: Step) -> str:
    before, after = step.before, step.after
    tried = _attempts(after.record) > _attempts(before.record)
    if before.running == after.running and not tried:
        return NOT_BEGUN if "can't start, and nothing was changed" in step.error else "refused"
    if after.running is None:
        return WENT_DOWN
    phase = after.record.phase if after.record else None
    return WENT_BACK if phase is Phase.ROLLED_BACK else RUNS_ON_FAILED


def _attempts(record: Record | None) -> int:
    return record.attempts if record else 0


def problems(step: Step) -> list[str]:
    """What the plan said otherwise than it came, a line each."""
    what = foretold(step)
    if step.error and what != "refused":
        return [*_of_a_failure(step)]
    if what != observed(step):
        return [f"foretold: {what}; observed: {observed(step)}"]
    if step.error:
        return [*_untouched(step)]
    return [
        *_of_the_job(step),
        *_of_the_restore_point(step),
        *_of_the_operators(step),
        *_of_savepoints(step),
        *_of_jars(step),
        *_of_the_history(step),
    ]


# -- a change that is carried out ----------------------------------------------------------------


def _of_the_job(step: Step) -> Iterator[str]:
    plan, before, after = step.plan, step.before.record, _record(step.after)
    restarts = plan.does in _STARTS
    if (step.before.running != step.after.running) is not (
        restarts or plan.does in (Does.SUSPENDS, Does.CANCELS)
    ):
        yield "the id of the job is not as it was foretold"
    attempts = after.attempts - _attempts(before)
    if attempts != int(restarts):
        yield f"{attempts} attempts more, and {int(restarts)} was foretold"
    if after.run is not None and after.run.revision != plan.new_revision:
        yield f"revision {after.run.revision}, and {plan.new_revision} was foretold"
    if before is not None and before.run and before.run.revision != plan.old_revision:
        yield f"it was revision {before.run.revision}, and the plan says {plan.old_revision}"
    if step.after.running and step.after.on != step.values["on"]:
        yield f"it runs on {step.after.on}"


def _of_the_restore_point(step: Step) -> Iterator[str]:
    origin, restored = step.plan.origin, step.after.restored
    if step.plan.does not in _STARTS:
        return
    new = step.after.savepoints - step.before.savepoints
    match origin.kind:
        case RestoreKind.NOTHING:
            right = restored is None
        case RestoreKind.NEW_SAVEPOINT:
            right = any(same_path(str(restored), path) for path in new)
        case RestoreKind.LATEST_CHECKPOINT:
            right = _no_older(str(restored), str(origin.path))
        case _:
            right = restored is not None and same_path(restored, str(origin.path))
    if not right:
        yield f"restored {restored}, and {origin.kind.value} {origin.path or ''} was foretold"


def _no_older(restored: str, known: str) -> bool:
    """A checkpoint of the same job, that one or a later; or a savepoint that is later than it."""
    one, other = (re.fullmatch(r"(.*)/chk-(\d+)/?", path) for path in (restored, known))
    if one is None or other is None:
        return same_path(restored, known)
    return same_path(one[1], other[1]) and int(one[2]) >= int(other[2])


def _of_the_operators(step: Step) -> Iterator[str]:
    """Those that the plan says find their state, and those that it says lose it."""
    verdict = step.state.verdict if step.state else None
    if verdict is None or verdict.verdict is Verdict.UNKNOWN or step.after.restored is None:
        return
    stored = {one.id for one in read_snapshot(step.after.restored).operators if one.stateful}
    taken, lost = {one.stored_as for one in verdict.matched}, {one.id for one in verdict.dropped}
    if any(doubt.startswith("state that r") for doubt in verdict.unproven):
        # what the revision that runs has added is not foretold
        stored = {one for one in stored if one in taken | lost}
    if taken != stored - step.skipped:
        yield f"Flink restored {stored - step.skipped}, and {taken} was foretold"
    if lost != stored & step.skipped:
        yield f"Flink left {stored & step.skipped} behind, and {lost} was foretold"


def _of_savepoints(step: Step) -> Iterator[str]:
    """One is taken where the plan says so, and none is removed but by the retention."""
    new = step.after.savepoints - step.before.savepoints
    foreseen = int(Stop.SAVEPOINT.value in step.plan.order)
    if len(new) != foreseen:
        yield f"{len(new)} savepoints more, and {foreseen} was foretold"
    gone = step.before.savepoints - step.after.savepoints
    if "keep_savepoints" not in step.values and gone:
        yield f"savepoints are gone, and all are to be kept: {sorted(gone)}"
    in_use = [path for path in gone if _in_use(_record(step.after), path)]
    if in_use:
        yield f"savepoints are gone from which the job has started, or would: {in_use}"


def too_many_kept(step: Step, taken: list[str]) -> list[str]:
    """Savepoints of our own stops that the retention was to remove; `taken`: all, oldest first."""
    kept = (step.values.get("keep_savepoints") or {}).get("count")
    if kept is None or step.error:
        return []
    ours = {point.path for point in step.points if point.ours}
    left = [path for path in taken if path in step.after.savepoints and _among(path, ours)]
    return [path for path in left[:-kept] if not _in_use(_record(step.after), path)]


def _among(path: str, others: set[str]) -> bool:
    return any(same_path(path, other) for other in others)


def _in_use(record: Record, path: str) -> bool:
    used = [run.restored_from for run in (record.run, record.stable) if run]
    used += [record.restore.path] if record.restore else []
    return any(one and same_path(one, path) for one in used)


def _of_jars(step: Step) -> Iterator[str]:
    """The jar of the job that runs is on its cluster, and no other one anywhere."""
    after = step.after
    jar = content(str(build()[step.values["jar"]]))
    for name, jars in after.jars.items():
        wanted = {jar} if after.running and name == after.on else set()
        if jars != wanted:
            yield f"the jars on {name} are {set(jars)}, not {wanted}"


def _of_the_history(step: Step) -> Iterator[str]:
    """Each savepoint that a stop has taken is in it."""
    for path in step.after.savepoints - step.before.savepoints:
        if not any(same_path(point.path, path) for point in step.points):
            yield f"the history does not have {path}"


# -- a change that is refused, or fails ----------------------------------------------------------


def _untouched(step: Step) -> Iterator[str]:
    before, after = step.before, step.after
    for name in ("running", "on", "parallelism", "savepoints", "jars"):
        if getattr(before, name) != getattr(after, name):
            yield f"it was refused, and {name} was {getattr(before, name)}"
    old, new = before.record, after.record
    if old is not None and (old.run, old.attempts) != (_record(after).run, new and new.attempts):
        yield "it was refused, and the ledger has another run"


def _of_a_failure(step: Step) -> Iterator[str]:
    """It is one that the plan could not know of, and what came of it is what the plan says."""
    what = observed(step)
    if not _excused(step):
        yield f"foretold: {foretold(step)}; it failed: {step.error}"
    if what in (NOT_BEGUN, "refused"):
        yield from _untouched(step)
        return
    back = _GOES_BACK.match(step.plan.way_back)
    if (back is not None) is not (what == WENT_BACK):
        yield f"else {step.plan.way_back!r} was foretold; observed: {what}"
    run = _record(step.after).run
    if back and run and run.revision != int(back[1]):
        yield f"revision {run.revision} runs again, and {back[1]} was foretold"
    for name, jars in step.after.jars.items():
        # one that is down keeps its jar for the next try
        wanted = {run.jar} if run and run.cluster["name"] == name else set()
        if jars != wanted:
            yield f"the jars on {name} are {set(jars)}, not {wanted}"


def _excused(step: Step) -> bool:
    """For what a preview does not look at: programs are not run, types of state not compared."""
    if step.values["jar"] in _BROKEN or step.values.get("entry_class") == _NO_SUCH_CLASS:
        return True
    verdict = step.state.verdict if step.state else None
    causes: tuple[str, ...] = _OTHER_TYPES
    if verdict is None or verdict.verdict is Verdict.UNKNOWN:
        causes += _LOST_STATE + _NOT_SEEN
    return any(cause in step.error for cause in causes)


def _record(scene: Scene) -> Record:
    assert scene.record is not None
    return scene.record
