"""What is known of the operators of a snapshot besides their state: names, and what they read.

Flink 2 writes names and uids into it. An earlier job graph knows all; and without one the ids
themselves tell: a generated one is computed from those of the inputs.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flink_components.flink.job_graph import JobGraph
from flink_components.flink.metadata.contents import OperatorState, Snapshot
from flink_components.flink.operator_ids import start_of_generated, with_input

_MOST_CHAINED = 4
_MOST_TRIES = 60_000


@dataclass(frozen=True)
class Before:
    """An operator as it was; `inputs` is None where what it read is not known."""

    state: OperatorState
    uid: str | None = None
    name: str | None = None
    inputs: tuple[str, ...] | None = None
    generated: bool = False


def operators_before(snapshot: Snapshot, earlier: JobGraph | None) -> dict[str, Before]:
    """By id. `earlier` is the job graph of the program that wrote the snapshot, if it is known."""
    known = {operator.id: operator for operator in earlier.operators} if earlier else {}
    origins = _generated([entry.id for entry in snapshot.operators])
    found = {}
    for entry in snapshot.operators:
        operator = known.get(entry.id)
        found[entry.id] = Before(
            state=entry,
            uid=entry.uid or (operator.uid if operator else None),
            name=entry.name or (operator.name if operator else None),
            inputs=operator.inputs if operator else origins.get(entry.id),
            generated=operator.generated if operator else entry.id in origins,
        )
    return found


def _generated(ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """The inputs of each id that is generated from the others: of sources and of operators with one
    or two inputs."""
    stored = {bytes.fromhex(one) for one in ids}
    starts = [
        start_of_generated(position, chained)
        for position in range(len(ids))
        for chained in range(_MOST_CHAINED + 1)
    ]
    found: dict[bytes, tuple[bytes, ...]] = {made: () for made in starts if made in stored}
    for made in starts:
        for after in stored:
            before = with_input(made, after)
            if before in stored and before != after:
                found.setdefault(after, (before,))
    if len(starts) * len(stored) ** 2 <= _MOST_TRIES:
        for made in starts:
            for first in stored:
                half = with_input(made, first)
                for after in stored - found.keys():
                    second = with_input(half, after)
                    if second in stored and second != after:
                        found[after] = (first, second)
    return {key.hex(): tuple(one.hex() for one in inputs) for key, inputs in found.items()}
