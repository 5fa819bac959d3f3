"""What is to be done with a job: a pure function of the wish, the ledger and what was seen."""

from dataclasses import dataclass
from enum import Enum

from flink_components.flink.answers import ENDED, Checkpoint, same_path
from flink_components.plan.changes import same_cluster
from flink_components.plan.record import RUNS, Phase, Record, RestorePoint, Run
from flink_components.spec.job import SessionJobSpec, UpgradeMode


class Action(str, Enum):
    """The step that is due."""

    NOTHING = "nothing"
    WAIT = "wait until stable"
    START = "start"
    RESTART = "restart"
    REFUSE = "refuse"


class Stop(str, Enum):
    """How the job that runs is stopped."""

    SAVEPOINT = "stop with a savepoint"
    LAST_STATE = "cancel, and go on from the latest completed checkpoint"
    CANCEL = "cancel, and give up its state"


@dataclass(frozen=True)
class Seen:
    """What the cluster says about the ledger's active job.

    `state` is Flink's, or None where the JobManager does not know the job; `reached` is False
    where nobody answered, and the rest then says nothing. `checkpoint` is the latest completed
    one that a cancel keeps; `completed` how many the job has completed, kept or not; `restored`
    what it says it was restored from.
    """

    reached: bool
    state: str | None = None
    checkpoint: Checkpoint | None = None
    completed: int = 0
    restored: str | None = None
    problem: str = ""

    @property
    def active(self) -> bool:
        """The job has not ended."""
        return self.reached and self.state is not None and self.state not in ENDED


@dataclass(frozen=True)
class Decision:
    """What is due: the action, how to stop, where to start from, and in words why.

    `restore` is None for an empty start and where the stop makes the restore point.
    `revision` is the number that the job has afterwards.
    """

    action: Action
    revision: int
    stop: Stop | None = None
    restore: RestorePoint | None = None
    why: str = ""
    forced: bool = False
    gives_up_state: bool = False


def decide(spec: SessionJobSpec, fingerprint: str, record: Record | None, seen: Seen) -> Decision:
    """The step that is due for `spec`, whose program has `fingerprint`.

    `seen` is about `record.run`; it does not matter where there is none.
    """
    run = record.run if record else None
    if record is None or run is None:
        return _first_start(spec, record, seen)
    revision = run.revision if run.fingerprint == fingerprint else run.revision + 1
    if not seen.reached:
        return Decision(
            Action.REFUSE,
            revision,
            why=f"the cluster of the job can't be reached, so nobody knows whether "
            f"{run.job_id} runs: {seen.problem}",
        )
    forced = _forced_restore(spec, record, seen)
    same = (
        run.fingerprint == fingerprint
        and same_cluster(run.cluster, spec.cluster.to_json())
        and forced is None
    )
    if seen.active:
        return _job_runs(spec, record, run, seen, same, revision, forced)
    return _job_ended(spec, record, run, seen, same, revision, forced)


def _forced_restore(spec: SessionJobSpec, record: Record | None, seen: Seen) -> RestorePoint | None:
    """A `restore_from` that was not honoured yet, and from which nothing runs or has run."""
    wanted = spec.restore_from
    if wanted is None or (record and wanted == record.restored_by_hand):
        return None
    has_run = seen.active or seen.completed > 0
    run = record.run if record and record.phase in RUNS else None
    if has_run and run and run.restored_from == wanted:
        return None
    return RestorePoint(path=wanted, kind="given", at=0.0)


def _first_start(spec: SessionJobSpec, record: Record | None, seen: Seen) -> Decision:
    revision = 1
    forced = _forced_restore(spec, record, seen)
    if forced is not None:
        return Decision(
            Action.START, revision, restore=forced, why="as restore_from says", forced=True
        )
    return _start_from(spec, record.restore if record else None, revision, "")


def _start_from(
    spec: SessionJobSpec, restore: RestorePoint | None, revision: int, why: str
) -> Decision:
    """A start that is never empty in silence."""
    if restore is None:
        return Decision(Action.START, revision, why=why or "no state is known")
    if spec.upgrade_mode is not UpgradeMode.STATELESS:
        return Decision(
            Action.START, revision, restore=restore, why=why or "the ledger knows this point"
        )
    if spec.accepts_all_loss is None:
        return Decision(Action.REFUSE, revision, why=_loss(spec, f"the state in {restore.path}"))
    return Decision(Action.START, revision, why=why, gives_up_state=True)


def _loss(spec: SessionJobSpec, what: str) -> str:
    version = spec.version or "VERSION"
    return (
        f"{what} would be lost with upgrade_mode stateless: choose savepoint, or accept it once "
        f'with version="{version}" and accept=[StateLoss(operator="*", version="{version}", '
        f'reason="…")]'
    )


