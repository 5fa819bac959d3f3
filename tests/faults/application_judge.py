"""Whether an application is as it was declared, whatever was done to the processes behind it."""

from __future__ import annotations

from collections.abc import Iterator

from flink_components.plan.go import is_stopping
from flink_components.plan.record import Phase, Record
from tests.faults import judge
from tests.faults.operations import Operation
from tests.faults.struck_application import StruckApplication as App
from tests.lifecycle.kubernetes import until

_PODS_END_SECONDS = 30.0
_GUARDS_SECONDS = 30.0
# what belongs to a removed object is collected by Kubernetes, some time later
_COLLECTED_SECONDS = 30.0


def problems(app: App, operation: Operation[App]) -> list[str]:
    """What is not as it has to be after the operation, one line each."""
    record = app.record
    return [
        *judge.standing(app, record, operation),
        *_objects(app, record, operation),
        *judge.output(app, operation),
        *judge.savepoints(app, record),
    ]


def left_alone(app: App) -> None:
    """Gives the guards the time to do what they do when nobody is there to go on."""
    ledger = app.ledger
    if ledger.read() is not None:
        until("the guards", _GUARDS_SECONDS, lambda: not is_stopping(ledger.annotations()))


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

    def as_allowed() -> bool:
        found = set(app.revisions())
        return found <= set(allowed) and (not allowed or set(active) <= found)

    try:
        until("objects of what may run", _COLLECTED_SECONDS, as_allowed)
    except AssertionError:
        yield f"there are objects of {app.revisions()}, and should be of {allowed}"
