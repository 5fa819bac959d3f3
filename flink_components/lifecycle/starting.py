"""Starts one attempt of a job and waits until it is stable."""

import uuid
from collections.abc import Callable
from contextlib import suppress

from flink_components.flink.answers import ENDED, Job, same_path
from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.errors import AnswerLost, StepFailed, WrongState
from flink_components.lifecycle.failures import known_failure
from flink_components.lifecycle.history import noted
from flink_components.lifecycle.left_jars import left_by_start
from flink_components.lifecycle.places import Place
from flink_components.lifecycle.progress import StartProgress
from flink_components.lifecycle.standing import LastWords
from flink_components.lifecycle.submitting import submitted
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Phase, RestorePoint, Run, Step, job_id_of
from flink_components.spec.job import JobSpec

_RESTORED_SECONDS = 10.0
# No job is deployed sooner, and each question until then makes that take longer.
_SOONEST_SECONDS = 0.1
_AT_ONCE_SECONDS = 1.0
_FEW_JOBS = 20


def start(
    shop: Workshop,
    held: HeldRecord,
    place: Place,
    revision: int,
    restore: RestorePoint | None,
    forced: bool = False,
) -> Run:
    """Submits a new attempt. Raises StepFailed where Flink refuses, AnswerLost where nobody knows.

    The attempt is in the ledger before the submission, since Flink refuses an id that was used,
    and so is the point that it starts from, but where the user `forced` another one.
    """
    wish = place.wish
    run = _next_run(shop, held, place, revision, restore)
    unsure = held.record.unsure
    if unsure is not None and unsure.job_id != run.job_id and arrives_late(shop, held):
        raise StepFailed(
            f"an earlier submission arrived late, and {unsure.job_id} runs now: "
            f"run `pulumi up` again"
        )
    step = Step(what="submit", job_id=run.job_id, cluster=run.cluster, since=shop.clock.now())
    known = restore if restore is not None and not forced else held.record.restore
    changes: dict[str, object] = {"restore": known}
    if known is not None and known != held.record.restore:
        changes = noted(held, wish.spec, known, held.record.run or run, None, "found")
    changes["jars_left"] = left_by_start(held.record, run)
    if place.losses:
        changes["accepted"] = held.record.accepting(place.losses)
    held.commit(
        attempts=run.attempt, run=run, open=step, phase=Phase.UPGRADING, reason="", **changes
    )
    origin = f" from {restore.path}" if restore else ""
    shop.say(f"submitting revision {revision}, attempt {run.attempt}{origin}")
    try:
        accepted = place.submit(held, run)
    except AnswerLost:
        raise
    except StepFailed:
        held.commit(unsure=None)
        raise
    if not accepted:
        shop.say(f"Flink knows the id {run.job_id} from an earlier try: taking the next one")
        held.commit(open=None, unsure=None)
        return start(shop, held, place, revision, restore, forced)
    held.commit(open=None, unsure=None, phase=Phase.DEPLOYED, since=shop.clock.now())
    return run


def _next_run(
    shop: Workshop, held: HeldRecord, place: Place, revision: int, restore: RestorePoint | None
) -> Run:
    """The next attempt; its number is written before the submission.

    One whose submission never showed up is tried again under its own id, which Flink takes once.
    """
    wish = place.wish
    attempt = held.record.attempts + 1
    origin = restore.path if restore else None
    job_id = job_id_of(wish.spec.key, revision, attempt)
    run = wish.run(revision, attempt, job_id, shop.clock.now()).model_copy(
        update={
            "restored_from": origin,
            "stateless": wish.stateless,
            "asked_from": origin if origin == wish.spec.restore_from else None,
            "rolled_back_from": wish.by_hand.rolled_back_from if wish.by_hand else None,
            "may_lose": True if place.losses else None,
        }
    )
    if run.guarded and run.asked_from is not None:
        run = run.model_copy(update={"claim_mode": wish.spec.claim_mode.value})
    last, unsure = held.record.run, held.record.unsure
    if last is None or unsure is None or unsure.job_id != last.job_id:
        return run
    same = last.model_copy(update={"submitted_at": run.submitted_at})
    again = run.model_copy(update={"attempt": last.attempt, "job_id": last.job_id})
    return again if again == same else run