def _job_runs(
    spec: SessionJobSpec,
    record: Record,
    run: Run,
    seen: Seen,
    same: bool,
    revision: int,
    forced: RestorePoint | None,
) -> Decision:
    if same:
        stable = record.phase in (Phase.STABLE, Phase.ROLLED_BACK)
        return Decision(Action.NOTHING if stable else Action.WAIT, revision)
    if spec.upgrade_mode is UpgradeMode.STATELESS:
        if not run.stateless and spec.accepts_all_loss is None:
            return Decision(Action.REFUSE, revision, why=_loss(spec, "the state of the job"))
        return Decision(
            Action.RESTART,
            revision,
            stop=Stop.CANCEL,
            restore=forced,
            forced=forced is not None,
            gives_up_state=not run.stateless,
        )
    if spec.upgrade_mode is UpgradeMode.LAST_STATE:
        if seen.checkpoint is None and forced is None:
            return Decision(
                Action.REFUSE,
                revision,
                why="the job has no completed checkpoint that outlives a cancel: wait for one, "
                "set execution.checkpointing.externalized-checkpoint-retention: "
                "RETAIN_ON_CANCELLATION, or choose upgrade_mode savepoint",
            )
        return Decision(
            Action.RESTART,
            revision,
            stop=Stop.LAST_STATE,
            restore=forced,
            forced=forced is not None,
        )
    if seen.state != "RUNNING":
        return Decision(
            Action.REFUSE,
            revision,
            why=f"the job is {seen.state}, so it can't take a savepoint: mend it, or choose "
            f'upgrade_mode="last_state" to go on from its latest completed checkpoint',
        )
    return Decision(
        Action.RESTART, revision, stop=Stop.SAVEPOINT, restore=forced, forced=forced is not None
    )


def _job_ended(
    spec: SessionJobSpec,
    record: Record,
    run: Run,
    seen: Seen,
    same: bool,
    revision: int,
    forced: RestorePoint | None,
) -> Decision:
    if forced is not None:
        return Decision(
            Action.START, revision, restore=forced, why="as restore_from says", forced=True
        )
    if record.phase in (Phase.UPGRADING, Phase.SUSPENDED, Phase.FAILED, Phase.CANCELLED):
        return _start_from(spec, record.restore, revision, "")
    stopped_by_hand = seen.checkpoint is not None and seen.checkpoint.savepoint
    if seen.state == "FINISHED" and not stopped_by_hand:
        if same:
            return Decision(Action.NOTHING, revision, why="the job has finished its bounded work")
        return Decision(
            Action.START, revision, why="the job had finished its bounded work: it starts anew"
        )
    return _job_ended_by_another(spec, record, run, seen, same, revision)


def _started_from(record: Record, run: Run, seen: Seen) -> RestorePoint | None:
    """All the state there is of a job that has completed no checkpoint."""
    known = record.restore
    path = seen.restored or (known.path if known else run.restored_from)
    if path is None or (known and same_path(known.path, path)):
        return known
    return RestorePoint(path=path, kind="given", at=run.submitted_at)


def _job_ended_by_another(
    spec: SessionJobSpec, record: Record, run: Run, seen: Seen, same: bool, revision: int
) -> Decision:
    """It failed, was cancelled by hand, or its JobManager forgot it: not by a step of ours."""
    what = "is not known to its JobManager" if seen.state is None else f"is {seen.state}"
    if run.stateless:
        return Decision(Action.START, revision, why=f"the job {what}, and it is stateless")
    if seen.checkpoint is not None:
        is_checkpoint = not seen.checkpoint.savepoint
        if not same and is_checkpoint and spec.upgrade_mode is UpgradeMode.SAVEPOINT:
            return Decision(
                Action.REFUSE,
                revision,
                why=f"the job {what}, so it can't take a savepoint for the upgrade: choose "
                f'upgrade_mode="last_state" to go on from {seen.checkpoint.path}',
            )
        point = RestorePoint(
            path=seen.checkpoint.path,
            kind="savepoint" if seen.checkpoint.savepoint else "checkpoint",
            at=seen.checkpoint.at_ms / 1000,
            job_id=run.job_id,
            revision=run.revision,
            attempt=run.attempt,
            size=seen.checkpoint.size,
        )
        return _start_from(
            spec, point, revision, f"the job {what}: it goes on from its latest {point.kind}"
        )
    if seen.state is not None and seen.completed == 0:
        return _start_from(
            spec,
            _started_from(record, run, seen),
            revision,
            f"the job {what} and has completed no checkpoint: it goes on from what it started from",
        )
    known = f" The last recorded point is {record.restore.path}." if record.restore else ""
    return Decision(
        Action.REFUSE,
        revision,
        why=f"the job {what}, and where its latest checkpoint is can't be asked any more: look "
        f"below the checkpoint directory for {run.job_id}/chk-N/_metadata and set restore_from "
        f"to the highest.{known}",
    )
