"""Ends a job, with or without a savepoint; every step is in the ledger before it is done."""

from flink_components.flink.answers import ENDED, below
from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.errors import FailedByItself, StepFailed
from flink_components.lifecycle.failures import known_failure
from flink_components.lifecycle.history import noted
from flink_components.lifecycle.standing import down
from flink_components.lifecycle.triggers import new_step, result_of, send
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.origins import restore_point
from flink_components.plan.record import Phase, RestorePoint, Run, Step, Use
from flink_components.spec.job import StopSpec

_FAILS_OVER_SECONDS = 1.0


def stop_with_savepoint(
    shop: Workshop, held: HeldRecord, spec: StopSpec, run: Run, why: str = ""
) -> RestorePoint:
    """Stops the job with a savepoint, and records where that is before anything else.

    Where the job fails over by itself meanwhile (a TaskManager is lost), it is asked once more.
    `why` is for the history.
    Raises StepFailed with Flink's cause; the ledger then says whether the job runs on.
    """
    try:
        return _stop(shop, held, spec, run, why)
    except FailedByItself as error:
        shop.say(f"{error}; stopping it once it runs again")
        if not _runs_again(shop, spec, run):
            raise
    return _stop(shop, held, spec, run, why)


def _runs_again(shop: Workshop, spec: StopSpec, run: Run) -> bool:
    """All its tasks run, by an answer that is not from a cache of before its failure."""
    flink = shop.flink(run.cluster)

    def read() -> bool:
        try:
            return any(job.id == run.job_id and job.all_running for job in flink.jobs())
        except FlinkError:
            return False

    return poll(shop.clock, read, bool, spec.deadlines.savepoint.seconds)[1]


def _stop(shop: Workshop, held: HeldRecord, spec: StopSpec, run: Run, why: str) -> RestorePoint:
    step = new_step(shop, spec, run, "stop", why)
    held.commit(open=step, phase=Phase.UPGRADING, reason="", since=shop.clock.now())
    shop.say(f"stopping {run.job_id} with a savepoint")
    flink = shop.flink(run.cluster)
    try:
        step = send(flink, held, spec, step)
    except FlinkError as error:
        raise _failed_stop(shop, held, flink, run, error.cause) from error
    return finish_stop(shop, held, spec, run, step)


def finish_stop(
    shop: Workshop, held: HeldRecord, spec: StopSpec, run: Run, step: Step
) -> RestorePoint:
    """Reads the result of a stop to its end, also one that another process has begun.

    The savepoint is recorded at once; the step stays open until the job has ended. Where it has
    ended by then, as nearly always, both are written with the next step, which follows at once.
    """
    flink = shop.flink(run.cluster)
    point = held.record.restore
    if point is None or not below(point.path, step.directory):
        point = _savepoint(shop, held, spec, run, step, flink)
        shop.say(f"savepoint complete: {point.path}")
        changes = noted(held, spec, point, run, step, step.why)
        changes |= {"phase": Phase.UPGRADING, "since": shop.clock.now()}
        if _has_ended(flink, run):
            held.note(**changes)
        else:
            # The savepoint is recorded whatever becomes of the job, whose end may take a while.
            end = shop.beside(lambda: wait_for_end(shop, flink, spec, run))
            held.commit(**changes)
            end.result()
    elif not (run.guarded and _has_ended(flink, run)):
        wait_for_end(shop, flink, spec, run)
    held.note(open=None)
    return point


def _has_ended(flink: FlinkClient, run: Run) -> bool:
    """Before 1.15 the JobManager of an application ends when the result of the stop was read."""
    try:
        return flink.status(run.job_id) in ENDED
    except FlinkUnreachable:
        return run.guarded
    except FlinkError:
        return False


def _savepoint(
    shop: Workshop, held: HeldRecord, spec: StopSpec, run: Run, step: Step, flink: FlinkClient
) -> RestorePoint:
    result = result_of(shop, flink, held, spec, step)
    if result is None:
        if not flink.takes_trigger_ids and step.trigger in step.directory:
            raise _failed_stop(shop, held, flink, run, "the request was lost")
        raise StepFailed(
            f"no result of the savepoint of {run.job_id} within "
            f"{spec.deadlines.savepoint}: it may still complete in {step.directory}; "
            f"run `pulumi up` again, which goes on from there"
        )
    if result.location is None:
        raise _failed_stop(shop, held, flink, run, str(result.failure))
    return RestorePoint(
        path=result.location,
        kind="savepoint",
        at=shop.clock.now(),
        job_id=run.job_id,
        revision=run.revision,
        attempt=run.attempt,
    )


def _failed_stop(
    shop: Workshop, held: HeldRecord, flink: FlinkClient, run: Run, cause: str
) -> StepFailed:
    """Records what became of the job after a savepoint that failed: it may have failed with it.

    The phase is never one of a stop of ours: where the job has ended, the next `up` looks for its
    latest checkpoint, and does not take an older savepoint for its state.
    """
    state = _state_after_failure(shop, flink, run)
    failure = known_failure(shop, flink, run.job_id) if state == "RESTARTING" else ""
    phase = Phase.STABLE if state == "RUNNING" or state in ENDED else Phase.DEPLOYED
    held.commit(open=None, phase=phase, reason=cause, since=shop.clock.now())
    if state == "RUNNING":
        return StepFailed(f"the savepoint failed, and the job runs on unchanged: {cause}")
    if state == "RESTARTING":
        if failure and failure not in cause:
            return FailedByItself(
                f"the job failed while its savepoint was taken, and Flink restarts it from its "
                f"latest checkpoint: {failure} (of the savepoint Flink says: {cause})"
            )
        return StepFailed(
            f"the savepoint failed, and Flink restarts the job from its latest checkpoint: {cause}"
        )
    return StepFailed(f"the savepoint failed, and the job is {state}: {cause}")


