"""Changes the parallelism of a job while it runs: Flink restarts it from its latest checkpoint."""

import uuid
from contextlib import suppress

from flink_components.flink.answers import ENDED, Bounds, Job, planned
from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.checkpointing import checkpoint_now
from flink_components.lifecycle.errors import AnswerLost, StepFailed
from flink_components.lifecycle.failures import known_failure
from flink_components.lifecycle.progress import StartProgress
from flink_components.lifecycle.rehearsal import Rehearsal
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.wish import Wish
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Failure, Phase, Run, Scaling, Step
from flink_components.plan.scaling import parallelism_of_each, slots_more
from flink_components.spec.job import StopSpec

_CHECKPOINT_EVERY_SECONDS = 10.0
_BACK_SECONDS = 30.0
_AS_BEFORE = "RUNNING as before"
_GONE = "not known to its JobManager"


def rescale(
    shop: Workshop, held: HeldRecord, wish: Wish, revision: int, rehearsal: Rehearsal
) -> bool:
    """Brings the running job to the wished parallelism, under its own id and without a savepoint.

    False where only a restart can do that, and nothing was done: the job graph changes with it.
    Raises Refused, StepFailed: the job then runs as before, or the message says what it does.
    """
    run = held.record.run
    if run is None:
        return False
    flink, spec = shop.flink(wish.spec.cluster), wish.spec
    graph = rehearsal.result(held).graph
    before, job = flink.requirements(run.job_id), flink.job(run.job_id)
    wanted = parallelism_of_each(planned(graph), job.parts)
    if before is None or wanted is None or set(before) != set(wanted):
        shop.say("the job graph changes with the parallelism, so the job is restarted for it")
        return False
    _wait_for_slots(shop, flink, spec, slots_more(wanted, job.parts))
    _let_late_ones_arrive(shop, held)
    _save(shop, flink, run, spec.deadlines.stable.seconds)
    step = _new_step(shop, wish, run, revision, wanted, before)
    held.commit(open=step, phase=Phase.DEPLOYED, reason="", since=shop.clock.now())
    finish_rescale(shop, held, spec, step)
    return True


def _wait_for_slots(shop: Workshop, flink: FlinkClient, spec: StopSpec, more: int) -> None:
    """Nothing is asked of the job before the slots for it are there. Raises StepFailed."""
    if not more:
        return
    said = 0

    def read() -> int:
        nonlocal said
        try:
            missing = more - flink.cluster().slots_free
        except FlinkUnreachable:
            return more
        if missing > 0 and missing != said:
            said = missing
            shop.say(f"waiting for slots before it is rescaled: {missing} missing")
        return missing

    seconds = spec.deadlines.stable.seconds
    missing, there = poll(shop.clock, read, lambda left: left <= 0, seconds)
    if not there:
        raise StepFailed(
            f"{missing} of {more} slots were missing for {spec.deadlines.stable}, so the job was "
            f"not rescaled, and nothing was changed: add TaskManagers, then run `pulumi up` again"
        )


def _let_late_ones_arrive(shop: Workshop, held: HeldRecord) -> None:
    """An earlier request that arrives after the next one would undo that."""
    left = held.record.late - shop.clock.now()
    if left > 0:
        shop.say(f"waiting {left:.0f} s in case an earlier request to rescale still arrives")
        shop.clock.sleep(left)
    if held.record.late:
        held.note(late=0.0)


def _may_arrive_late(shop: Workshop, held: HeldRecord) -> None:
    held.note(late=shop.clock.now() + shop.late_seconds)


def _save(shop: Workshop, flink: FlinkClient, run: Run, seconds: float) -> None:
    """Flink goes back to the latest checkpoint: a new one, so that little is done twice."""
    try:
        checkpoint_now(shop, flink, run.job_id, seconds)
    except StepFailed as error:
        raise StepFailed(f"the job was not rescaled, and nothing was changed: {error}") from error


