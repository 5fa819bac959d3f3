"""Names and types of states, which stand at the beginning of an operator's state files."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from flink_components.flink.metadata.contents import (
    OperatorState,
    Segment,
    Serializer,
    Snapshot,
    State,
)
from flink_components.flink.metadata.cursor import CHUNK, Cursor, Damage
from flink_components.flink.metadata.reading import metadata_path, opened
from flink_components.flink.metadata.serializers import Unreadable, serializer
from flink_components.flink.storage import StorageError, first_line
from flink_components.spec.state_access import StateAccess

_LONGEST = 4 << 20
_KEYED_LAYOUTS = (6,)
_OPERATOR_LAYOUTS = (5, 6)
_TIMERS = 3
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


def with_states(snapshot: Snapshot, location: str, access: StateAccess | None = None) -> Snapshot:
    """The snapshot of a directory with names and types of all states; `access` as for reading it.

    Where a file can't be read, or only a class of the job can read what it says, `unread` of that
    operator says why, and its states are those that could be found.
    """
    return replace(
        snapshot,
        operators=tuple(
            _with_states(operator, location, access) for operator in snapshot.operators
        ),
    )


def _with_states(
    operator: OperatorState, location: str, access: StateAccess | None
) -> OperatorState:
    problems = []
    states = {state.name: state for state in operator.states}
    if operator.operator_head is not None:
        head = _read(operator.operator_head, location, access, keyed=False)
        types = {state.name: state.serializers for state in head.states}
        for name, state in states.items():
            states[name] = replace(state, serializers=types.get(name, ()))
        problems.append(head.problem)
    keyed: tuple[State, ...] = ()
    if operator.keyed_head is not None:
        head = _read(operator.keyed_head, location, access, keyed=True)
        keyed = head.states
        problems.append(head.problem)
    elif "keyed" in operator.parts:
        problems.append("its changes do not name their states")
    unread = "; ".join(filter(None, problems))
    return replace(operator, states=(*states.values(), *keyed), unread=unread)


def _read(segment: Segment, location: str, access: StateAccess | None, keyed: bool) -> Head:
    directory = metadata_path(location).rpartition("/")[0]
    path = f"{directory}/{segment.path}" if segment.relative else segment.path
    try:
        with opened(path, CHUNK, access) as file:
            file.seek(segment.offset)
            cursor = Cursor(file, segment.offset, min(segment.size, _LONGEST))
            return _keyed_head(cursor) if keyed else _operator_head(cursor)
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
    try:
        key = serializer(cursor)
        for _ in range(cursor.i16("number of states")):
            _state(cursor, found, (("key", key),))
    except Unreadable as unreadable:
        return Head((*found, *_searched(cursor)), str(unreadable))
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


def _searched(cursor: Cursor) -> Iterator[State]:
    """The states behind a serializer that can't be read: each begins with words that are known."""
    cursor.has(_LONGEST)
    rest = cursor.buffer[cursor.at :]
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
