"""Names and types of states, which stand at the beginning of an operator's state files."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from flink_components.flink.metadata.contents import (
    OperatorState,
    Segment,
    Serializer,
    Snapshot,
    State,
)
from flink_components.flink.metadata.cursor import Cursor, Damage
from flink_components.flink.metadata.files import SnapshotFiles
from flink_components.flink.metadata.reading import metadata_path, read_metadata
from flink_components.flink.metadata.serializers import Unreadable, serializer
from flink_components.flink.storage import StorageError, first_line, is_local
from flink_components.spec.state_access import StateAccess

_LONGEST = 4 << 20
_FIRST = 16 << 10
"""Bytes of a state file that are read at first: what is looked for is seldom longer."""
_AT_ONCE = 8
"""Files that are read at the same time where each takes a while to answer."""
_KEYED_LAYOUTS = (6,)
_OPERATOR_LAYOUTS = (5, 6)
_TIMERS = 3
_MANY = 1 << 16
_TYPE = "KEYED_STATE_TYPE"
_MODE = "OPERATOR_STATE_DISTRIBUTION_MODE"
_MODES = {"SPLIT_DISTRIBUTE": "list", "UNION": "union list", "BROADCAST": "broadcast"}
_ROLES = {
    "KEY_SERIALIZER": "key",
    "NAMESPACE_SERIALIZER": "namespace",
    "VALUE_SERIALIZER": "value",
    "USER_KEY_SERIALIZER": "user key",
}
_TYPED = re.compile(rb"\0\x10KEYED_STATE_TYPE\0[\x03-\x20]([A-Z]+)")
_TIMER = re.compile(rb"\0([\x0d-\xff])(_timer_state/)")


class Head(NamedTuple):
    """What the beginning of a state file says; `problem` is why it could not be read to its end."""

    states: tuple[State, ...]
    problem: str = ""


class _Part(NamedTuple):
    """A head that is to be read."""

    segment: Segment
    keyed: bool


def read_with_states(location: str, access: StateAccess | None = None) -> Snapshot:
    """The savepoint or checkpoint in a directory, with names and types of all states.

    No file is opened twice. `access` and what is raised where `_metadata` can't be read: as of
    `read_snapshot`.
    """
    with SnapshotFiles(access) as files:
        return _with_all_states(read_metadata(location, files), location, files)


def with_states(snapshot: Snapshot, location: str, access: StateAccess | None = None) -> Snapshot:
    """The snapshot of a directory with names and types of all states; `access` as for reading it.

    Where a file can't be read, or only a class of the job can read what it says, `unread` of that
    operator says why, and its states are those that could be found.
    """
    with SnapshotFiles(access) as files:
        found = _with_all_states(snapshot, location, files)
    return replace(found, bytes_read=snapshot.bytes_read + found.bytes_read)


def _with_all_states(snapshot: Snapshot, location: str, files: SnapshotFiles) -> Snapshot:
    heads = _heads(snapshot, location, files)
    operators = tuple(_with_states(operator, heads) for operator in snapshot.operators)
    return replace(snapshot, operators=operators, bytes_read=files.bytes_read)


def _heads(snapshot: Snapshot, location: str, files: SnapshotFiles) -> dict[_Part, Head]:
    """All of them; those in one file one after the other, several files at once."""
    directory = metadata_path(location).rpartition("/")[0]
    by_file: dict[str, list[_Part]] = {}
    for operator in snapshot.operators:
        for segment, keyed in ((operator.operator_head, False), (operator.keyed_head, True)):
            if segment is not None:
                path = f"{directory}/{segment.path}" if segment.relative else segment.path
                by_file.setdefault(path, []).append(_Part(segment, keyed))

    def read(path: str) -> dict[_Part, Head]:
        found = {part: _read(files, path, part) for part in by_file[path]}
        files.done(path)
        return found

    if len(by_file) < 2 or is_local(directory):
        found = map(read, by_file)
        return {part: head for heads in found for part, head in heads.items()}
    with ThreadPoolExecutor(min(_AT_ONCE, len(by_file)), "flink-heads") as pool:
        return {part: head for heads in pool.map(read, by_file) for part, head in heads.items()}


def _with_states(operator: OperatorState, heads: dict[_Part, Head]) -> OperatorState:
    problems = []
    states = {state.name: state for state in operator.states}
    if operator.operator_head is not None:
        head = heads[_Part(operator.operator_head, keyed=False)]
        types = {state.name: state.serializers for state in head.states}
        for name, state in states.items():
            states[name] = replace(state, serializers=types.get(name, ()))
        problems.append(head.problem)
    keyed: tuple[State, ...] = ()
    if operator.keyed_head is not None:
        head = heads[_Part(operator.keyed_head, keyed=True)]
        keyed = head.states
        problems.append(head.problem)
    elif "keyed" in operator.parts:
        problems.append("its changes do not name their states")
    unread = "; ".join(filter(None, problems))
    return replace(operator, states=(*states.values(), *keyed), unread=unread)


def _read(files: SnapshotFiles, path: str, part: _Part) -> Head:
    segment = part.segment
    try:
        file = files.state(path)
        file.seek(segment.offset)
        cursor = Cursor(file, segment.offset, min(segment.size, _LONGEST), _FIRST)
        return _keyed_head(cursor) if part.keyed else _operator_head(cursor)
    except Damage as damage:
        return Head((), f"{path} is damaged {damage}")
    except StorageError as error:
        return Head((), str(error))
    except Exception as error:
        return Head((), f"{path} can't be read: {first_line(error)}")


def _keyed_head(cursor: Cursor) -> Head:
    _layout(cursor, _KEYED_LAYOUTS)
    cursor.flag("whether it is compressed", "i8")
    found: list[State] = []
    count = _MANY
    try:
        key = serializer(cursor)
        count = cursor.i16("number of states")
        for _ in range(count):
            _state(cursor, found, (("key", key),))
    except Unreadable as unreadable:
        return Head((*found, *_searched(cursor, count - len(found))), str(unreadable))
    return Head(tuple(found))


def _operator_head(cursor: Cursor) -> Head:
    if _layout(cursor, _OPERATOR_LAYOUTS) == 6:
        cursor.flag("whether it is compressed", "i8")
    found: list[State] = []
    try:
        for _ in range(2):
            for _ in range(cursor.i16("number of states")):
                _state(cursor, found, ())
    except Unreadable as unreadable:
        return Head(tuple(found), str(unreadable))
    return Head(tuple(found))


def _layout(cursor: Cursor, known: tuple[int, ...]) -> int:
    start = cursor.offset
    layout = cursor.i32("layout of state")
    if layout not in known:
        raise Damage(start, "layout of state", f"{layout} is unknown")
    return layout


def _state(cursor: Cursor, found: list[State], known: tuple[tuple[str, Serializer], ...]) -> None:
    """Adds a state, as far as it can be read."""
    name = cursor.utf("name of a state")
    kind = cursor.i32("kind of a state")
    options = {
        cursor.utf("option of a state"): cursor.utf("option of a state")
        for _ in range(cursor.count("number of options"))
    }
    types = dict(known)
    try:
        for _ in range(cursor.count("number of serializers")):
            role = cursor.utf("role of a serializer")
            role = _ROLES.get(role, role.lower())
            types[role] = serializer(cursor)
    except Unreadable as unreadable:
        types[role] = unreadable.serializer
        raise
    finally:
        found.append(State(name, _kind(kind, options), tuple(types.items())))


def _kind(kind: int, options: dict[str, str]) -> str:
    if kind == _TIMERS:
        return "timers"
    if _TYPE in options:
        return f"keyed {options[_TYPE].lower()}"
    return _MODES.get(options.get(_MODE, ""), "unknown")


def _searched(cursor: Cursor, count: int) -> list[State]:
    """So many states behind a serializer that can't be read: each begins with words that are known.

    No more is read than it takes to find them.
    """
    size = _FIRST
    while True:
        is_all = not cursor.has(size) or size >= _LONGEST
        found = list(_found_in(cursor.buffer[cursor.at :]))
        if is_all or len(found) >= count:
            return found
        size *= 4


def _found_in(rest: bytes) -> Iterator[State]:
    for match in _TYPED.finditer(rest):
        name = _name_before(rest, match.start() - 8)
        if name:
            yield State(name, f"keyed {match[1].decode().lower()}")
    for match in _TIMER.finditer(rest):
        name = rest[match.start(2) : match.start(2) + match[1][0]].decode(errors="replace")
        yield State(name, "timers")


def _name_before(rest: bytes, end: int) -> str:
    """The string that ends there: what is before it is its length."""
    for size in range(1, min(end - 1, 1000)):
        start = end - size
        if int.from_bytes(rest[start - 2 : start], "big") == size:
            name = rest[start:end].decode(errors="replace")
            if name.isprintable():
                return name
    return ""
