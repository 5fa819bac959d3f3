"""Which operator of a new job graph takes which state of a snapshot, as Flink decides it."""

from collections.abc import Collection
from dataclasses import dataclass

from flink_components.flink.job_graph import JobGraph, Operator
from flink_components.flink.metadata.contents import OperatorState, Snapshot


@dataclass(frozen=True)
class Match:
    """The entries of a snapshot with their takers, and what is left on either side."""

    taken: tuple[tuple[OperatorState, Operator], ...]
    lost: tuple[OperatorState, ...]
    new: tuple[Operator, ...]


def match(snapshot: Snapshot, graph: JobGraph) -> Match:
    """Every entry, with state or without: each operator of a job has one in its snapshots."""
    entries = {entry.id: entry for entry in snapshot.operators}
    takers = {}
    new = []
    for operator in graph.operators:
        wanted = id_looked_for(operator, entries.keys())
        if wanted in entries:
            takers[wanted] = operator
        else:
            new.append(operator)
    return Match(
        taken=tuple((entry, takers[key]) for key, entry in entries.items() if key in takers),
        lost=tuple(entry for key, entry in entries.items() if key not in takers),
        new=tuple(new),
    )


def id_looked_for(operator: Operator, stored: Collection[str]) -> str:
    """`setUidHash` goes before the operator's own id, where the snapshot has it."""
    if operator.uid_hash is not None and operator.uid_hash in stored:
        return operator.uid_hash
    return operator.id