def _new_step(
    shop: Workshop, wish: Wish, run: Run, revision: int, wanted: dict[str, int], before: Bounds
) -> Step:
    """All that another process needs to finish it: written before the job is touched."""
    changed = {
        "revision": revision,
        "fingerprint": wish.fingerprint,
        "parallelism": wish.spec.parallelism,
        "upgrade_mode": wish.spec.upgrade_mode.value,
    }
    scaling = Scaling(run=run.model_copy(update=changed), wanted=wanted, before=dict(before))
    return Step(
        what="rescale",
        job_id=run.job_id,
        cluster=run.cluster,
        since=shop.clock.now(),
        scaling=scaling,
    )


def go_on_rescaling(shop: Workshop, held: HeldRecord, spec: StopSpec, step: Step) -> None:
    """Finishes what a process has begun that died: its request may still arrive.

    Where that fails the job runs on as it was, and all can go on. Raises AnswerLost where Flink
    can't be asked.
    """
    _may_arrive_late(shop, held)
    held.fence()
    try:
        finish_rescale(shop, held, spec, step)
    except StepFailed as error:
        if held.record.open is not None:
            raise
        shop.say(str(error))


def finish_rescale(shop: Workshop, held: HeldRecord, spec: StopSpec, step: Step) -> None:
    """Asks for the parallelism and waits until the job is stable with it; may be repeated.

    Where that fails the job gets back what it had. Raises StepFailed; the step is then closed, but
    where Flink can't be asked.
    """
    scaling = step.scaling
    if scaling is None:
        held.commit(open=None)
        return
    flink = shop.flink(step.cluster)
    try:
        state = _carry_out(shop, held, flink, spec, scaling)
    except StepFailed as error:
        reason = str(error).rstrip(".")
        raise _put_back(shop, held, flink, spec, scaling, reason) from error
    held.commit(
        open=None,
        run=scaling.run,
        stable=scaling.run,
        phase=Phase.FINISHED if state == "FINISHED" else Phase.STABLE,
        reason="",
        since=shop.clock.now(),
    )


def _carry_out(
    shop: Workshop, held: HeldRecord, flink: FlinkClient, spec: StopSpec, scaling: Scaling
) -> str:
    """RUNNING or FINISHED, once it is stable with the wanted parallelism. Raises StepFailed."""
    run, wanted = scaling.run, scaling.wanted
    deadline = shop.clock.monotonic() + spec.deadlines.stable.seconds
    highest = max(wanted.values())
    shop.say(f"rescaling {run.job_id} to {highest}")
    bounds = {vertex: (number, number) for vertex, number in wanted.items()}
    if not _ask(shop, held, flink, run, bounds, spec.deadlines.stable.seconds):
        raise StepFailed(f"Flink did not answer within {spec.deadlines.stable}")
    _outlive_the_cache(shop, flink)
    job = _wait_for_vertices(shop, flink, run, wanted, deadline)
    if job is not None and job.state == "FINISHED":
        return "FINISHED"
    if job is None or job.state in ENDED:
        what = f"the job ended as {job.state}" if job else f"not within {spec.deadlines.stable}"
        raise StepFailed(f"the job was not rescaled to {highest}: {what}{_cause(shop, flink, run)}")
    shop.say("all running; waiting for a checkpoint")
    return checkpoint_now(shop, flink, run.job_id, max(deadline - shop.clock.monotonic(), 0.0))


def _ask(
    shop: Workshop, held: HeldRecord, flink: FlinkClient, run: Run, bounds: Bounds, seconds: float
) -> bool:
    """Asks until there is an answer: the same can be asked for twice. Raises StepFailed."""

    def send() -> bool:
        try:
            flink.require(run.job_id, bounds)
        except FlinkUnreachable as error:
            shop.say(f"no answer to the request to rescale ({error}): asking again")
            _may_arrive_late(shop, held)
            held.fence()
            return False
        except FlinkError as error:
            raise StepFailed(f"Flink can't be asked to rescale the job: {error.cause}") from error
        return True

    return poll(shop.clock, send, bool, seconds, pause=0.2, longest=2.0)[1]


def _outlive_the_cache(shop: Workshop, flink: FlinkClient) -> None:
    """What Flink says of the vertices may be from before the request."""
    with suppress(FlinkError):
        shop.clock.sleep(flink.refresh_interval())


