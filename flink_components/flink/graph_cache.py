"""Job graphs that were found before, in a folder of this machine's user.

A graph belongs to one program on one minor version of Flink. Nothing depends on the cache: what is
not there, or can't be read, is found again or not known.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flink_components.spec.version import minor_of, written

if TYPE_CHECKING:
    from flink_components.flink.job_graph import JobGraph

FOLDER_VARIABLE = "FLINK_COMPONENTS_CACHE"
"""Names the folder of caches; empty: nothing is kept."""
_MOST = 256
_MOST_BYTES = 64 << 20
_LARGEST = 4 << 20
_SUFFIX = ".json"
_UNFINISHED = ".new"
_UNFINISHED_SECONDS = 3600.0


@dataclass(frozen=True)
class GraphCache:
    """The graphs in `folder`: at most `most`, together at most `most_bytes`; the least used go."""

    folder: Path
    most: int = _MOST
    most_bytes: int = _MOST_BYTES

    def find(self, program: str, flink_version: str) -> tuple[JobGraph | None, str]:
        """The graph of a program (as it is called), or None; and what was wrong with its entry.

        A damaged entry is removed.
        """
        from flink_components.flink.job_graph import GraphError, read_graph

        path = self._path(program, flink_version)
        try:
            if not path.exists():
                return None, ""
            graph = read_graph(path)
            right = graph.program == program and _same(graph.flink_version, flink_version)
            if not right:
                raise GraphError(f"{path} is of another program")
        except (GraphError, OSError, UnicodeError) as error:
            with suppress(OSError):
                path.unlink()
            return None, f"an entry of this machine's cache is ignored: {error}"
        with suppress(OSError):
            os.utime(path)
        return graph, ""

    def keep(self, graph: JobGraph, program: str) -> None:
        """Keeps the graph for this program; one that can't be kept is no error."""
        content = graph.model_copy(update={"program": program}).to_json().encode()
        if len(content) > _LARGEST:
            return
        path = self._path(program, graph.flink_version)
        with suppress(OSError):
            if path.is_file() and path.read_bytes() == content:
                os.utime(path)
                return
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, made = tempfile.mkstemp(_UNFINISHED, dir=self.folder)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(made).replace(path)
            self._prune()

    def _path(self, program: str, flink_version: str) -> Path:
        name = f"{program} {written(minor_of(flink_version))}"
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}{_SUFFIX}"

    def _prune(self) -> None:
        found = [(path, path.stat()) for path in self.folder.iterdir() if path.is_file()]
        old = time.time() - _UNFINISHED_SECONDS
        for path, stat in found:
            if path.suffix == _UNFINISHED and stat.st_mtime < old:
                path.unlink(missing_ok=True)
        entries = [(path, stat) for path, stat in found if path.suffix == _SUFFIX]
        size = sum(stat.st_size for _, stat in entries)
        entries.sort(key=lambda entry: entry[1].st_mtime_ns)
        while entries and (len(entries) > self.most or size > self.most_bytes):
            path, stat = entries.pop(0)
            path.unlink(missing_ok=True)
            size -= stat.st_size


def _same(one: str, other: str) -> bool:
    return minor_of(one) == minor_of(other)


def user_cache() -> GraphCache | None:
    """That of the user, below `FLINK_COMPONENTS_CACHE`, `XDG_CACHE_HOME` or `~/.cache`.

    None where there is to be none, or nobody's home is known.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named is not None:
        return GraphCache(Path(named).expanduser() / "graphs") if named else None
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return GraphCache(base / "flink-components" / "graphs")
