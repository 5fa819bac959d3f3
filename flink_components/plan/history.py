"""The history of a job's restore points: what is in it, and what may be disposed of."""

from collections.abc import Collection, Iterable

from flink_components.flink.answers import same_path
from flink_components.plan.record import History, Record, Switch, Taken
from flink_components.spec.job import Retention

KEPT_ENTRIES = 200
KEPT_SWITCHES = 50


def with_points(history: History, points: Iterable[Taken]) -> History:
    """The history with these points too, each place once, oldest first; the oldest drop out."""
    known = {point.path: point for point in history.points}
    known.update({point.path: point for point in points if point.path not in known})
    ordered = sorted(known.values(), key=lambda point: point.at)
    return history.model_copy(update={"points": tuple(ordered[-KEPT_ENTRIES:])})


def with_switch(history: History, switch: Switch) -> History:
    """The history with one more switch; the oldest drop out."""
    return history.model_copy(update={"switches": (*history.switches, switch)[-KEPT_SWITCHES:]})


def without_files(history: History, paths: Collection[str], now: float) -> History:
    """The history after the files of some points were disposed of."""
    points = tuple(
        point.model_copy(update={"disposed_at": now}) if point.path in paths else point
        for point in history.points
    )
    return history.model_copy(update={"points": points})


def in_use(record: Record) -> set[str]:
    """Places from which the job has started, or would start again."""
    runs = [run.restored_from for run in (record.run, record.stable) if run is not None]
    restore = record.restore.path if record.restore else None
    return {path for path in (*runs, restore) if path is not None}


def disposable(
    history: History, used: Collection[str], retention: Retention, now: float
) -> list[Taken]:
    """Savepoints that are too many or too old, oldest first.

    Never the newest, one in use, one that was not taken by our own stops, that of a
    SavepointSnapshot, or a checkpoint.
    """
    ours = [
        point
        for point in history.points
        if point.ours
        and point.snapshot is None
        and point.kind == "savepoint"
        and point.disposed_at is None
    ]
    newest_first = sorted(ours, key=lambda point: point.at, reverse=True)
    too_many = newest_first[retention.count :] if retention.count is not None else []
    limit = now - retention.age.seconds if retention.age is not None else None
    too_old = [p for p in newest_first[1:] if limit is not None and p.at < limit]
    found = {point.path: point for point in (*too_many, *too_old)}
    return sorted(
        (p for p in found.values() if not any(same_path(p.path, path) for path in used)),
        key=lambda point: point.at,
    )
