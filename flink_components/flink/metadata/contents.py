"""What the `_metadata` of a savepoint or checkpoint says, as values."""

from dataclasses import dataclass, field
from typing import NamedTuple


class StateFile(NamedTuple):
    """A file that a snapshot leans on (a tuple, since a large snapshot has 100,000 of them)."""

    path: str
    size: int
    """Bytes of it that the snapshot uses: files that Flink merged hold other state, too."""
    relative: bool
    """To the directory of `_metadata`, with which it can be moved."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a file: where the state of a subtask begins, with the description of its types.

    State that is small lies in `_metadata` itself; this is then a part of that file.
    """

    path: str
    relative: bool
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Serializer:
    """How a type was written, as far as it can be read without the job's classes."""

    snapshot: str
    """Class of the serializer's snapshot, in full."""
    version: int
    type: str = ""
    """The class that is written, where it is named (POJO, enum, tuple, array)."""
    parts: tuple["Serializer", ...] = ()
    """Of a list, map, tuple and the like."""
    fields: tuple[tuple[str, "Serializer | None"], ...] = ()
    """Of a POJO, by name."""


@dataclass(frozen=True, slots=True)
class State:
    """A state of an operator."""

    name: str
    kind: str
    """`list`, `union list` or `broadcast` of an operator; `keyed value`, `keyed list`, `keyed map`,
    `keyed reducing`, `keyed aggregating`, `keyed folding` or `timers` of a key. A kind that an
    operator names at once, the others are known once its state files were read."""
    serializers: tuple[tuple[str, Serializer], ...] = ()
    """By role: `key`, `namespace`, `value`, `user key`; empty where they were not read."""


@dataclass(frozen=True, slots=True)
class OperatorState:
    """An operator's share of a snapshot."""

    id: str
    """32 hex digits, as Flink writes them."""
    uid: str | None
    """Known from Flink 2.0 on, where the job sets one."""
    name: str | None
    """Known from Flink 2.0 on."""
    parallelism: int
    max_parallelism: int
    finished: bool = False
    """All its subtasks had finished: nothing is restored, and nothing is to be."""
    finished_subtasks: int = 0
    size: int = 0
    """Bytes of state; a file that several subtasks share counts once."""
    parts: tuple[str, ...] = ()
    """What is held: `coordinator`, `operator`, `raw operator`, `keyed`, `raw keyed`, `channel`."""
    keyed: tuple[str, ...] = ()
    """Kinds of its keyed handles: `canonical`, `key groups` (heap), `incremental` (RocksDB, ForSt),
    `changelog` with the kinds of what its changes lean on."""
    states: tuple[State, ...] = ()
    files: tuple[StateFile, ...] = ()
    keyed_head: Segment | None = None
    """Where the types of its keyed state are written."""
    operator_head: Segment | None = None
    """Where the types of its operator state are written."""
    unread: str = ""
    """Why not all of its states, or of their types, are known, once its files were read."""

    @property
    def stateful(self) -> bool:
        """Flink refuses to restore a job in which no operator takes it."""
        return bool(self.parts)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Of operator state; of keyed state once its files were read."""
        return tuple(state.name for state in self.states)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A savepoint or checkpoint that is complete: Flink writes `_metadata` last."""

    version: int
    """Of the format, 2 to 6."""
    checkpoint_id: int
    operators: tuple[OperatorState, ...]
    savepoint: bool | None = None
    """A savepoint, not a checkpoint; None where the version does not say (before Flink 1.16)."""
    master_states: tuple[str, ...] = ()
    """Names of states of the JobManager's own hooks."""
    bytes_read: int = field(default=0, compare=False)
    """Bytes that were fetched from the storage to know this."""

    @property
    def size(self) -> int:
        """Bytes of state."""
        return sum(operator.size for operator in self.operators)

    @property
    def movable(self) -> bool:
        """All files lie beside `_metadata`, so that the directory can be moved as a whole."""
        return all(file.relative for operator in self.operators for file in operator.files)
