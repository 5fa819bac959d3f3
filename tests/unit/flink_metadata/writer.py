"""Writes `_metadata` as Flink does, from handles that know what they add to an operator."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.flink_metadata.golden import FOLDER

MAGIC = 0x4960672D
KEYED_ID = "0f7e9c1e-6a3c-4c2b-9d3a-5e2f6f1c7a10"
NO_COORDINATOR = b"\0"


@dataclass(frozen=True)
class Handle:
    """Bytes, and what they hold: bytes and files that count, ids of changes, kinds.

    `listed` are files of which other handles say how much counts.
    """

    raw: bytes
    size: int = 0
    absolute: dict[str, int] = field(default_factory=dict)
    relative: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()

    def within(self, before: bytes, after: bytes = b"", kind: str = "") -> Handle:
        """The same with something around it."""
        return Handle(
            before + self.raw + after,
            self.size,
            self.absolute,
            self.relative,
            self.changes,
            self.kinds | ({kind} if kind else set()),
            self.listed,
        )


def together(handles: Sequence[Handle]) -> Handle:
    """One after the other."""
    absolute: dict[str, int] = {}
    relative: dict[str, int] = {}
    changes: dict[str, int] = {}
    for handle in handles:
        absolute |= handle.absolute
        relative |= handle.relative
        changes |= handle.changes
    raw = b"".join(handle.raw for handle in handles)
    size = sum(handle.size for handle in handles)
    kinds = frozenset().union(*(handle.kinds for handle in handles))
    listed = frozenset().union(*(handle.listed for handle in handles))
    return Handle(raw, size, absolute, relative, changes, kinds, listed)


def paths(handle: Handle) -> frozenset[str]:
    """All files that a handle names."""
    return handle.listed.union(handle.absolute, handle.relative)


def i8(number: int) -> bytes:
    """A byte."""
    return struct.pack(">B", number)


def i32(*numbers: int) -> bytes:
    """Ints."""
    return struct.pack(f">{len(numbers)}i", *numbers)


def i64(*numbers: int) -> bytes:
    """Longs."""
    return struct.pack(f">{len(numbers)}q", *numbers)


def utf(text: str) -> bytes:
    """A string that is the same in UTF-8 and Java's own."""
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def size_of(path: str) -> int:
    """A file has one size, wherever it is named."""
    return zlib.crc32(path.encode())


def nothing() -> Handle:
    """A stream that is not there."""
    return Handle(i8(0))


def inline(content: bytes) -> Handle:
    """A stream whose bytes lie in `_metadata`."""
    name = "file:/tmp/where/it/would/be"
    return Handle(i8(1) + utf(name) + i32(len(content)) + content, len(content))


def absolute(path: str) -> Handle:
    """A stream in a file anywhere."""
    size = size_of(path)
    return Handle(i8(2) + i64(size) + utf(path), absolute={path: size})


def relative(path: str) -> Handle:
    """A stream in a file beside `_metadata`."""
    size = size_of(path)
    return Handle(i8(6) + utf(path) + i64(size), relative={path: size})


def merged(path: str, number: int) -> Handle:
    """A stream in a part of a file; the part's size is its number."""
    name = f"{path}#{number}"
    raw = i8(15) + i64(7 * number, number) + i32(1) + utf(path) + utf(name)
    return Handle(raw, absolute={path: 0}, changes={name: number})


def key_groups(tag: int, offsets: Sequence[int], stream: Handle) -> Handle:
    """Keyed state by key group: 3 and 12, or 7 of a canonical savepoint."""
    head = i8(tag) + i32(0, len(offsets)) + i64(*offsets)
    kind = "canonical" if tag == 7 else "key groups"
    return stream.within(head, utf(KEYED_ID) if tag == 12 else b"", kind)


def incremental(tag: int, meta: Handle, shared: Sequence[Handle], own: Sequence[Handle]) -> Handle:
    """Keyed state of RocksDB: 5, or 11 since Flink 1.15."""
    head = i8(tag) + i64(3) + utf(KEYED_ID) + i32(0, 64) + (i64(12) if tag == 11 else b"")
    lists = [
        together([one.within(utf("000012.sst")) for one in files]).within(i32(len(files)))
        for files in (shared, own)
    ]
    end = utf(KEYED_ID) if tag == 11 else b""
    return together([meta, *lists]).within(head, end, "incremental")


def changelog(tag: int, base: Sequence[Handle], changes: Sequence[Handle]) -> Handle:
    """Keyed state and what has changed since: 8, or 14 since Flink 1.16."""
    both = [
        together(base).within(i32(len(base))),
        together(changes).within(i32(len(changes))),
    ]
    end = i64(5) + (i64(6) if tag == 14 else b"") + utf(KEYED_ID)
    return together(both).within(i8(tag) + i32(0, 64) + i64(1), end, "changelog")


