"""Takes a job that someone else has started under management, without a restart."""

from flink_components.flink.answers import ENDED, JobStatus
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.ledger import Ledger, records
from flink_components.lifecycle.wish import Wish
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Adopted, Phase, Record, Run
from flink_components.spec.job import SessionJobSpec
from flink_components.spec.ref import JobRef

_LISTED = 10


def adopt(shop: Workshop, held: HeldRecord, ledger: Ledger[Record], wish: Wish) -> None:
    """Writes the job that `adopt` names into a ledger that knows no run; else does nothing.

    Raises Refused, and the job is left alone.
    """
    after = to_adopt(shop, ledger, wish, held.record)
    if after is not None and after.adopted is not None:
        names = ("run", "stable", "attempts", "phase", "adopted")
        changes = {name: getattr(after, name) for name in names}
        held.commit(**changes, since=shop.clock.now())
        shop.say(f"adopted {after.adopted.job_id} ({after.adopted.name}), which runs on")
    if _just_adopted(held.record):
        _give_back_if_taken(held, ledger)


def _just_adopted(record: Record) -> bool:
    """Nothing was done with the job yet, not even by a process that died."""
    run, adopted = record.run, record.adopted
    same = run is not None and adopted is not None and run.job_id == adopted.job_id
    return same and record.phase is Phase.DEPLOYED and record.open is None


def _give_back_if_taken(held: HeldRecord, ledger: Ledger[Record]) -> None:
    """Another key may have taken the job at the same time: one of the two at least sees it."""
    if held.record.adopted is None:
        return
    try:
        _check_free(ledger, held.record.adopted.job_id)
    except Refused:
        held.commit(run=None, stable=None, adopted=None, phase=Phase.CREATED)
        raise


def to_adopt(
    shop: Workshop, ledger: Ledger[Record], wish: Wish, record: Record | None
) -> Record | None:
    """The record with the job that is to be adopted; None where none is, or it was before.

    Raises Refused where that job can't be had.
    """
    spec, ref = wish.spec, wish.spec.adopt
    if ref is None:
        return None
    if record is not None and record.run is not None:
        _check_same(shop, spec, ref, record, record.run)
        return None
    if spec.restore_from is not None:
        raise Refused(
            "adopt goes on with a job that runs, and restore_from would start another from "
            f"{spec.restore_from}: remove one of the two"
        )
    job = _find(shop, spec, ref)
    _check_free(ledger, job.id)
    record = record or Record(key=spec.key)
    # as if the declared program had been started, but not stateless: it may well have state
    run = wish.run(1, record.attempts + 1, job.id, shop.clock.now())
    return record.adopting(run, Adopted(job_id=job.id, name=job.name))


def _check_same(
    shop: Workshop, spec: SessionJobSpec, ref: JobRef, record: Record, run: Run
) -> None:
    """A job that has a run goes on with it: the reference must be to it, or to its beginning."""
    adopted = record.adopted
    if adopted is not None and ref.name == adopted.name:
        return
    if ref.job_id is not None and ref.job_id in (run.job_id, adopted and adopted.job_id):
        return
    if ref.name is not None and any(
        job.id == run.job_id and job.name == ref.name for job in shop.flink(run.cluster).jobs()
    ):
        return
    raise Refused(
        f"adopt names the job {ref}, and {record.key} has a run of its own already, "
        f"{run.job_id}: remove adopt, or declare another job for the one that it names"
    )


def _find(shop: Workshop, spec: SessionJobSpec, ref: JobRef) -> JobStatus:
    """The one job that is meant. Raises Refused where there is none, several, or it is ill."""
    jobs = shop.flink(spec.cluster).jobs()
    live = [job for job in jobs if job.state not in ENDED]
    found = [job for job in jobs if job.id == ref.job_id]
    if ref.name is not None:
        found = [job for job in live if job.name == ref.name]
    if not found:
        raise Refused(f"adopt: there is no job {ref} on {spec.cluster.key}; {_what_runs(live)}")
    if len(found) > 1:
        raise Refused(
            f"adopt: {len(found)} jobs on {spec.cluster.key} have the name {ref}: give the job_id "
            f"of one of them: {', '.join(job.id for job in found)}"
        )
    (job,) = found
    if job.state != "RUNNING":
        raise Refused(
            f"adopt: the job {job.id} ({job.name}) is {job.state}, and only one that is RUNNING "
            f"can be adopted; {_what_runs(live)}"
        )
    return job


def _what_runs(jobs: list[JobStatus]) -> str:
    if not jobs:
        return "what runs there: nothing"
    shown = [f"{job.id} ({job.name})" for job in jobs[:_LISTED]]
    more = f" and {len(jobs) - _LISTED} more" if len(jobs) > _LISTED else ""
    return f"what runs there: {', '.join(shown)}{more}"


def _check_free(ledger: Ledger[Record], job_id: str) -> None:
    """No other key of the namespace manages the job. Raises Refused with the key that does."""
    for record in records(ledger.api, ledger.namespace, "job", Record):
        if record.key == ledger.key or record.run is None or record.run.job_id != job_id:
            continue
        raise Refused(
            f"adopt: the job {job_id} is that of the key {record.key}: declare it under that key, "
            f"with adopt=True where another stack manages it"
        )
