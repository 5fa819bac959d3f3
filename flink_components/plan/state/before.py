"""What is known of the operators of a snapshot besides their state: names, and what they read.

Flink 2 writes names and uids into it. An earlier job graph knows all; and without one the ids
themselves tell: a generated one is computed from those of the inputs.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import product

from flink_components.flink.job_graph import JobGraph
from flink_components.flink.metadata.contents import OperatorState, Snapshot
from flink_components.flink.operator_ids import start_of_generated, with_input

_MOST_CHAINED = 4
_MOST_TRIES = 60_000


@dataclass(frozen=True)
class Place:
    """Where an operator stood: what it read, and its number among those of its graph."""

    inputs: tuple[str, ...]
    order: int


@dataclass(frozen=True)
class Before:
    """An operator as it was; `place` is None where it is not known."""

    state: OperatorState
    uid: str | None = None
    name: str | None = None
    place: Place | None = None


def operators_before(snapshot: Snapshot, earlier: JobGraph | None) -> dict[str, Before]:
    """By id. `earlier` is the job graph of the program that wrote the snapshot, if it is known."""
    places = _places([entry.id for entry in snapshot.operators])
    found = {entry.id: Before(entry, entry.uid, entry.name) for entry in snapshot.operators}
    for order, operator in enumerate(earlier.operators if earlier else ()):
        if operator.id in found:
            before = found[operator.id]
            places[operator.id] = Place(operator.inputs, order)
            found[operator.id] = replace(
                before, uid=before.uid or operator.uid, name=before.name or operator.name
            )
    return {key: replace(before, place=places.get(key)) for key, before in found.items()}


def _places(ids: Collection[str]) -> dict[str, Place]:
    """Those of the ids that are generated from the others: with up to two inputs."""
    stored = {bytes.fromhex(one) for one in ids}
    starts = {
        start_of_generated(position, chained): position
        for position in range(len(ids))
        for chained in range(_MOST_CHAINED + 1)
    }
    found = {made: Place((), starts[made]) for made in stored & starts.keys()}
    for made, position in starts.items():
        for after in stored:
            before = with_input(made, after)
            if before in stored and before != after:
                found.setdefault(after, Place((before.hex(),), position))
    if len(starts) * len(stored) ** 2 <= _MOST_TRIES:
        for (made, position), first in product(starts.items(), stored):
            half = with_input(made, first)
            for after in stored - found.keys():
                second = with_input(half, after)
                if second in stored and second != after:
                    found[after] = Place((first.hex(), second.hex()), position)
    return {made.hex(): place for made, place in found.items()}
