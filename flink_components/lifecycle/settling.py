"""Finishes what an earlier process has begun and not recorded: it died, or lost an answer."""

from contextlib import suppress

from flink_components.flink.errors import FlinkNotFound
from flink_components.lifecycle.errors import StepFailed
from flink_components.lifecycle.guards import claimed, withdrawn
from flink_components.lifecycle.rescaling import go_on_rescaling
from flink_components.lifecycle.savepoints import finish_savepoint
from flink_components.lifecycle.stopping import finish_cancel, finish_stop
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Phase, Run, Step
from flink_components.spec.job import StopSpec

_ARRIVAL_SECONDS = 10.0


def settle(shop: Workshop, held: HeldRecord, spec: StopSpec) -> None:
    """Finishes the open step, if there is one. Raises StepFailed where it failed."""
    step, run = held.record.open, held.record.run
    if step is None:
        return
    if run is None or run.job_id != step.job_id:
        held.commit(open=None)
        return
    shop.say(f"an earlier {step.what} of {step.job_id} was left open: looking")
    if step.what == "stop":
        finish_stop(shop, held, spec, run, step)
    elif step.what == "savepoint":
        with suppress(StepFailed):
            finish_savepoint(shop, held, spec, run, step)
    elif step.what == "cancel":
        held.fence()
        finish_cancel(shop, held, spec, run, step)
    elif step.what == "rescale":
        go_on_rescaling(shop, held, spec, step)
    else:
        _settle_submit(shop, held, run, step)


def _settle_submit(shop: Workshop, held: HeldRecord, run: Run, step: Step) -> None:
    """The submission arrived, or it does not show up.

    Then the same attempt is tried again, with the same job id, which Flink takes only once. That of
    an application is withdrawn, and never shows up after that.
    """
    if run.guarded:
        if claimed(shop, held, run, _ARRIVAL_SECONDS) or not withdrawn(held, run):
            held.commit(open=None, phase=Phase.DEPLOYED)
        return
    if _arrived(shop, run):
        held.commit(open=None, phase=Phase.DEPLOYED)
        return
    held.commit(open=None, unsure=step, phase=Phase.FAILED)


def _arrived(shop: Workshop, run: Run) -> bool:
    """Raises FlinkUnreachable where nobody can say."""
    flink = shop.flink(run.cluster)

    def read() -> bool:
        try:
            flink.status(run.job_id)
        except FlinkNotFound:
            return False
        return True

    return poll(shop.clock, read, bool, _ARRIVAL_SECONDS)[1]