def changes_in_memory(name: str, content: Sequence[bytes]) -> Handle:
    """Changes whose bytes lie in `_metadata`."""
    raw = b"".join(i32(1, len(one)) + one for one in content)
    size = sum(map(len, content))
    head = i8(9) + i32(0, 64) + i64(1, 2) + i32(len(content))
    return Handle(head + raw + utf(name), changes={name: size})


def changes_in_files(tag: int, name: str, streams: Sequence[Handle], size: int) -> Handle:
    """Changes in files, which others share: 10, or 13 since Flink 1.16."""
    parts = together([stream.within(i64(4)) for stream in streams])
    end = i64(size, 0) + utf(name) + (utf("filesystem") if tag == 13 else b"")
    raw = i8(tag) + i32(0, 64, len(streams)) + parts.raw + end
    return Handle(raw, changes={name: size}, listed=paths(parts))


def operator_state(states: dict[str, tuple[int, Sequence[int]]], stream: Handle) -> Handle:
    """States by name: mode (0 list, 1 union list, 2 broadcast) and offsets."""
    raw = b"".join(
        utf(name) + i8(mode) + i32(len(offsets)) + i64(*offsets)
        for name, (mode, offsets) in states.items()
    )
    return stream.within(i8(4) + i32(len(states)) + raw)


def channel(stream: Handle, size: int) -> Handle:
    """Records in flight, of which `size` bytes are of this channel."""
    raw = i32(0, 1, 2, 1) + i64(0) + i64(size) + stream.raw
    return Handle(raw, size, listed=paths(stream))


@dataclass(frozen=True)
class Subtask:
    """What a subtask holds; None is no state."""

    operator: Handle | None = None
    raw_operator: Handle | None = None
    keyed: Handle | None = None
    raw_keyed: Handle | None = None
    input: Sequence[Handle] = ()
    output: Sequence[Handle] = ()

    def handles(self) -> dict[str, list[Handle]]:
        """By part."""
        channels = [*self.input, *self.output]
        named: dict[str, list[Handle | None]] = {
            "operator": [self.operator],
            "raw operator": [self.raw_operator],
            "keyed": [self.keyed],
            "raw keyed": [self.raw_keyed],
            "channel": list(channels),
        }
        found = {part: [one for one in handles if one] for part, handles in named.items()}
        return {part: handles for part, handles in found.items() if handles}

    def written(self, version: int) -> bytes:
        """As a version of the format has it."""
        parts = [i64(0) + i32(0)] if version == 2 else []
        for operator in (self.operator, self.raw_operator):
            parts.append(i32(1) + operator.raw if operator else i32(0))
        for keyed in (self.keyed, self.raw_keyed):
            parts.append(keyed.raw if keyed else i8(0))
        if version > 2:
            for tag, channels in ((1, self.input), (2, self.output)):
                parts.append(i32(len(channels)))
                mark = i8(tag) if version >= 6 else b""
                parts += [mark + one.raw for one in channels]
        return b"".join(parts)


@dataclass(frozen=True)
class Operator:
    """An operator; a subtask that is None has finished, subtasks that are None: all have."""

    id: bytes
    parallelism: int
    max_parallelism: int
    subtasks: Sequence[Subtask | None] | None
    coordinator: Handle | None = None
    name: str = ""
    uid: str = ""

    def written(self, version: int) -> bytes:
        """As a version of the format has it."""
        names = utf(self.name) + utf(self.uid) if version >= 5 else b""
        head = names + self.id + i32(self.parallelism, self.max_parallelism)
        if version == 2:
            head += i32(1)
        else:
            head += self.coordinator.raw if self.coordinator else NO_COORDINATOR
        if self.subtasks is None:
            return head + i32(-1)
        body = b"".join(
            i32(index) + subtask.written(version) if subtask else i32(-(index + 1))
            for index, subtask in enumerate(self.subtasks)
        )
        return head + i32(len(self.subtasks)) + body


def written(
    version: int,
    operators: Sequence[Operator],
    masters: Sequence[tuple[str, bytes]] = (),
    checkpoint_id: int = 7,
) -> bytes:
    """A whole `_metadata`."""
    head = struct.pack(">Iiq", MAGIC, version, checkpoint_id) + i32(len(masters))
    for name, content in masters:
        body = i32(1) + utf(name) + i32(len(content)) + content
        head += struct.pack(">Ii", 0xC96B1696, len(body)) + body
    body = b"".join(operator.written(version) for operator in operators)
    return head + i32(len(operators)) + body + (properties() if version >= 4 else b"")


def properties() -> bytes:
    """What real Flinks write behind the operators of a checkpoint."""
    real = (FOLDER / "1.20.3-rocksdb-files/_metadata").read_bytes()
    return real[real.rindex(b"\xac\xed\x00\x05") :]


def write(folder: Path, content: bytes) -> str:
    """A snapshot in a folder; its location."""
    (folder / "_metadata").write_bytes(content)
    return str(folder)
