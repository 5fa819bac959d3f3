"""The state handles of `_metadata`: what they hold is counted, where it lies is noted."""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from flink_components.flink.metadata.contents import Segment, State, StateFile
from flink_components.flink.metadata.cursor import Cursor, Damage

METADATA = "_metadata"
_DEPTH = 8
"""Handles in handles: Flink writes three at most."""
_MODES = ("list", "union list", "broadcast")
_LONGEST_ENTRY = 2 * (2 + 0xFFFF) + 1 + 8
_U16 = struct.Struct(">H").unpack_from
_I64 = struct.Struct(">q").unpack_from
_I64_U16 = struct.Struct(">qH").unpack_from


class Stream(NamedTuple):
    """Where bytes lie, and how many of them no other stream of the operator has counted yet."""

    new: int
    path: str
    relative: bool
    offset: int
    size: int


@dataclass(slots=True)
class Files:
    """Files by path, each once, and the ids of what was counted without a file of its own."""

    absolute: dict[str, int] = field(default_factory=dict)
    relative: dict[str, int] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    def is_new(self, name: str) -> bool:
        """Notes an id."""
        if name in self.ids:
            return False
        self.ids.add(name)
        return True


@dataclass(slots=True)
class Tally:
    """What the handles of one operator hold together."""

    size: int = 0
    parts: set[str] = field(default_factory=set)
    keyed: set[str] = field(default_factory=set)
    modes: dict[str, str] = field(default_factory=dict)
    own: Files = field(default_factory=Files)
    shared: Files = field(default_factory=Files)
    """Of which others hold parts, too: what is the operator's is said in its handles."""
    keyed_head: Segment | None = None
    operator_head: Segment | None = None

    def states(self) -> tuple[State, ...]:
        """The operator states; keyed ones are not named in handles."""
        return tuple(State(name, kind) for name, kind in self.modes.items())

    def files(self) -> tuple[StateFile, ...]:
        """All files, each once."""
        relative = self.shared.relative | self.own.relative
        absolute = self.shared.absolute | self.own.absolute
        beside = [StateFile(path, size, True) for path, size in relative.items()]
        return (*beside, *(StateFile(path, size, False) for path, size in absolute.items()))


def stream(cursor: Cursor, files: Files, depth: int = 0) -> Stream | None:
    """A stream of bytes; None where there is none."""
    tag = cursor.i8("kind of stream")
    if tag == 2:
        size = cursor.length("size of a file")
        path = cursor.utf("path of a file")
        return Stream(_once(files.absolute, path, size), path, False, 0, size)
    if tag == 6:
        path = cursor.utf("path of a file")
        size = cursor.length("size of a file")
        return Stream(_once(files.relative, path, size), path, True, 0, size)
    if tag == 1:
        cursor.skip(cursor.i16("name of bytes"), "name of bytes")
        size = cursor.count("number of bytes")
        offset = cursor.offset
        cursor.skip(size, "bytes")
        return Stream(size, METADATA, True, offset, size)
    if tag == 3:
        _deeper(depth, cursor.offset - 1)
        cursor.skip(4, "first key group")
        cursor.skip(8 * cursor.count("number of key groups"), "offsets of key groups")
        return stream(cursor, files, depth + 1)
    if tag == 15:
        return _merged(cursor, files)
    if tag in (0, 16):
        return None
    raise Damage(cursor.offset - 1, "kind of stream", f"{tag} is unknown")


