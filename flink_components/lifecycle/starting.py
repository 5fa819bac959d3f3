"""Starts one attempt of a job and waits until it is stable."""

import hashlib
import re
import uuid
from typing import Any

from flink_components.flink.answers import ENDED, Job, same_path
from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.errors import AnswerLost, Refused, StepFailed, WrongState
from flink_components.lifecycle.jars import ensure_jar
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Phase, RestorePoint, Run, Step
from flink_components.spec.job import SessionJobSpec, UpgradeMode

_LOOK_SECONDS = 30.0
_LATE_SECONDS = 180.0
_ALREADY_USED = re.compile(r"Duplicate(Job|Application)Submission|already been submitted")
_RESTORED_SECONDS = 10.0


def job_id_of(key: str, revision: int, attempt: int) -> str:
    """Flink's job id of one attempt: 32 hex digits, never used twice."""
    return hashlib.sha256(f"{key}\0{revision}\0{attempt}".encode()).hexdigest()[:32]


def program(spec: SessionJobSpec) -> dict[str, Any]:
    """What Flink is told to run."""
    config = {name: _text(value) for name, value in spec.config.items()}
    return {
        "entry_class": spec.entry_class,
        "args": list(spec.args),
        "parallelism": spec.parallelism,
        "config": config,
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def dry_run(shop: Workshop, spec: SessionJobSpec, jar_id: str) -> None:
    """Runs main up to `execute` on the cluster: what can't start is found before a stop."""
    try:
        shop.flink(spec.cluster).plan_jar(jar_id, program(spec))
    except FlinkUnreachable as error:
        raise Refused(f"the cluster did not answer to a dry run of the job: {error}") from error
    except FlinkError as error:
        raise Refused(f"the job can't start, and nothing was changed: {error.cause}") from error


def start(
    shop: Workshop,
    held: HeldRecord,
    spec: SessionJobSpec,
    content: str,
    fingerprint: str,
    revision: int,
    restore: RestorePoint | None,
    jar_id: str,
) -> Run:
    """Submits a new attempt. Raises StepFailed where Flink refuses or the answer is lost.

    The attempt is in the ledger before the submission, since Flink refuses an id that was used.
    """
    run = _next_run(shop, held, spec, content, fingerprint, revision, restore)
    _wait_out_unsure(shop, held, run)
    step = Step(what="submit", job_id=run.job_id, cluster=run.cluster, since=shop.clock.now())
    held.commit(attempts=run.attempt, run=run, open=step, phase=Phase.UPGRADING, reason="")
    origin = f" from {restore.path}" if restore else ""
    shop.say(f"submitting revision {revision}, attempt {run.attempt}{origin}")
    if not _submit(shop, spec, run, jar_id, restore):
        shop.say(f"Flink knows the id {run.job_id} from an earlier try: taking the next one")
        held.commit(open=None, unsure=None)
        return start(shop, held, spec, content, fingerprint, revision, restore, jar_id)
    held.commit(open=None, unsure=None, phase=Phase.DEPLOYED, since=shop.clock.now())
    return run


def _next_run(
    shop: Workshop,
    held: HeldRecord,
    spec: SessionJobSpec,
    content: str,
    fingerprint: str,
    revision: int,
    restore: RestorePoint | None,
) -> Run:
    """The next attempt; its number is written before the submission."""
    attempt = held.record.attempts + 1
    return Run(
        revision=revision,
        attempt=attempt,
        job_id=job_id_of(spec.key, revision, attempt),
        fingerprint=fingerprint,
        jar=content,
        cluster=spec.cluster.to_json(),
        upgrade_mode=spec.upgrade_mode.value,
        restored_from=restore.path if restore else None,
        submitted_at=shop.clock.now(),
        stateless=spec.upgrade_mode is UpgradeMode.STATELESS,
    )


def _wait_out_unsure(shop: Workshop, held: HeldRecord, run: Run) -> None:
    """A submission that never showed up may still do so: another one waits until it can't.

    The same job id needs no wait, since Flink takes each id once.
    """
    unsure = held.record.unsure
    if unsure is None or unsure.job_id == run.job_id:
        return
    left = unsure.since + _LATE_SECONDS - shop.clock.now()
    if left <= 0:
        return
    shop.say(f"waiting {left:.0f} s in case the submission of {unsure.job_id} still arrives")
    if submitted(shop, shop.flink(unsure.cluster), unsure.job_id, left):
        held.commit(unsure=None, phase=Phase.DEPLOYED)
        raise StepFailed(
            f"an earlier submission arrived late, and {unsure.job_id} runs now: "
            f"run `pulumi up` again"
        )


def _submit(
    shop: Workshop, spec: SessionJobSpec, run: Run, jar_id: str, restore: RestorePoint | None
) -> bool:
    """False where Flink refuses the id as used and has no such job: an earlier try has failed."""
    flink = shop.flink(spec.cluster)
    path = restore.path if restore else None
    try:
        try:
            flink.run_jar(jar_id, run.job_id, program(spec), path)
        except FlinkUnreachable:
            raise
        except FlinkError as error:
            if error.status == 404 or jar_id in flink.jars():
                raise
            again = ensure_jar(flink, spec, run.jar)
            flink.run_jar(again, run.job_id, program(spec), path)
    except FlinkUnreachable as error:
        if not submitted(shop, flink, run.job_id, _LOOK_SECONDS):
            raise AnswerLost(
                f"the answer to the submission of {run.job_id} was lost ({error}), and the job "
                f"does not show up: run `pulumi up` again, which looks before it submits"
            ) from error
    except FlinkError as error:
        if not _ALREADY_USED.search(error.cause):
            raise StepFailed(error.cause) from error
        return submitted(shop, flink, run.job_id, 0.0)
    return True


def submitted(shop: Workshop, flink: FlinkClient, job_id: str, seconds: float) -> bool:
    """Looks for `seconds` whether a submission whose answer was lost has arrived."""

    def read() -> bool:
        try:
            flink.status(job_id)
        except (FlinkNotFound, FlinkUnreachable):
            return False
        return True

    return poll(shop.clock, read, bool, seconds)[1]


def wait_until_stable(shop: Workshop, spec: SessionJobSpec, run: Run) -> str:
    """Waits until the job is stable; the Flink state that counts as stable.

    Stable: every vertex RUNNING, what was restored is what was asked for, and where
    checkpointing is on one checkpoint completed; or a bounded job FINISHED.
    Raises StepFailed with Flink's root cause.
    """
    flink = shop.flink(spec.cluster)
    deadline = shop.clock.monotonic() + spec.deadlines.stable.seconds
    said = ""

    def read() -> Job | None:
        nonlocal said
        job: Job | None = None
        try:
            job = flink.job(run.job_id)
            text = _progress(job)
        except (FlinkNotFound, FlinkUnreachable) as error:
            text = str(error)
        if text != said:
            said = text
            shop.say(text)
        return job

    job, done = poll(
        shop.clock,
        read,
        lambda j: j is not None and (j.all_running or j.state in ENDED),
        deadline - shop.clock.monotonic(),
    )
    if not done or job is None:
        reason = _failure(flink, run.job_id)
        raise StepFailed(
            f"not stable within {spec.deadlines.stable}: {said or 'no answer'}"
            + (f"; the last failure was: {reason}" if reason else "")
        )
    if job.state in ("FAILED", "CANCELED"):
        raise StepFailed(_failure(flink, run.job_id) or f"the job ended as {job.state}")
    _check_restored(shop, flink, run)
    if job.state == "FINISHED":
        return "FINISHED"
    return _wait_for_checkpoint(shop, flink, spec, run, deadline)


def _progress(job: Job) -> str:
    done = job.vertices_running + job.vertices_finished
    text = f"{job.state}: {done}/{job.vertices} vertices running"
    return f"{text}, waiting for slots: {job.slots_missing} missing" if job.slots_missing else text


def _failure(flink: FlinkClient, job_id: str) -> str | None:
    try:
        return flink.failure(job_id)
    except FlinkError:
        return None


def _check_restored(shop: Workshop, flink: FlinkClient, run: Run) -> None:
    """What Flink says it restored is compared with what was asked for; its answer lags."""
    wanted = run.restored_from
    if wanted is None:
        return
    found, same = poll(
        shop.clock,
        lambda: flink.checkpoints(run.job_id).restored,
        lambda path: path is not None and same_path(path, wanted),
        _RESTORED_SECONDS,
    )
    if not same:
        raise WrongState(
            f"Flink restored {found or 'nothing'}, and {wanted} was asked for: "
            f"the job must not run on with other state"
        )


def _wait_for_checkpoint(
    shop: Workshop, flink: FlinkClient, spec: SessionJobSpec, run: Run, deadline: float
) -> str:
    if flink.checkpoint_config(run.job_id).interval_ms is None:
        return "RUNNING"
    shop.say("all running; waiting for the first checkpoint")
    trigger = uuid.uuid4().hex
    triggered = flink.checkpoint(run.job_id, trigger)

    def read() -> tuple[str, bool]:
        if triggered is not None:
            result = flink.checkpoint_result(run.job_id, triggered)
            if result.done and result.failure is None:
                return "RUNNING", True
            if not result.done:
                return flink.status(run.job_id), False
        return flink.status(run.job_id), flink.checkpoints(run.job_id).count > 0

    (state, completed), done = poll(
        shop.clock,
        read,
        lambda seen: seen[1] or seen[0] in ENDED,
        deadline - shop.clock.monotonic(),
        pause=0.02,
    )
    if state == "FINISHED":
        return state
    if not done or not completed:
        reason = _failure(flink, run.job_id)
        raise StepFailed(
            f"no checkpoint completed within {spec.deadlines.stable} (the job is {state})"
            + (f": {reason}" if reason else "")
        )
    return "RUNNING"
