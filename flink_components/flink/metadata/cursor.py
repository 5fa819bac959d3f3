"""Reads Java's `DataOutputStream` format from a stream, a chunk at a time."""

import struct
from typing import Protocol

from flink_components.flink.storage import StorageError

CHUNK = 1 << 18
_LONGS = 1 << 12
_I32 = struct.Struct(">i").unpack_from
_U16 = struct.Struct(">H").unpack_from
_I64 = struct.Struct(">q").unpack_from


class Stream(Protocol):
    """What is read."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; fewer, or none, at its end."""


class MetadataError(StorageError):
    """A snapshot that was reached, and is missing, damaged or of an unknown version."""


class MissingFile(MetadataError):
    """One of its files is not there."""


class UnreadableFile(StorageError):
    """A file that can't be read from here, whatever is in it."""


class Damage(Exception):
    """What a file says at `offset` can't be; `field` is what was read there."""

    def __init__(self, offset: int, field: str, problem: str) -> None:
        super().__init__(f"at byte {offset}, {field}: {problem}")
        self.offset = offset
        self.field = field
        self.problem = problem

    def within(self, what: str) -> "Damage":
        """The same, said of a part of the file."""
        return Damage(self.offset, f"{self.field} of {what}", self.problem)


class Cursor:
    """A place in a stream, of which no more than a chunk and the longest value are held.

    `buffer` holds what was read, and `at` is the place in it; loops that read many values take
    them from there by themselves.
    """

    __slots__ = ("_before", "_chunk", "_left", "_stream", "at", "buffer", "end")

    def __init__(
        self, stream: Stream, start: int = 0, size: int = 1 << 62, chunk: int = CHUNK
    ) -> None:
        """The stream is at `start` of its file, and `size` bytes of it may be read.

        `chunk`: so many of them at first, and more each time.
        """
        self._stream = stream
        self._before = start
        self._left = size
        self._chunk = chunk
        self.buffer = b""
        self.at = 0
        self.end = 0

    @property
    def offset(self) -> int:
        """The place in the file."""
        return self._before + self.at

    def has(self, size: int) -> bool:
        """Reads on until `size` bytes are in the buffer; False where the file ends before."""
        while self.end - self.at < size:
            wanted = max(self._chunk, size - (self.end - self.at))
            more = self._stream.read(min(wanted, self._left))
            self._chunk = min(2 * self._chunk, CHUNK)
            if not more:
                return False
            self._left -= len(more)
            self._before += self.at
            self.buffer = self.buffer[self.at :] + more
            self.at = 0
            self.end = len(self.buffer)
        return True

    def raw(self, size: int, field: str) -> bytes:
        """The next bytes; `size` is one that the caller has found to be small."""
        at = self._take(size, field)
        return self.buffer[at : at + size]

    def i8(self, field: str) -> int:
        """An unsigned byte."""
        at = self.at
        if at == self.end:
            at = self._take(1, field)
        self.at = at + 1
        return self.buffer[at]

    def i16(self, field: str) -> int:
        """An unsigned short."""
        at = self._take(2, field)
        number: int = _U16(self.buffer, at)[0]
        return number

    def i32(self, field: str) -> int:
        """An int."""
        at = self.at
        if at + 4 > self.end:
            at = self._take(4, field)
        self.at = at + 4
        number: int = _I32(self.buffer, at)[0]
        return number

    def i64(self, field: str) -> int:
        """A long."""
        at = self._take(8, field)
        number: int = _I64(self.buffer, at)[0]
        return number

    def count(self, field: str) -> int:
        """An int that says how many follow."""
        count = self.i32(field)
        if count < 0:
            raise Damage(self.offset - 4, field, f"a negative number, {count}")
        return count

    def length(self, field: str) -> int:
        """A long that says how many bytes something has."""
        size = self.i64(field)
        if size < 0:
            raise Damage(self.offset - 8, field, f"a negative size, {size}")
        return size

    def flag(self, field: str, kind: str = "i32") -> bool:
        """0 or 1, as an int or (`i8`) as a byte."""
        given = self.i32(field) if kind == "i32" else self.i8(field)
        if given not in (0, 1):
            start = self.offset - (4 if kind == "i32" else 1)
            raise Damage(start, field, f"{given} is neither 0 nor 1")
        return given == 1

    def utf(self, field: str) -> str:
        """A string."""
        raw = self.raw(self.i16(field), field)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return self._text(raw, field)

    def _text(self, raw: bytes, field: str) -> str:
        """Java's modified UTF-8: zero as two bytes, what is beyond 16 bits as two surrogates."""
        try:
            halves = raw.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
            return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        except UnicodeDecodeError:
            raise Damage(self.offset - len(raw), field, "not a string") from None

    def skip(self, size: int, field: str) -> None:
        """Steps over bytes without holding them."""
        while size > self.end - self.at:
            size -= self.end - self.at
            self.at = self.end
            if not self.has(1):
                raise Damage(self.offset, field, f"the file ends {size} bytes too early")
        self.at += size

    def smallest(self, count: int, field: str) -> int:
        """The smallest of so many longs that is above 0; 0 where none is."""
        found = 0
        while count:
            part = min(count, _LONGS)
            values = struct.unpack(f">{part}q", self.raw(8 * part, field))
            found = min((value for value in (found, *values) if value > 0), default=0)
            count -= part
        return found

    def _take(self, size: int, field: str) -> int:
        at = self.at
        if at + size > self.end:
            if not self.has(size):
                raise Damage(self.offset, field, "the file ends")
            at = self.at
        self.at = at + size
        return at
