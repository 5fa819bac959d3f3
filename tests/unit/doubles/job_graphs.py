"""Job graphs and snapshots in a few words: operators by their uids."""

from __future__ import annotations

from typing import Any

from flink_components.flink.job_graph import JobGraph, Operator, Source
from flink_components.flink.metadata.contents import OperatorState, Snapshot
from flink_components.flink.operator_ids import id_of_uid

GIB = 1 << 30


def operator(called: str, *reads: str, **fields: Any) -> Operator:
    """An operator with a uid, which reads from others; `id=…` for one without."""
    own = {"id": id_of_uid(called), "uid": called, "name": called, "parallelism": 2} | fields
    inputs = tuple(one if len(one) == 32 else id_of_uid(one) for one in reads)
    return Operator.model_validate({"inputs": inputs, "head": own["id"], **own})


def graph(*operators: Operator, version: str = "1.20.3", **fields: Any) -> JobGraph:
    """A graph that the driver has read."""
    values: dict[str, Any] = {
        "flink_version": version,
        "source": Source.DRIVER,
        "jar": "dedup-4.2.0.jar",
        "jar_content": "9f2c" * 8,
        "jar_sha256": "1c9e" * 16,
        "program": "77b0" * 4,
    }
    return JobGraph(**(values | fields), operators=operators)


def entry(called: str, size: int = GIB, **fields: Any) -> OperatorState:
    """Keyed state of an operator with this uid, of which Flink 1.20 stores the id alone."""
    values: dict[str, Any] = {
        "id": id_of_uid(called),
        "uid": None,
        "name": None,
        "parallelism": 2,
        "max_parallelism": 128,
        "size": size,
        "parts": ("keyed",) if size else (),
        "keyed": ("canonical",) if size else (),
    }
    return OperatorState(**(values | fields))


def snapshot(*entries: OperatorState, version: int = 4, **fields: Any) -> Snapshot:
    """A savepoint of Flink 1.20 with these entries."""
    return Snapshot(version, 7, entries, **({"savepoint": True} | fields))
