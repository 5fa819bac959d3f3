"""A savepoint that Flink takes on request: asked for once, and its result read to the end."""

import uuid

from flink_components.flink.answers import ENDED, TriggerResult, below
from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.errors import LeftToGuard
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Run, Step, StepKind
from flink_components.spec.job import SavepointFormat, StopSpec

_PATIENCE_SECONDS = 15.0


def savepoint_directory(spec: StopSpec, run: Run, trigger: str) -> str:
    """The directory of one request alone: it ends with no or one `_metadata`."""
    return f"{spec.savepoint_dir}/{spec.key}/{run.revision}-{run.attempt}/{trigger}"


def new_step(shop: Workshop, spec: StopSpec, run: Run, what: StepKind, why: str) -> Step:
    """A request with a trigger id and a directory of its own, to be written before it is sent."""
    trigger = uuid.uuid4().hex
    return Step(
        what=what,
        job_id=run.job_id,
        cluster=run.cluster,
        since=shop.clock.now(),
        trigger=trigger,
        directory=savepoint_directory(spec, run, trigger),
        why=why,
    )


def send(flink: FlinkClient, held: HeldRecord, spec: StopSpec, step: Step) -> Step:
    """A lost answer is no failure: the result is asked for by the trigger id.

    Before 1.15 that is Flink's own, which the answer tells. Raises FlinkError where Flink refuses.
    """
    try:
        trigger = _ask(flink, spec, step)
    except FlinkUnreachable:
        return step
    if trigger == step.trigger:
        return step
    told = step.model_copy(update={"trigger": trigger})
    held.commit(open=told)
    return told


def _ask(flink: FlinkClient, spec: StopSpec, step: Step) -> str:
    native = spec.savepoint_format is SavepointFormat.NATIVE
    if step.what == "savepoint":
        return flink.savepoint(step.job_id, step.directory, step.trigger, native)
    return flink.stop(step.job_id, step.directory, step.trigger, spec.drain, native)


def result_of(
    shop: Workshop, flink: FlinkClient, held: HeldRecord, spec: StopSpec, step: Step
) -> TriggerResult | None:
    """Polls the trigger; one that Flink does not know is sent again, with the same id.

    Raises LeftToGuard where the JobManager of an application that is being stopped is gone.
    """
    silent_since: float | None = None

    def read() -> TriggerResult:
        nonlocal silent_since
        try:
            try:
                result = flink.savepoint_result(step.job_id, step.trigger)
            except FlinkNotFound:
                result = _resend_or_give_up(shop, flink, held, spec, step)
            silent_since = None
            return result
        except FlinkUnreachable as error:
            now = shop.clock.monotonic()
            silent_since = now if silent_since is None else silent_since
            if now - silent_since >= _PATIENCE_SECONDS:
                _leave_to_guard(step)
            shop.say(f"waiting for the savepoint: {error}")
            return TriggerResult(done=False)
        except FlinkError as error:
            return TriggerResult(done=True, failure=error.cause)

    result, done = poll(
        shop.clock, read, lambda r: r.done, spec.deadlines.savepoint.seconds, pause=0.01
    )
    return result if done else None


def _is_guarded(step: Step) -> bool:
    return step.cluster.get("kind") == "application"


def _leave_to_guard(step: Step) -> None:
    """It waits, and takes the job back by itself as soon as nobody holds the lock."""
    if step.what == "stop" and _is_guarded(step):
        raise LeftToGuard(
            f"the JobManager of {step.job_id} has not answered for {_PATIENCE_SECONDS:.0f} s while "
            f"the job was stopped: it takes the job back by itself; run `pulumi up` again"
        )


def _resend_or_give_up(
    shop: Workshop, flink: FlinkClient, held: HeldRecord, spec: StopSpec, step: Step
) -> TriggerResult:
    """The trigger is not known: it never arrived, or its result is forgotten after minutes.

    Only a job that runs can take the request again (with a trigger id of ours: a second request
    with another one would fail the job); one that has ended may tell where its savepoint is.
    """
    try:
        state = flink.status(step.job_id)
        if state in ENDED:
            shop.clock.sleep(flink.refresh_interval())
        latest = flink.checkpoints(step.job_id).savepoint
    except FlinkNotFound:
        state, latest = "unknown to its JobManager", None
    if _is_guarded(step) and (latest is None and state not in (*ENDED, "RUNNING")):
        return TriggerResult(done=False)  # its JobManager has started anew, and recovers
    if latest is not None and below(latest.path, step.directory):
        return TriggerResult(done=True, location=latest.path)
    if state == "RUNNING":
        if flink.takes_trigger_ids:
            held.fence()
            send(flink, held, spec, step)
        return TriggerResult(done=False)
    return TriggerResult(
        done=True,
        failure=f"the job is {state}, and Flink does not know the request any more; if the "
        f"savepoint was completed, its _metadata is below {step.directory}: set restore_from to "
        f"that directory",
    )
