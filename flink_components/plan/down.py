"""What is due for a job that has ended, by a step of ours or by something else."""

from dataclasses import replace

from flink_components.flink.answers import Checkpoint
from flink_components.plan.decision import Action, Decision, Seen
from flink_components.plan.origins import (
    age_of,
    age_problem,
    restore_point,
    start_from,
    started_from,
)
from flink_components.plan.record import Phase, Record, RestorePoint, Run
from flink_components.spec.job import JobSpec, UpgradeMode

ENDED_BY_US = (Phase.UPGRADING, Phase.SUSPENDED, Phase.FAILED, Phase.CANCELLED)
"""Phases of a job that is down since a step of ours has ended it."""


def after_its_end(
    spec: JobSpec,
    record: Record,
    run: Run,
    seen: Seen,
    same_program: bool,
    revision: int,
    forced: RestorePoint | None,
) -> Decision:
    """The start of a job that is down, or why there is none."""
    if forced is not None:
        return Decision(
            Action.START, revision, restore=forced, why="as restore_from says", forced=True
        )
    if record.phase in ENDED_BY_US:
        return start_from(spec, record.restore, revision, "")
    if _has_finished(record, seen):
        if same_program:
            return Decision(Action.NOTHING, revision, why="the job has finished its bounded work")
        return Decision(
            Action.START, revision, why="the job had finished its bounded work: it starts anew"
        )
    return _ended_by_another(spec, record, run, seen, same_program, revision)


def stays_down(spec: JobSpec, record: Record, run: Run, seen: Seen, phase: Phase) -> Decision:
    """Nothing is to be done with a job that is down and shall be, but to note what is left of it.

    `phase` is what the ledger says then.
    """
    if record.phase in ENDED_BY_US:
        return Decision(Action.NOTHING, run.revision, why="it is down", phase=phase)
    if _has_finished(record, seen):
        why = "the job has finished its bounded work"
        return Decision(Action.NOTHING, run.revision, why=why, phase=Phase.FINISHED)
    start = _ended_by_another(spec, record, run, seen, True, run.revision)
    if start.action is Action.REFUSE:
        return replace(start, action=Action.NOTHING, phase=Phase.LOST)
    return replace(start, action=Action.NOTHING, phase=phase)


def finished(record: Record, seen: Seen) -> bool:
    """It came to the end of its bounded work, and no step of ours has ended it."""
    return record.phase not in ENDED_BY_US and _has_finished(record, seen)


def _has_finished(record: Record, seen: Seen) -> bool:
    """It came to the end of its bounded input; a stop with a savepoint by hand is no such end."""
    if record.phase is Phase.FINISHED and seen.state is None:
        return True
    stopped_by_hand = seen.checkpoint is not None and seen.checkpoint.savepoint
    return seen.state == "FINISHED" and not stopped_by_hand


def _ended_by_another(
    spec: JobSpec, record: Record, run: Run, seen: Seen, same_program: bool, revision: int
) -> Decision:
    """It failed, was cancelled by hand, or its JobManager forgot it: not by a step of ours."""
    what = f"is {seen.state}" if seen.state else "is not known to its JobManager"
    if seen.gone:
        what = "is lost with its cluster"
    if run.stateless:
        return Decision(Action.START, revision, why=f"the job {what}, and it is stateless")
    if seen.checkpoint is not None:
        refused = _not_from_a_checkpoint(spec, seen, seen.checkpoint, same_program)
        if refused:
            return Decision(Action.REFUSE, revision, why=f"the job {what}, {refused}")
        point = restore_point(seen.checkpoint, run)
        found = (
            f", found on its storage and {age_of(seen, seen.checkpoint)} old"
            if seen.on_storage
            else ""
        )
        why = f"the job {what}: it goes on from its latest {point.kind}{found}"
        return start_from(spec, point, revision, why)
    if seen.state is not None and seen.completed == 0:
        return start_from(
            spec,
            started_from(record, run, seen),
            revision,
            f"the job {what} and has completed no checkpoint: it goes on from what it started from",
        )
    known = f" The last recorded point is {record.restore.path}." if record.restore else ""
    problem = f" ({seen.problem})" if seen.problem else ""
    return Decision(
        Action.REFUSE,
        revision,
        why=f"the job {what}, and where its latest checkpoint is can't be asked any more{problem}: "
        f"look below the checkpoint directory for {run.job_id}/chk-N/_metadata and set "
        f"restore_from to the highest.{known}",
    )


def _not_from_a_checkpoint(
    spec: JobSpec, seen: Seen, checkpoint: Checkpoint, same_program: bool
) -> str:
    """Why the job may not go on from the checkpoint that it has left; "" where it may."""
    if checkpoint.savepoint:
        return ""
    may_be_older = spec.upgrade_mode is UpgradeMode.LAST_STATE or spec.fallback is not None
    if seen.on_storage and not may_be_older:
        return (
            f"and its latest checkpoint on the storage is {checkpoint.path}, "
            f"{age_of(seen, checkpoint)} old: "
            f'choose upgrade_mode="last_state" to go on from it, or set restore_from'
        )
    if not same_program and spec.upgrade_mode is UpgradeMode.SAVEPOINT and spec.fallback is None:
        return (
            f"so it can't take a savepoint for the upgrade: choose "
            f'upgrade_mode="last_state" to go on from {checkpoint.path}'
        )
    too_old = age_problem(spec, seen)
    return f"and {too_old}: set restore_from to go on from it all the same" if too_old else ""
