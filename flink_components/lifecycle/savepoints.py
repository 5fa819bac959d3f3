"""Savepoints of a job that runs on."""

from flink_components.flink.errors import FlinkError
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.history import noted
from flink_components.lifecycle.observing import observe
from flink_components.lifecycle.triggers import new_step, result_of, send
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import RestorePoint, Run, Step
from flink_components.spec.job import StopSpec


def take_savepoint(
    shop: Workshop, held: HeldRecord, spec: StopSpec, why: str, snapshot: str | None = None
) -> RestorePoint:
    """Takes a savepoint of the job, which runs on, and records where it is.

    Raises Refused where the job can't take one, StepFailed with Flink's cause.
    """
    run = held.record.run
    if run is None:
        raise Refused(
            f"{spec.key} has never run, so there is nothing to save: start it by `pulumi up`"
        )
    seen = observe(shop, run)
    if seen.state != "RUNNING":
        state = seen.state or seen.problem or "not known to its JobManager"
        raise Refused(f"{spec.key} is {state}, so it can't take a savepoint")
    step = new_step(shop, spec, run, "savepoint", why).model_copy(update={"snapshot": snapshot})
    held.commit(open=step)
    shop.say(f"taking a savepoint of {run.job_id}")
    try:
        step = send(shop.flink(run.cluster), held, spec, step)
    except FlinkError as error:
        held.commit(open=None)
        raise StepFailed(f"the savepoint of {spec.key} failed: {error.cause}") from error
    return finish_savepoint(shop, held, spec, run, step)


def finish_savepoint(
    shop: Workshop, held: HeldRecord, spec: StopSpec, run: Run, step: Step
) -> RestorePoint:
    """Reads the result to its end, also of a request that another process has sent."""
    result = result_of(shop, shop.flink(run.cluster), held, spec, step)
    if result is None:
        raise StepFailed(
            f"no result of the savepoint of {run.job_id} within {spec.deadlines.savepoint}: it "
            f"may still complete in {step.directory}; run this again, which goes on from there"
        )
    if result.location is None:
        held.commit(open=None)
        raise StepFailed(f"the savepoint of {spec.key} failed: {result.failure}")
    point = RestorePoint(
        path=result.location,
        kind="savepoint",
        at=shop.clock.now(),
        job_id=run.job_id,
        revision=run.revision,
        attempt=run.attempt,
    )
    held.commit(open=None, **noted(held, spec, point, run, step, step.why))
    shop.say(f"savepoint complete: {point.path}")
    return point
