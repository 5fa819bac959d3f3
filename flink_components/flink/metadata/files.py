"""The files of a snapshot: each is opened once, and what is read of them is counted."""

from types import TracebackType
from typing import Any

from flink_components.flink.metadata.cursor import MetadataError
from flink_components.flink.storage import StorageError, filesystem, first_line

_BLOCK = 8 << 20
"""So much of a `_metadata` that is far is read at once."""


class SnapshotFiles:
    """Those of one snapshot, open until the end of a `with` block."""

    def __init__(self) -> None:
        self._open: dict[str, CountedFile] = {}
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
    def bytes_read(self) -> int:
        """Bytes that came from the storage until now."""
        return sum(self._counts) + sum(file.bytes_read for file in self._open.values())

    def done(self, path: str) -> None:
        """A file is not needed any more."""
        file = self._open.pop(path, None)
        if file is not None:
            self._counts.append(file.bytes_read)
            file.close()

    def metadata(self, path: str) -> "CountedFile":
        """The one that is read from front to back.

        Raises MetadataError where it is missing, else StorageError.
        """
        return self._opened(path, block_size=_BLOCK)

    def state(self, path: str) -> "CountedFile":
        """One of which no more is read than is asked for; raises the same.

        The file with the metadata, where small state lies, is read on as it was opened.
        """
        return self._opened(path, cache_type="none")

    def _opened(self, path: str, **options: Any) -> "CountedFile":
        if path not in self._open:
            self._open[path] = CountedFile(_open(path, options))
        return self._open[path]


class CountedFile:
    """A file of any storage, which knows how much of it was fetched."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._given = 0

    @property
    def bytes_read(self) -> int:
        """Bytes that came from the storage: ahead of what was asked for, too."""
        ahead = getattr(getattr(self._file, "cache", None), "total_requested_bytes", 0)
        return max(int(ahead), self._given)

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end of the file."""
        found: bytes = self._file.read(size)
        self._given += len(found)
        return found

    def seek(self, offset: int) -> None:
        """Goes to a place."""
        self._file.seek(offset)

    def close(self) -> None:
        """Gives the file back."""
        self._file.close()


def _open(path: str, options: dict[str, Any]) -> Any:
    files, inner = filesystem(path)
    try:
        return files.open(inner, "rb", **options)
    except FileNotFoundError:
        raise MetadataError(f"there is no file {path}") from None
    except Exception as error:
        raise StorageError(f"{path} can't be read: {first_line(error)}") from error