def operator_state(cursor: Cursor, tally: Tally, part: str) -> None:
    """The operator state of a subtask."""
    tag = cursor.i8("kind of operator state")
    if tag == 0:
        return
    if tag not in (4, 17):
        raise Damage(cursor.offset - 1, "kind of operator state", f"{tag} is unknown")
    tally.parts.add(part)
    first = 0
    for _ in range(cursor.count("number of states")):
        name = cursor.utf("name of a state")
        mode = cursor.i8("mode of a state")
        if mode >= len(_MODES):
            raise Damage(cursor.offset - 1, "mode of a state", f"{mode} is unknown")
        count = cursor.count("number of parts of a state")
        if tally.operator_head is None:
            offset = cursor.smallest(count, "offsets of a state")
            first = min(filter(None, (first, offset)), default=0)
        else:
            cursor.skip(8 * count, "offsets of a state")
        if part == "operator":
            tally.modes[name] = _MODES[mode]
    if tag == 17:
        for directory in ("directory of a task", "shared directory"):
            cursor.skip(cursor.i16(directory), directory)
        cursor.i8("whether state is empty")
    found = stream(cursor, tally.own)
    if found is None:
        return
    tally.size += found.new
    if part == "operator" and tally.operator_head is None:
        tally.operator_head = _head(found, first)


def keyed_state(cursor: Cursor, tally: Tally, part: str, depth: int = 0) -> None:
    """The keyed state of a subtask."""
    tag = cursor.i8("kind of keyed state")
    if tag == 0:
        return
    tally.parts.add(part)
    kind = "changelog"
    if tag in (3, 7, 12):
        kind = "canonical" if tag == 7 else "key groups"
        _key_groups(cursor, tally, part, has_id=tag == 12)
    elif tag in (5, 11):
        kind = "incremental"
        _incremental(cursor, tally, has_size=tag == 11)
    elif tag in (8, 14):
        _deeper(depth, cursor.offset - 1)
        _changelog(cursor, tally, part, depth, has_checkpoint=tag == 14)
    elif tag == 9:
        _changes_in_memory(cursor, tally)
    elif tag in (10, 13):
        _changes_in_files(cursor, tally, has_storage=tag == 13)
    else:
        raise Damage(cursor.offset - 1, "kind of keyed state", f"{tag} is unknown")
    if part == "keyed":
        tally.keyed.add(kind)


def channel_state(cursor: Cursor, tally: Tally, tagged: bool) -> None:
    """Records in flight of a subtask, of one direction; `tagged` from version 6 on."""
    for _ in range(cursor.count("number of channels")):
        start = cursor.offset
        tag = cursor.i8("kind of channel state") if tagged else 1
        if tag not in (1, 2, 3, 4):
            raise Damage(start, "kind of channel state", f"{tag} is unknown")
        tally.parts.add("channel")
        merged = tag > 2
        cursor.skip(4 if merged else 12, "place of a channel")
        if not merged:
            cursor.skip(8 * cursor.count("number of records"), "offsets of records")
        tally.size += cursor.length("size of channel state")
        stream(cursor, tally.shared)
        if merged:
            cursor.skip(cursor.count("number of bytes"), "offsets of channels")


def _key_groups(cursor: Cursor, tally: Tally, part: str, has_id: bool) -> None:
    cursor.skip(4, "first key group")
    count = cursor.count("number of key groups")
    wanted = part == "keyed" and tally.keyed_head is None
    first = 0
    if wanted:
        first = cursor.smallest(count, "offsets of key groups")
    else:
        cursor.skip(8 * count, "offsets of key groups")
    found = stream(cursor, tally.own)
    if has_id:
        _identifier(cursor)
    if found is not None:
        tally.size += found.new
        if wanted:
            tally.keyed_head = _head(found, first)


def _incremental(cursor: Cursor, tally: Tally, has_size: bool) -> None:
    cursor.skip(8, "id of a checkpoint")
    cursor.skip(cursor.i16("id of a backend"), "id of a backend")
    cursor.skip(16 if has_size else 8, "key groups")
    found = stream(cursor, tally.own)
    if found is not None:
        tally.size += found.new
        tally.keyed_head = tally.keyed_head or _head(found, 0)
    _files(cursor, tally)
    _files(cursor, tally)
    if has_size:
        _identifier(cursor)


