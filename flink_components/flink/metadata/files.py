"""The files of a snapshot: each is opened once, and what is read of them is counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from flink_components.flink.metadata.cursor import MissingFile, UnreadableFile
from flink_components.flink.storage import (
    StorageError,
    filesystem,
    first_line,
    note_that_it_is_away,
    why_away,
)
from flink_components.spec.state_access import StateAccess

_BLOCK = 8 << 20
"""So much of a `_metadata` that is far is read at once."""
_WEB = {"http", "https"}


class SnapshotFiles:
    """Those of one snapshot, open until the end of a `with` block, reached by `access`."""

    def __init__(self, access: StateAccess | None = None) -> None:
        self._access = access
        self._open: dict[str, _File] = {}
        self._counts: list[int] = []

    def __enter__(self) -> "SnapshotFiles":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for path in list(self._open):
            self.done(path)

    @property
    def by(self) -> str:
        """How it is read, for who can't."""
        return "as state_access says" if self._access else "with this machine's own credentials"

    @property
    def bytes_read(self) -> int:
        """Bytes that came from the storage until now."""
        return sum(self._counts) + sum(file.bytes_read for file in self._open.values())

    def metadata(self, path: str) -> "_File":
        """The one that is read from front to back.

        Raises MissingFile where it is missing, else StorageError; so does a read of it.
        """
        return self._opened(path, _BLOCK)

    def state(self, path: str) -> "_File":
        """One of which no more is read than is asked for; raises the same.

        The file with the metadata, where small state lies, is read on as it was opened.
        """
        return self._opened(path, 0)

    def done(self, path: str) -> None:
        """A file is not needed any more."""
        file = self._open.pop(path, None)
        if file is not None:
            self._counts.append(file.bytes_read)
            file.close()

    def _opened(self, path: str, ahead: int) -> "_File":
        if path not in self._open:
            if why := why_away(path, self._access):
                raise UnreadableFile(f"{path} can't be read: {why}")
            files, inner = filesystem(path, self._access)
            kind = _Ranges if _gives_parts(files) else _File
            self._open[path] = kind(path, files, inner, ahead, self._access)
        return self._open[path]


def _gives_parts(files: Any) -> bool:
    """An object store, but for web servers: these may send the whole file in place of a part."""
    return bool(files.async_impl) and not _is_web(files)


def _is_web(files: Any) -> bool:
    protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
    return not _WEB.isdisjoint(protocols)


def _why_no_file(files: Any, error: Exception) -> Exception | None:
    """None where it is missing: of a web server that does not answer fsspec says that, too."""
    cause = error.__cause__
    if not _is_web(files) or not isinstance(cause, Exception):
        return None
    return None if isinstance(cause, FileNotFoundError) else cause


class _File:
    """A file as fsspec opens it, which asks for its size first."""

    def __init__(
        self, path: str, files: Any, inner: str, ahead: int, access: StateAccess | None
    ) -> None:
        self._path, self._files, self._inner, self._ahead = path, files, inner, ahead
        self._access = access
        self._given = 0
        self._file: Any = None
        self._open()

    @property
    def bytes_read(self) -> int:
        """Bytes that came from the storage: ahead of what was asked for, too."""
        ahead = getattr(getattr(self._file, "cache", None), "total_requested_bytes", 0)
        return max(int(ahead), self._given)

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end of the file. Raises StorageError."""
        with self._problems():
            return self._read(size)

    def seek(self, offset: int) -> None:
        """Goes to a place."""
        self._file.seek(offset)

    def close(self) -> None:
        """Gives the file back."""
        self._file.close()

    def _open(self) -> None:
        how = {"block_size": self._ahead} if self._ahead else {"cache_type": "none"}
        with self._problems():
            self._file = self._files.open(self._inner, "rb", **how)

    @contextmanager
    def _problems(self) -> Iterator[None]:
        """What a library raises as what is said of it."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            reason = _why_no_file(self._files, error)
            if reason is None:
                raise MissingFile(f"there is no file {self._path}") from None
            raise self._unreadable(reason) from error
        except Exception as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> StorageError:
        note_that_it_is_away(self._path, error, self._access)
        return UnreadableFile(f"{self._path} can't be read: {first_line(error)}")

    def _read(self, size: int) -> bytes:
        found: bytes = self._file.read(size)
        self._given += len(found)
        return found


class _Ranges(_File):
    """One of an object store, of which parts are asked for: a part takes one call, and not two."""

    def _open(self) -> None:
        self._at = self._from = 0
        self._held, self._ends = b"", False

    @property
    def bytes_read(self) -> int:
        """Bytes that came from the storage."""
        return self._given

    def seek(self, offset: int) -> None:
        """Goes to a place."""
        self._at = offset

    def close(self) -> None:
        """Nothing is open."""

    def _read(self, size: int) -> bytes:
        if not self._holds(size):
            self._fetch(max(size, self._ahead))
        start = self._at - self._from
        found = self._held[start : start + size]
        self._at += len(found)
        return found

    def _holds(self, size: int) -> bool:
        end = self._from + len(self._held)
        return self._from <= self._at <= end and (self._ends or self._at + size <= end)

    def _fetch(self, size: int) -> None:
        """From here on; `_held` ends with the file where there was less."""
        try:
            self._held = self._files.cat_file(self._inner, start=self._at, end=self._at + size)
        except FileNotFoundError:
            raise
        except Exception:
            # Stores refuse a part that begins where the file ends.
            if not self._at or self._files.size(self._inner) != self._at:
                raise
            self._held = b""
        self._from, self._ends = self._at, len(self._held) < size
        self._given += len(self._held)
