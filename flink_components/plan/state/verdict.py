"""What becomes of a job's state when a new program goes on from a snapshot, as values."""

from dataclasses import dataclass, field
from enum import Enum


class Verdict(str, Enum):
    """In one word, from the best to the worst."""

    FULL = "full"
    """Every operator with state finds its own, and the known limits hold."""
    PARTIAL = "partial"
    """The state of some operators would be lost; Flink refuses that unless it is allowed."""
    INCOMPATIBLE = "incompatible"
    """Flink can't restore it, whatever is allowed; or no operator takes any of it."""
    UNKNOWN = "unknown"
    """The snapshot or the new job graph can't be had."""


class FoundBy(str, Enum):
    """How Flink finds the state of an operator."""

    UID = "uid"
    UID_HASH = "setUidHash"
    GENERATED = "generated id"


@dataclass(frozen=True)
class Matched:
    """An operator that takes its state over: `size` bytes, in the snapshot under `stored_as`."""

    id: str
    label: str
    size: int
    by: FoundBy
    stored_as: str


@dataclass(frozen=True)
class New:
    """An operator that the snapshot does not know; it starts empty, if it has state at all."""

    id: str
    label: str
    uid: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A new operator that may be a lost one under another id; `why` holds what they share."""

    operator: New
    why: tuple[str, ...]


@dataclass(frozen=True)
class Dropped:
    """State that no operator takes.

    `uid` and `name` are None where nobody knows them; `parts` are what it is (`keyed` …), `states`
    the names of what is lost, as far as they were read.
    """

    id: str
    size: int
    parts: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    uid: str | None = None
    name: str | None = None
    candidates: tuple[Candidate, ...] = ()

    @property
    def label(self) -> str:
        """What a person calls it, and by which its loss is accepted."""
        return self.uid or self.name or self.id

    def is_called(self, name: str) -> bool:
        """Whether a person may mean it by `name`."""
        return name in (self.uid, self.name, self.id)


@dataclass(frozen=True)
class StateVerdict:
    """The verdict, in sum and per operator.

    `obstacles` are what Flink would refuse, in words; `unproven` what nobody can tell before the
    restore; `reason` why the verdict is unknown. `size` is that of the snapshot in bytes,
    `max_parallelism` the lowest stored one, None where there is no snapshot; `read` is how many
    bytes of it were fetched to tell.
    """

    verdict: Verdict
    matched: tuple[Matched, ...] = ()
    new: tuple[New, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    obstacles: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    reason: str = ""
    size: int = 0
    max_parallelism: int | None = None
    read: int = field(default=0, compare=False)

    @property
    def stateful(self) -> int:
        """How many operators of the snapshot have state."""
        return len(self.matched) + len(self.dropped)

    @property
    def fragile(self) -> tuple[Matched, ...]:
        """Operators found by a generated id, which the next change of the graph may change."""
        return tuple(one for one in self.matched if one.by is FoundBy.GENERATED)
