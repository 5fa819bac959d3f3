"""Where a job stands, as its resource shows it and as its ledger says.

What asks Flink is loaded by what needs it: the preview of an unchanged job does not.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from pulumi.dynamic import DiffResult

from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.drift import drifted
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.ledger import records
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Phase, Record, Run, Switch
from flink_components.providers import process
from flink_components.spec.connection import Connection
from flink_components.spec.job import JobSpec, WantedState

AS_DECLARED = "none"
_LEDGERS_SECONDS = 15.0


def compared(
    olds: Any, news: Any, is_changed: bool, is_unfinished: Callable[[Any, Any], bool]
) -> DiffResult:
    """The difference of a job's resource: changed inputs, or a job that is not as it was declared.

    `is_unfinished` asks its ledger, and only where nothing else has changed.
    """
    replaces = ["key"] if olds.get("key") != news.get("key") else []
    if is_changed:
        return DiffResult(changes=None, replaces=replaces)
    if olds.get("drift", AS_DECLARED) != AS_DECLARED or is_unfinished(olds, news):
        return DiffResult(changes=True, replaces=replaces)
    changed_row = any(olds.get(name) != news.get(name) for name in ("urn", "stack"))
    return DiffResult(changes=None if changed_row else False, replaces=replaces)


def standing(record: Record | None, drift: str) -> dict[str, str]:
    """Where the job stands, why, and since when; the latter is empty for what a refresh found."""
    phase = record.phase if record else Phase.LOST
    if drift != AS_DECLARED:
        state, _, why = drift.partition(": ")
        return {
            "phase": state if why else phase.value,
            "reason": why or state,
            "since": _time(record.since) if record and state == phase.value else "",
        }
    return {
        "phase": phase.value,
        "reason": record.reason if record else "",
        "since": _time(record.since) if record else "",
    }


def running(record: Record | None) -> dict[str, Any]:
    """What the ledger says of the attempt that runs, or ran last."""
    if record is None or record.run is None:
        return {}
    run = record.run
    return {
        "job_id": run.job_id,
        "attempt": run.attempt,
        "restored_from": run.restored_from or "",
        "restore_point": record.restore.path if record.restore else "",
        "last_switch": _measured(record.last_switch),
    }


def _measured(switch: Switch | None) -> dict[str, Any]:
    """How the last start went; empty where nobody has measured it. Absent: nothing ran before."""
    if switch is None:
        return {}
    found = {
        "revision": switch.revision,
        "attempt": switch.attempt,
        "steps": switch.steps,
        "down_ms": switch.down_ms,
        "savepoint_bytes": switch.size,
    }
    return {name: value for name, value in found.items() if value is not None}


def looked_at(
    shop: Workshop, spec: JobSpec, fingerprint: str, urn: str
) -> tuple[Record | None, str] | None:
    """The record and the drift of a job; None where the ledger says that it was deleted."""
    from flink_components.lifecycle.observing import observe_recorded

    record = shop.ledger(spec.cluster.connection, spec.namespace, spec.key).read()
    if record is not None and record.deleted:
        return None
    seen = observe_recorded(shop, record) if record and record.run else None
    if seen is not None and not seen.reached:
        process.warn(f"{spec.key}: Flink can't be asked: {seen.problem}", urn)
    return record, drifted(record, seen, fingerprint, spec.state) or AS_DECLARED


def refuse_to_leave(shop: Workshop, spec: JobSpec, run: Run | None) -> None:
    """What runs is ended by the anchor, if its ledger is there; else it may not. Raises Refused."""
    from flink_components.lifecycle.observing import observe

    if run is None or shop.ledger(spec.cluster.connection, spec.namespace, spec.key).read():
        return
    if observe(shop, run).active:
        raise Refused(
            f"the ledger of {spec.key} is not there, and {run.job_id} still runs: "
            f"`pulumi up` makes the ledger again, then `pulumi destroy` ends the job"
        )


def left_unfinished(
    connection: Connection, namespace: str, key: str, fingerprint: str, olds: Any, urn: str
) -> bool:
    """The ledger says that an earlier run of the tool did not come to its end."""
    try:
        record = _LEDGERS.get(connection, namespace).get(key)
    except (KubeError, AccessError) as error:
        process.warn(
            f"{key}: the ledger can't be read, so whether the job is as it was left "
            f"can't be said: {error}",
            urn,
        )
        return False
    return bool(drifted(record, None, fingerprint, wanted(olds)))


def wanted(spec: Mapping[str, Any]) -> WantedState:
    """Whether the job shall run."""
    return WantedState(spec.get("state") or WantedState.RUNNING)


def _time(seconds: float) -> str:
    """ISO 8601 in UTC; empty where it is not known."""
    if not seconds:
        return ""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Ledgers:
    """All ledgers of a namespace by one list call, for the short time of a preview or up."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._found: dict[str, tuple[float, dict[str, Record]]] = {}

    def get(self, connection: Connection, namespace: str) -> dict[str, Record]:
        """The records by key."""
        name = f"{namespace} {connection.model_dump_json()}"
        with self._mutex:
            read_at, found = self._found.get(name, (0.0, {}))
            if time.monotonic() - read_at > _LEDGERS_SECONDS or not read_at:
                api = process.ACCESS.api(connection)
                found = {r.key: r for r in records(api, namespace, "job", Record)}
                self._found[name] = (time.monotonic(), found)
            return found


_LEDGERS = _Ledgers()
