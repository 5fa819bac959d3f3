"""How jobs and their histories look on a terminal; the same values are the JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from rich.console import Console
from rich.table import Table

from flink_components.lifecycle.by_hand import Lock
from flink_components.plan.record import History, Record, Switch, Taken


def when(at: float) -> str:
    """A moment as a person reads it, in UTC."""
    if not at:
        return ""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def row(record: Record) -> dict[str, Any]:
    """One job in a list."""
    run = record.run
    return {
        "key": record.key,
        "state": "deleted" if record.deleted else record.phase.value,
        "since": when(record.since),
        "revision": run.revision if run else None,
        "cluster": f"{run.cluster['key']} r{run.cluster['revision']}" if run else None,
        "reason": record.reason or None,
    }


def facts(record: Record, flink: str, lock: Lock | None) -> dict[str, Any]:
    """All that is known of one job."""
    run, step = record.run, record.open
    return {
        **row(record),
        "flink": flink,
        "job id": run.job_id if run else None,
        "attempt": run.attempt if run else None,
        "restored from": run.restored_from if run else None,
        "rolled back": f"by hand from revision {run.rolled_back_from}"
        if run and run.rolled_back_from
        else None,
        "last switch": switched(record.last_switch) if record.last_switch else None,
        "restore point": record.restore.path if record.restore else None,
        "state lost": [
            f"{when(loss.at)} {loss.operator} ({loss.version}): {loss.reason}"
            for loss in reversed(record.accepted)
        ],
        "unfinished": f"{step.what} since {when(step.since)}" if step else None,
        "locked by": f"{lock.holder} (renewed {lock.age:.0f} s ago)" if lock else None,
        "managed by": record.owner.stack if record.owner else None,
        "failures": [
            f"{when(failure.at)} r{failure.revision}: {failure.reason}"
            for failure in reversed(record.failures)
        ],
    }


def switched(switch: Switch) -> str:
    """How the last start of an application went."""
    down = "" if switch.down is None else f", down for {switch.down:.1f} s"
    return (
        f"{when(switch.at)} to attempt {switch.attempt} in {sum(switch.steps.values()):.1f} s{down}"
    )


def started(record: Record) -> dict[str, Any]:
    """What a start by hand has come to."""
    run = record.run
    return {
        "key": record.key,
        "state": record.phase.value,
        "revision": run.revision if run else None,
        "job id": run.job_id if run else None,
        "restored from": run.restored_from if run else None,
    }


def point(taken: Taken) -> dict[str, Any]:
    """One restore point."""
    return {
        "at": when(taken.at),
        "kind": taken.kind,
        "revision": taken.revision,
        "flink": taken.flink_version,
        "why": taken.why,
        "by": taken.by,
        "name": taken.snapshot,
        "disposed": when(taken.disposed_at or 0.0) or None,
        "location": taken.path,
    }


def told(history: History) -> list[dict[str, Any]]:
    """A history, newest first: restore points, and how each switch of an application went."""
    rows = [(taken.at, point(taken)) for taken in history.points]
    if history.switches:
        rows = [(at, _measured(row, None, None)) for at, row in rows]
        rows += [(one.at, _switch(one)) for one in history.switches]
    return [row for _, row in sorted(rows, key=lambda each: each[0], reverse=True)]


def _switch(switch: Switch) -> dict[str, Any]:
    """A switch as a row beside restore points."""
    steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in switch.steps.items())
    row = dict.fromkeys(point(Taken(path="", kind="given", at=switch.at)))
    row |= {"at": when(switch.at), "kind": "switch", "revision": switch.revision}
    row["why"] = f"attempt {switch.attempt}: {steps}"
    return _measured(row, switch.down_ms, switch.size)


def _measured(row: dict[str, Any], down_ms: int | None, size: int | None) -> dict[str, Any]:
    """A row with how long nothing ran and how large the savepoint was, before its location."""
    location = row.pop("location")
    return {**row, "down ms": down_ms, "bytes": size, "location": location}


def show(what: Any, as_json: bool, text: Callable[[Any], None]) -> None:
    """A value as JSON, or as `text` prints it."""
    if as_json:
        print(json.dumps(what, indent=2))
    else:
        text(what)


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with a head, as wide as they need to be."""
    console = Console(width=None if Console().is_terminal else 400)
    if not rows:
        console.print("nothing found")
        return
    shown = Table(box=None, pad_edge=False)
    for name in rows[0]:
        shown.add_column(name, overflow="fold")
    for found in rows:
        shown.add_row(*("" if value is None else str(value) for value in found.values()))
    console.print(shown)


def lines(values: Mapping[str, Any]) -> None:
    """One fact a line; what is not there is left out."""
    for name, value in values.items():
        if value in (None, [], ""):
            continue
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            print(f"{name if number == 0 else '':<14} {item}")
