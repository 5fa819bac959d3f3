"""Starts one attempt of a job and waits until it is stable."""

import hashlib
import uuid
from typing import Any

from flink_components.flink.answers import ENDED, Job, same_path
from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.errors import Refused, StepFailed, WrongState
from flink_components.lifecycle.jars import ensure_jar
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Phase, RestorePoint, Run, Step
from flink_components.spec.job import SessionJobSpec, UpgradeMode

_LOOK_SECONDS = 30.0
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
    attempt = held.record.attempts + 1
    run = Run(
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
    step = Step(what="submit", job_id=run.job_id, cluster=run.cluster, since=shop.clock.now())
    held.commit(attempts=attempt, run=run, open=step, phase=Phase.UPGRADING, reason="")
    origin = f" from {restore.path}" if restore else ""
    shop.say(f"submitting revision {revision}, attempt {attempt}{origin}")
    _submit(shop, spec, run, jar_id, restore)
    held.commit(open=None, phase=Phase.DEPLOYED, since=shop.clock.now())
    return run


def _submit(
    shop: Workshop, spec: SessionJobSpec, run: Run, jar_id: str, restore: RestorePoint | None
) -> None:
    flink = shop.flink(spec.cluster)
    path = restore.path if restore else None
    try:
        flink.run_jar(jar_id, run.job_id, program(spec), path)
    except FlinkUnreachable as error:
        if not submitted(shop, flink, run.job_id):
            raise StepFailed(
                f"the answer to the submission of {run.job_id} was lost ({error}), and the job "
                f"does not show up: run `pulumi up` again, which looks before it submits"
            ) from error
    except FlinkError as error:
        if error.status != 404 and _jar_is_missing(flink, jar_id):
            flink.run_jar(ensure_jar(flink, spec, run.jar), run.job_id, program(spec), path)
            return
        raise StepFailed(error.cause) from error


def _jar_is_missing(flink: FlinkClient, jar_id: str) -> bool:
    return jar_id not in flink.jars()


def submitted(shop: Workshop, flink: FlinkClient, job_id: str) -> bool:
    """Looks whether a submission whose answer was lost has arrived; waits a little for it."""

    def read() -> bool:
        try:
            flink.status(job_id)
        except (FlinkNotFound, FlinkUnreachable):
            return False
        return True

    return poll(shop.clock, read, bool, _LOOK_SECONDS)[1]


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
