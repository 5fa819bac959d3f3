"""Reads a snapshot, and says what a program would find of its state."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from flink_components.flink.job_graph import JobGraph
from flink_components.flink.metadata.contents import Snapshot
from flink_components.flink.metadata.cursor import MetadataError
from flink_components.flink.metadata.heads import read_with_states
from flink_components.flink.metadata.presence import (
    MOST_LOOKED_FOR,
    file_count,
    missing_files,
)
from flink_components.flink.metadata.reading import read_snapshot
from flink_components.flink.storage import StorageError, in_sight
from flink_components.plan.state.judging import incomplete, judge, unknown, unreadable
from flink_components.plan.state.limits import Target, newer_format
from flink_components.plan.state.matching import match
from flink_components.plan.state.verdict import StateVerdict
from flink_components.spec.state_access import StateAccess


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


def verdict_from_here(
    path: str,
    graph: JobGraph,
    target: Target,
    earlier: JobGraph | None = None,
    access: StateAccess | None = None,
) -> StateVerdict:
    """The same where the pods may see other storage than this machine, which reads it by `access`:
    what is missing in a place that can't be seen from here is unknown.
    """
    try:
        try:
            return _verdict(path, graph, target, earlier, access)
        except MetadataError as error:
            if in_sight(path, access):
                return unreadable(str(error))
            return unknown(f"{path} can't be seen from here")
    except StorageError as error:
        return unknown(str(error))


def verdict_of_stand_in(
    path: str,
    graph: JobGraph,
    target: Target,
    as_taken: Callable[[Snapshot], Snapshot],
    earlier: JobGraph | None = None,
    access: StateAccess | None = None,
) -> StateVerdict:
    """The verdict on a snapshot that stands in for one that is yet to be taken: `as_taken` makes
    that of it. Flink may have removed it meanwhile, which says nothing.
    """
    try:
        return judge(as_taken(read_with_states(path, access)), graph, target, earlier)
    except (MetadataError, StorageError) as error:
        return unknown(str(error))


def problem_from_here(
    path: str, flink_version: str, savepoint_dir: str | None, access: StateAccess | None = None
) -> str:
    """Why that Flink can't restore the snapshot at `path`, whatever the program; "" where that is
    not known.

    That it is missing counts only in a place that can be seen from here, and where the folder of
    the job's savepoints can be, too: a folder of that name may be another one for the pods.
    """
    try:
        try:
            snapshot = read_snapshot(path, access)
        except MetadataError as error:
            beside = f"{(savepoint_dir or '').rstrip('/')}/any"
            seen = in_sight(beside, access) and in_sight(path, access)
            return str(error) if seen else ""
    except StorageError:
        return ""
    newer = newer_format(snapshot.version, flink_version)
    return newer or incomplete(_looked_for(snapshot, path, access)[0])


def newer_from_here(path: str, flink_version: str, access: StateAccess | None = None) -> str:
    """Why that Flink can't read the metadata of the snapshot at `path`; "" where it can, or where
    that can't be told from here.
    """
    try:
        return newer_format(read_snapshot(path, access).version, flink_version)
    except (MetadataError, StorageError):
        return ""


def _verdict(
    path: str,
    graph: JobGraph,
    target: Target,
    earlier: JobGraph | None = None,
    access: StateAccess | None = None,
) -> StateVerdict:
    snapshot = read_with_states(path, access)
    # what is lost anyway may lack its files
    taken = tuple(entry for entry, _ in match(snapshot, graph).taken)
    missing, unlooked = _looked_for(replace(snapshot, operators=taken), path, access)
    verdict = judge(snapshot, graph, target, earlier, missing)
    return replace(verdict, unproven=(*verdict.unproven, unlooked)) if unlooked else verdict


def _looked_for(
    snapshot: Snapshot, path: str, access: StateAccess | None
) -> tuple[Sequence[str], str]:
    """Files that are missing; and in a line why that is not known, where it is not."""
    count = file_count(snapshot)
    if count > MOST_LOOKED_FOR:
        return (), f"whether its {count:,} files are all there: so many are not looked for"
    try:
        return missing_files(snapshot, path, access), ""
    except StorageError as error:
        return (), f"whether its files are all there: {error}"