def _state_after_failure(shop: Workshop, flink: FlinkClient, run: Run) -> str:
    """RUNNING where it stays so: of a savepoint that failed in the tasks Flink may say so an
    instant before it fails the job over.
    """

    def read() -> str:
        try:
            return flink.status(run.job_id)
        except FlinkError:
            return "not to be asked"

    return poll(shop.clock, read, lambda state: state != "RUNNING", _FAILS_OVER_SECONDS)[0]


def cancel(
    shop: Workshop,
    held: HeldRecord,
    spec: StopSpec,
    run: Run,
    phase: Phase,
    use: Use = Use.OWN,
    why: str = "",
) -> RestorePoint | None:
    """Cancels the job and waits for its end; its latest checkpoint that outlives it, if any.

    `phase` is what the ledger says meanwhile, `use` what that checkpoint is for: it is recorded
    together with the end of the step, so that a job is never taken back to an older point.
    Raises StepFailed where it is required, and Flink does not say where it is.
    """
    step = Step(
        what="cancel",
        job_id=run.job_id,
        cluster=run.cluster,
        since=shop.clock.now(),
        use=use,
        why=why,
    )
    held.commit(open=step, phase=phase, since=shop.clock.now())
    shop.say(f"cancelling {run.job_id}")
    return finish_cancel(shop, held, spec, run, step)


def finish_cancel(
    shop: Workshop, held: HeldRecord, spec: StopSpec, run: Run, step: Step
) -> RestorePoint | None:
    """The rest of a cancel, also of one that another process has begun.

    Where the JobManager forgot the job meanwhile, the phase is not one of a stop of ours: what
    the job had completed since the recorded restore point is not known then.
    """
    flink = shop.flink(run.cluster)
    _send_cancel(shop, flink, held, spec, run)
    gone = wait_for_end(shop, flink, spec, run) == "GONE"
    point = None
    if not gone and not run.stateless and step.use is not Use.NOTHING:
        point = latest_checkpoint(shop, flink, run)
    if point is None and (step.use is Use.REQUIRED or (gone and _had_state(run, held))):
        held.commit(open=None, phase=Phase.LOST, since=shop.clock.now())
    elif point is None:
        held.commit(open=None)
    else:
        held.commit(open=None, **noted(held, spec, point, run, step, step.why))
    if point is None and step.use is Use.REQUIRED:
        raise StepFailed(
            f"{run.job_id} was cancelled, and Flink does not say where its latest checkpoint is: "
            f"look below the checkpoint directory for {run.job_id}, and set restore_from"
        )
    return point


def _send_cancel(
    shop: Workshop, flink: FlinkClient, held: HeldRecord, spec: StopSpec, run: Run
) -> None:
    """Asks until there is an answer: a job can be cancelled twice."""

    def send() -> bool:
        try:
            flink.cancel(run.job_id)
        except FlinkUnreachable as error:
            shop.say(f"no answer to the request to cancel ({error}): asking again")
            held.fence()
            return False
        return True

    poll(shop.clock, send, bool, spec.deadlines.cancel.seconds, pause=0.2, longest=2.0)


def _had_state(run: Run, held: HeldRecord) -> bool:
    """The job was stable once, so it may have completed checkpoints of its own."""
    stable = held.record.stable
    return not run.stateless and stable is not None and stable.attempt == run.attempt


def wait_for_end(shop: Workshop, flink: FlinkClient, spec: StopSpec, run: Run) -> str:
    """Waits until the job has ended; its last state ("GONE" where it is not known any more)."""

    def read() -> str:
        try:
            return flink.status(run.job_id)
        except FlinkNotFound:
            return "GONE"
        except FlinkUnreachable as error:
            return "GONE" if down(shop, run) else f"not reachable ({error})"

    state, done = poll(
        shop.clock,
        read,
        lambda s: s in ENDED or s == "GONE",
        spec.deadlines.cancel.seconds,
        pause=0.01,
    )
    if not done:
        raise StepFailed(
            f"{run.job_id} has not ended within {spec.deadlines.cancel}: it is {state}; "
            f"run `pulumi up` again, or raise deadlines.cancel"
        )
    return state


def latest_checkpoint(shop: Workshop, flink: FlinkClient, run: Run) -> RestorePoint | None:
    """The latest completed checkpoint or savepoint of a job that has ended, if Flink knows it.

    Flink answers from a cache for its refresh interval: an older checkpoint than the last would
    repeat what sinks have committed, so that interval is waited out first.
    """
    shop.clock.sleep(flink.refresh_interval())
    newest = flink.checkpoints(run.job_id).newest
    return None if newest is None else restore_point(newest, run)
