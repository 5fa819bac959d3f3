"""Whether a job is as it was declared, whatever was done to the processes that worked on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from examples.jobs.check import check
from flink_components.flink.answers import same_path
from flink_components.flink.jar import content
from flink_components.lifecycle.history import book_of
from flink_components.plan.record import Record
from tests.faults.operations import Operation
from tests.faults.struck_application import StruckApplication
from tests.faults.struck_job import StruckJob

Struck = StruckJob | StruckApplication


def problems(job: StruckJob, operation: Operation[StruckJob]) -> list[str]:
    """What is not as it has to be after the operation, one line each."""
    record = job.record
    return [
        *standing(job, record, operation),
        *output(job, operation),
        *savepoints(job, record),
        *_jars(job, record),
    ]


def standing(job: Struck, record: Record, operation: Operation[Any]) -> Iterator[str]:
    """What runs, and what the ledger says of it."""
    wanted = [record.run.job_id] if operation.runs and record.run else []
    running = job.running()
    if running != wanted:
        yield f"{running} run, and {wanted} should"
    if record.phase is not operation.phase:
        yield f"the ledger says {record.phase.value}, not {operation.phase.value}"
    if record.open is not None:
        yield f"a step is open: {record.open.what}"


def output(job: Struck, operation: Operation[Any]) -> Iterator[str]:
    """Every record is counted once."""
    report = job.goes_on() if operation.runs else check(job.output)
    if not report.ok:
        yield str(report)


def savepoints(job: Struck, record: Record) -> Iterator[str]:
    """Each one that is complete is known, so that none is lost."""
    known = [point.path for point in (*book_of(job.ledger).read().points, *record.unlisted)]
    for metadata in (job.savepoints / job.key).glob("**/_metadata"):
        if not any(same_path(path, metadata.parent.as_uri()) for path in known):
            yield f"no history has {metadata.parent}"


def _jars(job: StruckJob, record: Record) -> Iterator[str]:
    """Of the jars that only this job needs, one that it does not need any more may be left."""
    own = {content(str(path)) for path in Path(job.folder).glob("*.jar")}
    there = [jar.rpartition("fc-")[2].removesuffix(".jar") for jar in job.flink.jars()]
    left = [jar for jar in there if jar in own and jar not in record.jars_in_use]
    if len(left) > 1:
        yield f"{len(left)} jars are left that nothing needs"
