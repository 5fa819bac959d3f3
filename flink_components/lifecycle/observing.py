"""What a cluster really says about a job."""

from dataclasses import replace

from flink_components.flink.answers import ENDED, Checkpoint, Checkpoints
from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.failures import known_failure
from flink_components.lifecycle.standing import down
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import Workshop
from flink_components.plan.decision import Seen
from flink_components.plan.record import RUNS, Record, Run

_LOOKS_FOR_A_LATER_ONE = 2
_STARTS_SECONDS = 30.0
_TAKES_OVER_SECONDS = 120.0
_ABOUT_TO_RUN = ("INITIALIZING", "CREATED", "RECONCILING")


def observe(shop: Workshop, run: Run, fresh: bool = False) -> Seen:
    """The state of the run's job and its latest checkpoint that outlives it; never raises.

    `fresh`: wait until Flink's cache can't show an older checkpoint than the latest.
    """
    try:
        flink = shop.flink(run.cluster)
        checkpoints = shop.beside(lambda: _checkpoints(shop, flink, run, fresh))
        state = flink.status(run.job_id)
        found = checkpoints.result()
        return Seen(
            reached=True,
            state=state,
            checkpoint=_kept_checkpoint(flink, run, state, found.newest),
            completed=found.count,
            restored=found.restored,
            problem=_why_failed(shop, flink, run, state),
            at=shop.clock.now(),
        )
    except FlinkNotFound:
        return _without_job(shop, run, Seen(reached=True, at=shop.clock.now()))
    except FlinkUnreachable as error:
        return _without_job(shop, run, Seen(reached=error.status == 404, problem=str(error)))
    except (FlinkError, AccessError, KubeError) as error:
        return Seen(reached=False, problem=str(error))


def _without_job(shop: Workshop, run: Run, seen: Seen) -> Seen:
    """Of an application nobody knows more than that, but where nothing of it can run.

    That its bounded work is done, or that it failed before its first checkpoint, its JobManager
    may have said before it ended.
    """
    if not run.guarded:
        return seen
    found = down(shop, run)
    if found is None:
        return Seen(reached=False, problem=seen.problem or "its JobManager has no job yet")
    return Seen(reached=True, state=found.ended, problem=found.why, at=shop.clock.now())


def _checkpoints(shop: Workshop, flink: FlinkClient, run: Run, fresh: bool) -> Checkpoints:
    if fresh:
        shop.clock.sleep(flink.refresh_interval())
    found = flink.checkpoints(run.job_id)
    for _ in range(_LOOKS_FOR_A_LATER_ONE):
        if not found.replaced:
            break
        shop.clock.sleep(flink.refresh_interval())
        found = flink.checkpoints(run.job_id)
    return found


def observe_recorded(shop: Workshop, record: Record) -> Seen:
    """What became of the run of a record; where another's doing has ended it, as `up` will find it.

    A savepoint with which someone has just stopped it is not in Flink's cache yet, and without one
    it is at the end of its work.
    """
    if record.run is None:
        return Seen(reached=True)
    seen = observe(shop, record.run)
    if seen.state in ENDED and record.phase in RUNS:
        return observe(shop, record.run, fresh=True)
    return seen


def observe_latest(shop: Workshop, run: Run) -> Seen:
    """The same; of a job that has ended, the checkpoint is certainly its last.

    The JobManager of an application that is about to start, or to recover, is waited for, and so is
    the next one that leads where JobManagers stand by. Either has the job's tasks running then: a
    savepoint would fail until that is so.
    """
    seconds = _STARTS_SECONDS if run.guarded else 0.0
    if run.cluster.get("leader"):
        seconds = _TAKES_OVER_SECONDS
    seen, _ = poll(
        shop.clock,
        lambda: observe(shop, run),
        lambda s: s.reached and s.state not in _ABOUT_TO_RUN and not _deploys(shop, run, s),
        seconds,
    )
    return observe(shop, run, fresh=True) if seen.state in ENDED else seen


def _deploys(shop: Workshop, run: Run, seen: Seen) -> bool:
    """Whether a JobManager may just have taken the job over or back: not all of its tasks run."""
    if not (run.guarded or run.cluster.get("leader")) or seen.state != "RUNNING":
        return False
    try:
        job = shop.flink(run.cluster).job(run.job_id)
    except (FlinkError, AccessError, KubeError):
        return True
    return job.vertices_running + job.vertices_finished < job.vertices


def with_scaling(shop: Workshop, run: Run, seen: Seen) -> Seen:
    """What was seen, and whether Flink can change the parallelism of the job while it runs."""
    try:
        flink = shop.flink(run.cluster)
        rescalable = seen.state == "RUNNING" and flink.requirements(run.job_id) is not None
        recovers = rescalable and _recovers(shop, flink, run)
        return replace(seen, rescalable=rescalable, recovers=recovers)
    except (FlinkError, AccessError, KubeError):
        return replace(seen, rescalable=False)


def _recovers(shop: Workshop, flink: FlinkClient, run: Run) -> bool:
    """Flink never goes back to a savepoint that was taken meanwhile, only to a checkpoint.

    Without an interval the latest one may be of any age. The first one may be younger than what
    Flink answers from its cache.
    """
    if flink.checkpoint_config(run.job_id).interval_ms is None:
        return False
    if flink.checkpoints(run.job_id).recovers:
        return True
    shop.clock.sleep(flink.refresh_interval())
    return flink.checkpoints(run.job_id).recovers


def _why_failed(shop: Workshop, flink: FlinkClient, run: Run, state: str) -> str:
    return known_failure(shop, flink, run.job_id) if state == "FAILED" else ""


def _kept_checkpoint(
    flink: FlinkClient, run: Run, state: str, newest: Checkpoint | None
) -> Checkpoint | None:
    """The newest one, where a cancel (or the end that the job had) leaves its files."""
    if newest is None or newest.savepoint:
        return newest
    kept = flink.checkpoint_config(run.job_id).kept_on_cancel
    return newest if kept or state == "FAILED" else None