def _wait_for_vertices(
    shop: Workshop, flink: FlinkClient, run: Run, wanted: dict[str, int], deadline: float
) -> Job | None:
    """The job once it has ended or runs as wanted; None where neither came about in time.

    Meanwhile checkpoints are asked for: Flink 2 rescales when one completes, and before that every
    one of them is less to be done twice.
    """
    progress = StartProgress(shop, flink, run.job_id)
    asked_at = shop.clock.monotonic()

    def read() -> Job | None:
        nonlocal asked_at
        if shop.clock.monotonic() - asked_at >= _CHECKPOINT_EVERY_SECONDS:
            asked_at = shop.clock.monotonic()
            with suppress(FlinkError):
                flink.checkpoint(run.job_id, uuid.uuid4().hex)
        return progress.look()

    job, done = poll(
        shop.clock,
        read,
        lambda j: (
            j is not None and (j.state in ENDED or (j.all_running and j.parallelism == wanted))
        ),
        max(deadline - shop.clock.monotonic(), 0.0),
    )
    return job if done else None


def _cause(shop: Workshop, flink: FlinkClient, run: Run) -> str:
    """The job's failure, if it does not run; an earlier one says nothing of a rescale."""
    try:
        if flink.status(run.job_id) == "RUNNING":
            return ""
    except FlinkError:
        return ""
    found = known_failure(shop, flink, run.job_id)
    return f"; its last failure was: {found}" if found else ""


def _put_back(
    shop: Workshop,
    held: HeldRecord,
    flink: FlinkClient,
    spec: StopSpec,
    scaling: Scaling,
    reason: str,
) -> StepFailed:
    """Gives the job the bounds that it had, and records what became of it.

    Raises AnswerLost where nobody knows whether it has them: the step stays open then.
    """
    run, before = scaling.run, scaling.before
    shop.say(f"{reason}: putting back the parallelism that it had")
    held.fence()
    back = _asked(shop, held, flink, run, before)
    if back and held.record.late:
        _let_late_ones_arrive(shop, held)
        held.fence()
        back = _asked(shop, held, flink, run, before)
    state = _state_with(shop, flink, run, before, spec.deadlines.stable.seconds if back else 0.0)
    ended = state in (*ENDED, _GONE)
    if not back and not ended and state != _AS_BEFORE:
        raise AnswerLost(
            f"{reason}; and its old parallelism could not be put back: the job is {state}; run "
            f"`pulumi up` again, which goes on from there"
        )
    failure = Failure.of(run, reason, shop.clock.now())
    held.commit(
        open=None,
        phase=Phase.STABLE if ended or state == _AS_BEFORE else Phase.DEPLOYED,
        reason=reason,
        since=shop.clock.now(),
        failures=held.record.with_failure(failure),
    )
    if ended:
        return StepFailed(f"{reason}. The job is {state}: `pulumi up` says how it can go on")
    done = "Its old parallelism was put back, and the job is" if back else "The job is"
    return StepFailed(f"{reason}. {done} {state}")


def _asked(shop: Workshop, held: HeldRecord, flink: FlinkClient, run: Run, bounds: Bounds) -> bool:
    try:
        return _ask(shop, held, flink, run, bounds, _BACK_SECONDS)
    except StepFailed:
        return False


def _state_with(
    shop: Workshop, flink: FlinkClient, run: Run, before: Bounds, seconds: float
) -> str:
    """In a word how the job is, waiting until it runs within the bounds that it had."""

    _outlive_the_cache(shop, flink)

    def read() -> str:
        try:
            state, job = flink.status(run.job_id), flink.job(run.job_id)
        except FlinkNotFound:
            return _GONE
        except FlinkError as error:
            return f"not to be asked ({error})"
        found = job.parallelism
        within = set(found) == set(before) and all(
            low <= found[vertex] <= high for vertex, (low, high) in before.items()
        )
        as_before = state == "RUNNING" and job.all_running and within
        return _AS_BEFORE if as_before else state

    return poll(
        shop.clock,
        read,
        lambda s: s in (_AS_BEFORE, _GONE, *ENDED),
        seconds,
    )[0]
