"""Whether the files that a snapshot leans on are there: their folders are listed, none is read."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from flink_components.flink.metadata.contents import Snapshot
from flink_components.flink.metadata.reading import metadata_path
from flink_components.flink.storage import StorageError, filesystem, first_line
from flink_components.spec.state_access import StateAccess

MOST_LOOKED_FOR = 5_000
"""Files: a folder with more takes an object store many calls to list."""


def file_count(snapshot: Snapshot) -> int:
    """How many files it leans on."""
    return len({file.path for operator in snapshot.operators for file in operator.files})


def missing_files(
    snapshot: Snapshot, location: str, access: StateAccess | None = None
) -> Sequence[str]:
    """Those of the snapshot in this directory that are not there, each by its whole path.

    A folder that is not there at all may be elsewhere for whoever runs the job, so nothing is said
    of its files; but what lies beside `_metadata` goes with it. Raises StorageError.
    """
    folder = metadata_path(location).rpartition("/")[0]
    wanted: dict[str, set[str]] = defaultdict(set)
    for operator in snapshot.operators:
        for file in operator.files:
            path = f"{folder}/{file.path}" if file.relative else file.path
            wanted[path.rpartition("/")[0]].add(path)
    return sorted(
        path for place, paths in wanted.items() for path in _missing(place, paths, access)
    )


def _missing(folder: str, paths: set[str], access: StateAccess | None) -> set[str]:
    there = _listed(folder, access)
    if there is None:
        return set()
    return {path for path in paths if path.rpartition("/")[2] not in there}


def _listed(folder: str, access: StateAccess | None) -> set[str] | None:
    """The names in a folder; None where that is not there, or can't be told, as of a website."""
    files, path = filesystem(folder, access)
    if "http" in files.protocol:
        return None
    try:
        files.invalidate_cache()
        found: list[Any] = files.ls(path, detail=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:
        raise StorageError(f"{folder} can't be listed: {first_line(error)}") from error
    return {str(one).rstrip("/").rpartition("/")[2] for one in found}
