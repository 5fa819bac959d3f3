"""From which snapshot a job may start: never from nothing, or from an old one, in silence."""

from flink_components.flink.answers import Checkpoint, same_path
from flink_components.plan.decision import Action, Decision, Seen
from flink_components.plan.record import RUNS, Record, RestorePoint, Run
from flink_components.spec.job import JobSpec, UpgradeMode
from flink_components.spec.quantity import Duration


def asked_for(spec: JobSpec, record: Record | None, seen: Seen) -> RestorePoint | None:
    """A `restore_from` that was not honoured yet, and from which nothing runs or has run."""
    wanted = spec.restore_from
    if wanted is None or (record and wanted == record.restored_by_hand):
        return None
    has_run = seen.active or seen.completed > 0
    run = record.run if record and record.phase in RUNS else None
    if has_run and run and run.asked_from == wanted:
        return None
    return RestorePoint(path=wanted, kind="given", at=0.0)


def start_from(spec: JobSpec, restore: RestorePoint | None, revision: int, why: str) -> Decision:
    """A start that is never empty in silence."""
    if restore is None:
        return Decision(Action.START, revision, why=why or "no state is known")
    if spec.upgrade_mode is not UpgradeMode.STATELESS:
        return Decision(
            Action.START, revision, restore=restore, why=why or "the ledger knows this point"
        )
    if spec.accepts_all_loss is None:
        return Decision(Action.REFUSE, revision, why=loss(spec, f"the state in {restore.path}"))
    return Decision(Action.START, revision, why=why, gives_up_state=True)


def loss(spec: JobSpec, what: str) -> str:
    """Why a stateless start is refused, with the line that accepts the loss."""
    version = spec.version or "VERSION"
    return (
        f"{what} would be lost with upgrade_mode stateless: choose savepoint, or accept it once "
        f'with version="{version}" and accept=[StateLoss(operator="*", version="{version}", '
        f'reason="…")]'
    )


def age_problem(spec: JobSpec, seen: Seen) -> str:
    """What is wrong with the age of the latest checkpoint; "" where nothing is."""
    if spec.max_restore_age is None or seen.checkpoint is None or seen.checkpoint.savepoint:
        return ""
    if _age(seen, seen.checkpoint) <= spec.max_restore_age.seconds:
        return ""
    return (
        f"the latest completed checkpoint {seen.checkpoint.path} is "
        f"{age_of(seen, seen.checkpoint)} old, and max_restore_age is {spec.max_restore_age}"
    )


def age_of(seen: Seen, checkpoint: Checkpoint) -> Duration:
    """How old the checkpoint was when it was looked, in whole seconds."""
    return Duration(max(int(_age(seen, checkpoint)), 0) * 1000)


def _age(seen: Seen, checkpoint: Checkpoint) -> float:
    return seen.at - checkpoint.at_ms / 1000


def started_from(record: Record, run: Run, seen: Seen) -> RestorePoint | None:
    """All the state there is of a job that has completed no checkpoint."""
    known = record.restore
    path = seen.restored or (known.path if known else run.restored_from)
    if path is None or (known and same_path(known.path, path)):
        return known
    return RestorePoint(path=path, kind="given", at=run.submitted_at)


def restore_point(checkpoint: Checkpoint, run: Run) -> RestorePoint:
    """A checkpoint of a run as a point from which the job can go on."""
    return RestorePoint(
        path=checkpoint.path,
        kind="savepoint" if checkpoint.savepoint else "checkpoint",
        at=checkpoint.at_ms / 1000,
        job_id=run.job_id,
        revision=run.revision,
        attempt=run.attempt,
        size=checkpoint.size,
    )
