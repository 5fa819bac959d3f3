"""Reads a snapshot, and says what a program would find of its state."""

from collections.abc import Callable

from flink_components.flink.job_graph import JobGraph
from flink_components.flink.metadata.contents import Snapshot
from flink_components.flink.metadata.cursor import MetadataError
from flink_components.flink.metadata.heads import read_with_states
from flink_components.flink.storage import StorageError, in_sight
from flink_components.plan.state.judging import judge, unknown, unreadable
from flink_components.plan.state.limits import Target
from flink_components.plan.state.verdict import StateVerdict


def snapshot_verdict(
    path: str, graph: JobGraph, target: Target, earlier: JobGraph | None = None
) -> StateVerdict:
    """The verdict on the snapshot at `path`, whatever is the matter with it."""
    try:
        return _verdict(path, graph, target, earlier)
    except MetadataError as error:
        return unreadable(str(error))
    except StorageError as error:
        return unknown(str(error))


def verdict_from_here(path: str, graph: JobGraph, target: Target) -> StateVerdict:
    """The same where the pods may see other storage than this machine: what is missing in a place
    that can't be seen from here is unknown.
    """
    try:
        return _verdict(path, graph, target)
    except MetadataError as error:
        if in_sight(path):
            return unreadable(str(error))
        return unknown(f"{path} can't be seen from here")
    except StorageError as error:
        return unknown(str(error))


def verdict_of_stand_in(
    path: str, graph: JobGraph, target: Target, as_taken: Callable[[Snapshot], Snapshot]
) -> StateVerdict:
    """The verdict on a snapshot that stands in for one that is yet to be taken: `as_taken` makes
    that of it. Flink may have removed it meanwhile, which says nothing.
    """
    try:
        return judge(as_taken(read_with_states(path)), graph, target)
    except (MetadataError, StorageError) as error:
        return unknown(str(error))


def _verdict(
    path: str, graph: JobGraph, target: Target, earlier: JobGraph | None = None
) -> StateVerdict:
    return judge(read_with_states(path), graph, target, earlier)