def _files(cursor: Cursor, tally: Tally) -> None:
    """A list of files: where a snapshot is large, nearly all of it."""
    count = cursor.count("number of files")
    absolute, relative, total = tally.own.absolute, tally.own.relative, 0
    while count:
        cursor.has(_LONGEST_ENTRY)
        buffer, at, last = cursor.buffer, cursor.at, cursor.end - _LONGEST_ENTRY
        while count and at <= last:
            kind = at + 2 + _U16(buffer, at)[0]
            if buffer[kind] == 2:
                size, length = _I64_U16(buffer, kind + 1)
                start, files = kind + 11, absolute
                after = end = start + length
            elif buffer[kind] == 6:
                start, files = kind + 3, relative
                end = start + _U16(buffer, kind + 1)[0]
                size = _I64(buffer, end)[0]
                after = end + 8
            else:
                break
            try:
                path = buffer[start:end].decode()
            except UnicodeDecodeError:
                break
            if path not in files:
                if size < 0:
                    break
                files[path] = size
                total += size
            at = after
            count -= 1
        cursor.at = at
        if count:
            # near the end of the buffer, or not as usual: with a look at each value
            cursor.skip(cursor.i16("name of a file"), "name of a file")
            found = stream(cursor, tally.own)
            total += found.new if found else 0
            count -= 1
    tally.size += total


def _changelog(cursor: Cursor, tally: Tally, part: str, depth: int, has_checkpoint: bool) -> None:
    cursor.skip(16, "key groups and size")
    for _ in range(cursor.count("number of materialized handles")):
        keyed_state(cursor, tally, part, depth + 1)
    for _ in range(cursor.count("number of changes")):
        keyed_state(cursor, tally, part, depth + 1)
    cursor.skip(16 if has_checkpoint else 8, "id of a materialization")
    _identifier(cursor)


def _changes_in_memory(cursor: Cursor, tally: Tally) -> None:
    cursor.skip(24, "key groups and range of changes")
    size = 0
    for _ in range(cursor.count("number of changes")):
        cursor.skip(4, "key group of a change")
        length = cursor.count("length of a change")
        cursor.skip(length, "a change")
        size += length
    if tally.own.is_new(cursor.utf("id of a handle")):
        tally.size += size


def _changes_in_files(cursor: Cursor, tally: Tally, has_storage: bool) -> None:
    cursor.skip(8, "key groups")
    for _ in range(cursor.count("number of files of changes")):
        cursor.skip(8, "offset of changes")
        stream(cursor, tally.shared)
    size = cursor.length("size of changes")
    cursor.skip(8, "size of new changes")
    if tally.own.is_new(cursor.utf("id of a handle")):
        tally.size += size
    if has_storage:
        cursor.skip(cursor.i16("storage of changes"), "storage of changes")


def _merged(cursor: Cursor, files: Files) -> Stream:
    """A part of a file in which Flink keeps the state of many."""
    offset = cursor.length("start in a merged file")
    size = cursor.length("size in a merged file")
    cursor.skip(4, "scope of a merged file")
    path = cursor.utf("path of a merged file")
    new = size if files.is_new(cursor.utf("id in a merged file")) else 0
    files.absolute[path] = files.absolute.get(path, 0) + new
    return Stream(new, path, False, offset, size)


def _identifier(cursor: Cursor) -> None:
    cursor.skip(cursor.i16("id of a handle"), "id of a handle")


def _head(found: Stream, end: int) -> Segment:
    """The description of types ends where the state of the first key group begins."""
    return Segment(found.path, found.relative, found.offset, min(end or found.size, found.size))


def _once(files: dict[str, int], path: str, size: int) -> int:
    if path in files:
        return 0
    files[path] = size
    return size


def _deeper(depth: int, start: int) -> None:
    if depth >= _DEPTH:
        raise Damage(start, "handle", f"more than {_DEPTH} handles in one another")
