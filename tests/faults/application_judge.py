"""Whether an application is as it was declared, whatever was done to the processes behind it."""

from __future__ import annotations

from collections.abc import Iterator

from examples.jobs.check import check
from flink_components.flink.answers import same_path
from flink_components.lifecycle.history import book_of
from flink_components.plan.go import is_stopping
from flink_components.plan.record import Phase, Record
from tests.faults.operations import Operation
from tests.faults.struck_application import StruckApplication as App
from tests.lifecycle.kubernetes import until

_PODS_END_SECONDS = 30.0
_GUARDS_SECONDS = 30.0


def problems(app: App, operation: Operation[App]) -> list[str]:
    """What is not as it has to be after the operation, one line each."""
    record = app.record
    return [
        *_standing(app, record, operation),
        *_objects(app, record, operation),
        *_output(app, operation),
        *_savepoints(app, record),
    ]


def left_alone(app: App) -> None:
    """Gives the guards the time to do what they do when nobody is there to go on."""
    ledger = app.ledger
    if ledger.read() is not None:
        until("the guards", _GUARDS_SECONDS, lambda: not is_stopping(ledger.annotations()))


def _standing(app: App, record: Record, operation: Operation[App]) -> Iterator[str]:
    wanted = [record.run.job_id] if operation.runs and record.run else []
    running = app.running()
    if running != wanted:
        yield f"{running} run, and {wanted} should"
    if record.phase is not operation.phase:
        yield f"the ledger says {record.phase.value}, not {operation.phase.value}"
    if record.open is not None:
        yield f"a step is open: {record.open.what}"


def _objects(app: App, record: Record, operation: Operation[App]) -> Iterator[str]:
    """Pods only of what runs; objects only of what may run again, or has just failed."""
    active = [str(record.run.revision)] if record.run else []
    pods = set(active) if operation.runs else set()
    try:
        until("pods of what runs alone", _PODS_END_SECONDS, lambda: set(app.pods()) == pods)
    except AssertionError:
        yield f"there are pods of {app.pods()}, and should be of {sorted(pods)}"
    allowed = [] if record.deleted else active
    rolled_back = record.run is not None and record.run.rolled_back_from is not None
    if record.phase is Phase.ROLLED_BACK or rolled_back:
        allowed = [*allowed, *record.revisions]
    found = app.revisions()
    if not set(found) <= set(allowed) or (allowed and not set(active) <= set(found)):
        yield f"there are objects of {found}, and should be of {allowed}"


def _output(app: App, operation: Operation[App]) -> Iterator[str]:
    report = app.goes_on() if operation.runs else check(app.output)
    if not report.ok:
        yield str(report)


def _savepoints(app: App, record: Record) -> Iterator[str]:
    """Each one that is complete is known, so that none is lost."""
    known = [point.path for point in (*book_of(app.ledger).read().points, *record.unlisted)]
    for metadata in (app.savepoints / app.key).glob("**/_metadata"):
        if not any(same_path(path, metadata.parent.as_uri()) for path in known):
            yield f"no history has {metadata.parent}"
