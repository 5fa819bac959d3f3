"""Savepoints that somebody asked for by name: taken once, and outliving the job."""

from flink_components.flink.answers import same_path
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.history import book_of, disposed, write_down
from flink_components.lifecycle.history_file import copy_history
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.savepoints import take_savepoint
from flink_components.lifecycle.settling import settle
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.history import in_use
from flink_components.plan.record import Record, Taken
from flink_components.spec.job import StopSpec


def snapshot(shop: Workshop, ledger: Ledger[Record], spec: StopSpec, name: str) -> Taken:
    """The savepoint called `name` of the job; taken now where there is none yet.

    Raises Locked, Refused where the job can't take one, StepFailed with Flink's cause.
    """
    with ledger.lock(f"snapshot {name} of {ledger.key}", spec.deadlines.savepoint.seconds) as held:
        settle(shop, held, spec)
        found = find(held, ledger, name)
        if found is None:
            take_savepoint(shop, held, spec, "asked for", name)
            found = find(held, ledger, name)
        write_down(shop, held, ledger)
    if found is None:
        raise StepFailed(f"the snapshot {name} of {ledger.key} was taken and is not in its history")
    return found


def find(held: HeldRecord, ledger: Ledger[Record], name: str) -> Taken | None:
    """The line of a snapshot, also one that the history does not have yet."""
    points = (*book_of(ledger).read().points, *held.record.unlisted)
    named = [point for point in points if point.snapshot == name and point.disposed_at is None]
    return named[-1] if named else None


def dispose_of(shop: Workshop, ledger: Ledger[Record], name: str) -> str:
    """Removes the files of a snapshot, by Flink. In words what was done.

    Raises Refused where the job runs from it or would go on from it.
    """
    with ledger.lock(f"disposal of {name} of {ledger.key}") as held:
        write_down(shop, held, ledger)
        found, run = find(held, ledger, name), held.record.run
        if found is None or run is None:
            return "nothing of it is left"
        if any(same_path(found.path, path) for path in in_use(held.record)):
            raise Refused(
                f"the job {ledger.key} runs from {found.path}, or would go on from it: keep it "
                f'with on_delete="retain", or upgrade the job first'
            )
        held.fence()
        if not disposed(shop, run, found.path):
            raise StepFailed(f"Flink did not remove {found.path}: run this again")
        history = book_of(ledger).dispose([found.path], shop.clock.now())
        not_copied = copy_history(history, run.savepoint_dir)
        if not_copied:
            shop.say(not_copied)
        return f"removed {found.path}"