def arrives_late(shop: Workshop, held: HeldRecord) -> bool:
    """Waits until a submission that never showed up can't do so any more; whether it did.

    Only the same job id needs no wait, since Flink takes each id once.
    """
    unsure = held.record.unsure
    if unsure is None:
        return False
    left = unsure.since + shop.late_seconds - shop.clock.now()
    if left <= 0:
        return False
    shop.say(f"waiting {left:.0f} s in case the submission of {unsure.job_id} still arrives")
    if not submitted(shop, shop.flink(unsure.cluster), unsure.job_id, left):
        return False
    held.commit(unsure=None, phase=Phase.DEPLOYED)
    return True


def wait_until_stable(
    shop: Workshop, spec: JobSpec, run: Run, running: Callable[[], None] = lambda: None
) -> str:
    """Waits until the job is stable; the Flink state that counts as stable.

    `running` is called once all its tasks run.

    Stable: every vertex RUNNING, what was restored is what was asked for, and where
    checkpointing is on one checkpoint completed; or a bounded job FINISHED.
    Raises StepFailed with Flink's root cause.
    """
    flink = shop.flink(spec.cluster)
    deadline = shop.clock.monotonic() + spec.deadlines.stable.seconds
    state = "RUNNING"
    if not _runs_at_once(shop, flink, run):
        state = _wait_until_running(shop, flink, spec, run, deadline)
    running()
    interval = shop.beside(lambda: _checkpoint_interval(shop, flink, run, deadline))
    _check_restored(shop, flink, run, deadline)
    if state == "FINISHED":
        return "FINISHED"
    return _wait_for_checkpoint(shop, flink, spec, run, deadline, interval.result())


def _runs_at_once(shop: Workshop, flink: FlinkClient, run: Run) -> bool:
    """All tasks run within a second, as they mostly do; the job alone is told from a cache.

    That answer tells the tasks of each job, so a cluster that runs many is not asked again.
    """

    def read() -> tuple[bool, bool]:
        try:
            jobs = flink.jobs()
        except FlinkError:
            return False, True
        active = [job for job in jobs if job.state not in ENDED]
        mine = [job for job in active if job.id == run.job_id]
        runs = any(job.all_running for job in mine)
        return runs, runs or not mine or len(active) > _FEW_JOBS

    shop.clock.sleep(_SOONEST_SECONDS)
    return poll(shop.clock, read, lambda seen: seen[1], _AT_ONCE_SECONDS)[0][0]


def _wait_until_running(
    shop: Workshop, flink: FlinkClient, spec: JobSpec, run: Run, deadline: float
) -> str:
    """RUNNING in all its tasks, or FINISHED. Raises StepFailed with Flink's root cause."""
    progress, watch = StartProgress(shop, flink, run.job_id), LastWords(shop, run)

    def read() -> Job | None:
        job = progress.look()
        if job is None:
            watch.listen()
        return job

    job, done = poll(
        shop.clock,
        read,
        lambda j: j is not None and (j.all_running or j.state in ENDED),
        deadline - shop.clock.monotonic(),
    )
    if not done or job is None:
        reason = known_failure(shop, flink, run.job_id)
        raise StepFailed(
            f"not stable within {spec.deadlines.stable}: {progress.said or 'no answer'}"
            + (f"; the last failure was: {reason}" if reason else "")
        )
    if job.state in ("FAILED", "CANCELED"):
        cause = known_failure(shop, flink, run.job_id) or watch.wait()
        raise StepFailed(cause or f"the job ended as {job.state}")
    return "FINISHED" if job.state == "FINISHED" else "RUNNING"


def _check_restored(shop: Workshop, flink: FlinkClient, run: Run, deadline: float) -> None:
    """What Flink says it restored is compared with what was asked for; its answer lags.

    A job that has recovered since says that it restored a checkpoint of its own. Only what Flink
    says counts: while it can't be asked, nobody knows that the state is wrong.
    """
    wanted, found = run.restored_from, None
    if wanted is None:
        return
    answers_since: float | None = None

    def is_wanted() -> bool | None:
        nonlocal found, answers_since
        try:
            found = flink.checkpoints(run.job_id).restored
        except FlinkUnreachable:
            answers_since = None
            return None
        now = shop.clock.monotonic()
        answers_since = now if answers_since is None else answers_since
        if found is not None and (same_path(found, wanted) or run.job_id in found):
            return True
        return False if now - answers_since >= _RESTORED_SECONDS else None

    left = max(deadline - shop.clock.monotonic(), _RESTORED_SECONDS)
    right, known = poll(shop.clock, is_wanted, lambda said: said is not None, left)
    if not known:
        raise StepFailed("the job runs, and Flink does not say what it has restored")
    if not right:
        raise WrongState(
            f"Flink restored {found or 'nothing'}, and {wanted} was asked for: "
            f"the job must not run on with other state"
        )


