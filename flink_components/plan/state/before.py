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


def operators_before(
    snapshot: Snapshot, graph: JobGraph, earlier: JobGraph | None
) -> dict[str, Before]:
    """By id. `graph` is of the new program, `earlier` of the one that wrote it, if it is known."""
    with_uid = {operator.id for operator in graph.operators if not operator.generated}
    with_uid |= {entry.id for entry in snapshot.operators if entry.uid}
    places = _Places([entry.id for entry in snapshot.operators], with_uid).found()
    found = {entry.id: Before(entry, entry.uid, entry.name) for entry in snapshot.operators}
    for order, operator in enumerate(earlier.operators if earlier else ()):
        if operator.id in found:
            before = found[operator.id]
            places[operator.id] = Place(operator.inputs, order)
            found[operator.id] = replace(
                before, uid=before.uid or operator.uid, name=before.name or operator.name
            )
    return {key: replace(before, place=places.get(key)) for key, before in found.items()}


class _Places:
    """Finds which ids are generated from which others, for operators with up to two inputs.

    It goes on from what is known, sources and ids of uids: of two ids alone nobody can tell which
    was made of the other.
    """

    def __init__(self, ids: Collection[str], with_uid: Collection[str]) -> None:
        self._left = {bytes.fromhex(one) for one in ids}
        self._known = [one for one in self._left if one.hex() in with_uid]
        self._left -= set(self._known)
        self._places: dict[str, Place] = {}
        self._starts = {
            start_of_generated(position, chained): position
            for position in range(len(ids))
            for chained in range(_MOST_CHAINED + 1)
        }

    def found(self) -> dict[str, Place]:
        """The place of each such id."""
        for made, position in self._starts.items():
            self._take(made, (), position)
        asked = 0
        while asked < len(self._known):
            for before in self._known[asked:]:
                asked += 1
                for made, position in self._starts.items():
                    self._take(with_input(made, before), (before,), position)
            if asked == len(self._known):
                self._take_joins()
        return self._places

    def _take_joins(self) -> None:
        if not self._left or len(self._starts) * len(self._known) ** 2 > _MOST_TRIES:
            return
        for first, (made, position) in product(tuple(self._known), self._starts.items()):
            half = with_input(made, first)
            for second in tuple(self._known):
                self._take(with_input(half, second), (first, second), position)

    def _take(self, made: bytes, inputs: tuple[bytes, ...], position: int) -> None:
        if made in self._left:
            self._left.remove(made)
            self._known.append(made)
            self._places[made.hex()] = Place(tuple(one.hex() for one in inputs), position)
