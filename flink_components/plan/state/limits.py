"""What Flink refuses of a snapshot whose operators all match, and what nobody can tell before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from flink_components.flink.job_graph import JobGraph
from flink_components.flink.metadata.contents import OperatorState, Serializer, Snapshot
from flink_components.flink.versions import features
from flink_components.plan.state.matching import Match
from flink_components.spec.version import minor_of

_WRITTEN_SINCE = {3: "1.11", 4: "1.16", 5: "2.0", 6: "2.1"}
_OPERATOR_STATE_CHANGED = (1, 18)
"""Operator state written since then can't be read before, though the metadata can."""
_KEY_GROUPS_ARE_HEAP = 4
"""Format of metadata from which on RocksDB writes no key groups of its own."""


class Backend(str, Enum):
    """State backends, in Flink's spelling of the option."""

    HASHMAP = "hashmap"
    ROCKSDB = "rocksdb"
    FORST = "forst"


@dataclass(frozen=True)
class Target:
    """Where the job is to go on: what of it decides whether Flink takes a snapshot.

    `backend` is None where it is not known; `claim`: the snapshot is restored with CLAIM;
    `written_by`: the Flink that wrote the snapshot, where it is known.
    """

    flink_version: str
    backend: Backend | None = None
    claim: bool = False
    written_by: str | None = None


def backend_of(text: str | None) -> Backend | None:
    """The backend that an option or a class name means; None for one of a user's own."""
    lowered = (text or "").lower()
    names = {
        "forst": Backend.FORST,
        "rocksdb": Backend.ROCKSDB,
        "hashmap": Backend.HASHMAP,
        "filesystem": Backend.HASHMAP,
        "fsstate": Backend.HASHMAP,
        "jobmanager": Backend.HASHMAP,
        "memorystate": Backend.HASHMAP,
    }
    return next((backend for name, backend in names.items() if name in lowered), None)


def obstacles(snapshot: Snapshot, match: Match, target: Target) -> list[str]:
    """What Flink would refuse, whatever loss is allowed; each in a line."""
    held = [entry for entry, _ in match.taken if entry.stateful]
    return [
        *_of_version(snapshot, held, target),
        *_of_parallelism(match),
        *_of_backend(snapshot, held, target),
        *_of_changelog(snapshot, held, target),
    ]


def newer_format(format_: int, flink_version: str, what: str = "this snapshot") -> str:
    """Why that Flink can't read metadata of a format, `what` has it; "" where it can."""
    reads = features(flink_version).metadata_format
    if format_ <= reads:
        return ""
    since = _WRITTEN_SINCE.get(format_)
    return (
        f"Flink {flink_version} reads metadata up to format {reads}, and {what} has format "
        f"{format_}{f', that of Flink {since} or later' if since else ''}: go on with that Flink"
    )


def _of_version(snapshot: Snapshot, held: Sequence[OperatorState], target: Target) -> Iterator[str]:
    newer = newer_format(snapshot.version, target.flink_version)
    if newer:
        yield newer
    elif (
        target.written_by is not None
        and minor_of(target.flink_version) < _OPERATOR_STATE_CHANGED <= minor_of(target.written_by)
        and any("operator" in entry.parts for entry in held)
    ):
        yield (
            f"Flink {target.flink_version} can't read operator state that Flink "
            f"{target.written_by} wrote (its form changed in 1.18): go on with 1.18 or later"
        )


def _of_parallelism(match: Match) -> Iterator[str]:
    restored = {operator.head for entry, operator in match.taken if entry.stateful}
    for entry, operator in match.taken:
        if entry.finished:
            continue
        # asked of a vertex that has state to be given to its subtasks, and of nobody else
        if operator.parallelism > entry.max_parallelism and operator.head in restored:
            yield (
                f"{operator.label} has parallelism {operator.parallelism}, above the max "
                f"parallelism {entry.max_parallelism} of its state: lower its parallelism"
            )
        wanted = operator.max_parallelism
        if wanted is not None and wanted != entry.max_parallelism:
            yield (
                f"{operator.label} sets max parallelism {wanted}, and its state has "
                f"{entry.max_parallelism}: set that, or none"
            )


def _of_backend(snapshot: Snapshot, held: Sequence[OperatorState], target: Target) -> Iterator[str]:
    kinds = {kind for entry in held for kind in entry.keyed}
    if target.backend is None:
        return
    if target.backend is Backend.HASHMAP and "incremental" in kinds:
        yield _other_backend("rocksdb or forst", target.backend)
    of_heap = "key groups" in kinds and snapshot.version >= _KEY_GROUPS_ARE_HEAP
    if target.backend is not Backend.HASHMAP and of_heap:
        yield _other_backend("hashmap", target.backend)


def _other_backend(wrote: str, backend: Backend) -> str:
    return (
        f"the snapshot is in the native format of the state backend {wrote}, and the job has "
        f"{backend.value}: keep that backend, or take a savepoint in the canonical format first"
    )


def _of_changelog(
    snapshot: Snapshot, held: Sequence[OperatorState], target: Target
) -> Iterator[str]:
    changelog = any("changelog" in entry.keyed for entry in held)
    if changelog and not target.claim and snapshot.savepoint is not True:
        yield (
            "the checkpoint has a changelog, with which a job fails at its first own checkpoint: "
            'take a savepoint, or restore it with claim_mode="CLAIM"'
        )


def unproven(snapshot: Snapshot, match: Match, graph: JobGraph, target: Target) -> list[str]:
    """What only the restore can tell; each in a line."""
    held = [entry for entry, _ in match.taken if entry.stateful]
    if not held:
        return []
    found = [_of_serializers(held)]
    if not graph.knows_max_parallelism:
        found.append("max parallelism, if the program sets one: the plans of a cluster lack it")
    native = {kind for entry in held for kind in entry.keyed} & {"key groups", "incremental"}
    if target.backend is None and native:
        found.append("the state backend: the snapshot is in the native format of one")
    if minor_of(target.flink_version) != minor_of(graph.flink_version):
        found.append(f"the operator ids: the graph was made by Flink {graph.flink_version}")
    older = minor_of(target.flink_version) < _OPERATOR_STATE_CHANGED
    if older and target.written_by is None and snapshot.version == _KEY_GROUPS_ARE_HEAP:
        found.append("which Flink wrote the snapshot: operator state of 1.18 can't be read before")
    if any("channel" in entry.parts for entry in snapshot.operators):
        found.append("records in flight (unaligned checkpoint), where edges have changed")
    if match.new and any(entry.finished or entry.finished_subtasks for entry in snapshot.operators):
        found.append("new operators before ones that had finished")
    return found


def _of_serializers(held: Sequence[OperatorState]) -> str:
    """The types are named where they were read and are more than Java's own."""
    types = {
        name
        for entry in held
        for state in entry.states
        for _, serializer in state.serializers
        for name in _named(serializer)
    }
    of = f" of {', '.join(sorted(types))}" if types else ""
    return f"serializers{of} and state names of the new program: only the restore can tell"


def _named(serializer: Serializer | None) -> Iterator[str]:
    if serializer is None:
        return
    simple = serializer.type.rpartition(".")[2]
    if simple:
        how = " (Kryo)" if "Kryo" in serializer.snapshot else ""
        yield f"{simple}{how}"
    for part in serializer.parts:
        yield from _named(part)