def _checkpoint_interval(
    shop: Workshop, flink: FlinkClient, run: Run, deadline: float
) -> float | None:
    """In milliseconds; None where the job has none. Raises StepFailed where nobody can say."""

    def read() -> tuple[float | None, FlinkUnreachable | None]:
        try:
            return flink.checkpoint_config(run.job_id).interval_ms, None
        except FlinkUnreachable as error:
            return None, error

    left = deadline - shop.clock.monotonic()
    (interval, problem), _ = poll(shop.clock, read, lambda seen: seen[1] is None, left)
    if problem is not None:
        raise StepFailed(f"the job runs, and can't be asked any more: {problem}") from problem
    return interval


def _wait_for_checkpoint(
    shop: Workshop,
    flink: FlinkClient,
    spec: JobSpec,
    run: Run,
    deadline: float,
    interval: float | None,
) -> str:
    if interval is None:
        return "RUNNING"
    if not flink.can_trigger_checkpoints and interval / 1000 > spec.deadlines.stable.seconds:
        shop.say(
            f"all running; no checkpoint was waited for: its interval is longer than "
            f"{spec.deadlines.stable}, and this version of Flink can't be asked for one"
        )
        return "RUNNING"
    shop.say("all running; waiting for the first checkpoint")
    trigger = uuid.uuid4().hex
    if flink.can_trigger_checkpoints:
        with suppress(FlinkUnreachable):
            flink.checkpoint(run.job_id, trigger)

    watch = LastWords(shop, run)

    def read() -> tuple[str, bool]:
        try:
            return _seek_checkpoint(flink, run, trigger)
        except FlinkUnreachable as error:
            watch.listen()
            return f"not reachable: {error}", False

    (state, completed), _ = poll(
        shop.clock,
        read,
        lambda seen: seen[1] or seen[0] in ENDED,
        deadline - shop.clock.monotonic(),
        pause=0.01,
    )
    if state == "FINISHED":
        return state
    if state in ENDED or not completed:
        reason = known_failure(shop, flink, run.job_id)
        if state in ENDED:
            raise StepFailed(
                f"the job ended as {state} before a checkpoint was complete"
                + (f": {reason}" if reason else "")
            )
        raise StepFailed(
            f"no checkpoint completed within {spec.deadlines.stable} (the job is {state})"
            + (f": {reason}" if reason else "")
        )
    return "RUNNING"


def _seek_checkpoint(flink: FlinkClient, run: Run, trigger: str) -> tuple[str, bool]:
    """The job's state, and whether a checkpoint is complete: the one asked for, or any other.

    A request that was lost is sent again; one of a job that ends or restarts is answered with a
    failure, so its state is asked for only then.
    """
    if flink.can_trigger_checkpoints:
        try:
            result = flink.checkpoint_result(run.job_id, trigger)
        except FlinkNotFound:
            flink.checkpoint(run.job_id, trigger)
            return "RUNNING", False
        if not result.done or result.failure is None:
            return "RUNNING", result.done
    return flink.status(run.job_id), flink.checkpoints(run.job_id).count > 0


def become_stable(
    shop: Workshop,
    held: HeldRecord,
    place: Place,
    run: Run,
    phase: Phase = Phase.STABLE,
    reason: str = "",
) -> None:
    """Waits until the attempt is stable, and records it. Raises StepFailed with Flink's cause."""
    wish = place.wish
    state = wait_until_stable(shop, wish.spec, run, place.running)
    held.note(
        phase=Phase.FINISHED if state == "FINISHED" else phase,
        reason=reason,
        since=shop.clock.now(),
        stable=run,
        restore=None if run.stateless else held.record.restore,
        restored_by_hand=wish.honoured or held.record.restored_by_hand,
    )
