"""Files that are no metadata of a snapshot, or say what can't be, and what is said of each."""

from __future__ import annotations

from tests.unit.flink_metadata import writer
from tests.unit.flink_metadata.golden import FOLDER
from tests.unit.flink_metadata.writer import Handle, Operator, Subtask, i8, i32, i64, utf

_MANY = 0x7FFFFFFF
_ENDLESS = (1 << 62) + 7
_HEAD = writer.written(4, [])[:16]
_REAL = (FOLDER / "2.3.0-heap-finished/_metadata").read_bytes()
_ID = b"o" * 16
_ONE = i32(0, 1) + _ID + i32(1, 128) + i8(0) + i32(1, 0)
_NO_STATE = i32(0, 0)
_KEYED = _HEAD + _ONE + _NO_STATE
_OPERATOR = _HEAD + _ONE + i32(1)


def _version(number: int) -> bytes:
    return _HEAD[:4] + i32(number) + _HEAD[8:]


def _operator(parallelism: int, most: int, subtasks: int = 0) -> bytes:
    return _HEAD + i32(0, 1) + _ID + i32(parallelism, most) + i8(0) + i32(subtasks)


def _whole(version: int, *subtasks: Subtask, uid: str = "") -> bytes:
    operator = Operator(_ID, len(subtasks) or 1, 128, subtasks, name=uid, uid=uid)
    return writer.written(version, [operator])


def _nested(depth: int) -> Handle:
    handle = writer.key_groups(12, [0], writer.inline(b"x"))
    for _ in range(depth):
        handle = writer.changelog(14, [handle], [])
    return handle


FILES: dict[str, bytes] = {
    "empty": b"",
    "a jar": b"PK\3\4\x14\0\0\0\x08\0META-INF/MANIFEST.MF",
    "text": b"it is not here any more\n",
    "an answer of a proxy": b"<html><body>403 Forbidden</body></html>",
    "zeros": bytes(4096),
    "half of the magic number": _HEAD[:2],
    "version 1": _version(1),
    "version 7": _version(7),
    "version below zero": _version(-1),
    "no more than the version": _HEAD[:8],
    "cut in the number of the checkpoint": _HEAD[:12],
    "cut in a name": _REAL[:60],
    "cut in the middle": _REAL[: len(_REAL) // 2],
    "cut by one byte": _REAL[:-1],
    "more master states than bytes": _HEAD + i32(_MANY),
    "master states below zero": _HEAD + i32(-5),
    "no master state where one is said to be": _HEAD + i32(1) + i32(7, 7, 7),
    "a master state shorter than its name": writer.written(4, [], [("a-name", b"")]).replace(
        i32(16) + i32(1) + utf("a-name"), i32(4) + i32(1) + utf("a-name")
    ),
    "more operators than bytes": _HEAD + i32(0, _MANY),
    "operators below zero": _HEAD + i32(0, -1),
    "parallelism 0": _operator(0, 128),
    "parallelism below zero": _operator(-3, 128),
    "parallelism above the most": _operator(129, 128),
    "more subtasks than parallelism": _operator(2, 128, 3),
    "subtasks below zero": _operator(2, 128, -2),
    "subtasks without end": _operator(2, 128, _MANY),
    "a subtask beyond the last": _operator(2, 128, 1) + i32(2),
    "a coordinator of no kind": _HEAD + i32(0, 1) + _ID + i32(1, 128) + i8(99),
    "neither with state nor without": _HEAD + _ONE + i32(2),
    "operator state of no kind": _OPERATOR + i8(5),
    "states without end": _OPERATOR + i8(4) + i32(_MANY),
    "states below zero": _OPERATOR + i8(4) + i32(-1),
    "a state of no mode": _OPERATOR + i8(4) + i32(1) + utf("rules") + i8(3),
    "offsets without end": _OPERATOR + i8(4) + i32(1) + utf("rules") + i8(0) + i32(_MANY),
    "a name that is longer than the file": _OPERATOR + i8(4) + i32(1) + b"\xff\xffrules",
    "a name that is no text": _OPERATOR + i8(4) + i32(1) + b"\0\2\xff\xfe" + i8(0),
    "keyed state of no kind": _KEYED + i8(99),
    "key groups without end": _KEYED + i8(12) + i32(0, _MANY),
    "key groups below zero": _KEYED + i8(12) + i32(0, -1),
    "bytes without end": _KEYED + i8(12) + i32(0, 0) + i8(1) + utf("n") + i32(_MANY),
    "bytes below zero": _KEYED + i8(12) + i32(0, 0) + i8(1) + utf("n") + i32(-8),
    "a file of less than nothing": _KEYED + i8(12) + i32(0, 0) + i8(6) + utf("f") + i64(-1),
    "a stream of no kind": _KEYED + i8(12) + i32(0, 0) + i8(42),
    "files without end": (
        _KEYED + i8(11) + i64(1) + utf("b") + i32(0, 1) + i64(1) + i8(0) + i32(_MANY)
    ),
    "files below zero": _KEYED + i8(11) + i64(1) + utf("b") + i32(0, 1) + i64(1) + i8(0) + i32(-1),
    "changes without end": _KEYED + i8(14) + i32(0, 1) + i64(1) + i32(0, _MANY),
    "a change without end": _KEYED + i8(9) + i32(0, 1) + i64(1, 2) + i32(1) + i32(0, _MANY),
    "handles in handles": _whole(4, Subtask(keyed=_nested(9))),
    "a part of a file that begins before it": (
        _KEYED + i8(12) + i32(0, 0) + i8(15) + i64(-1, 8) + i32(1) + utf("f") + utf("f#1")
    ),
    "channels without end": _KEYED + i8(0) + i8(0) + i32(_MANY),
    "records below zero": _KEYED + i8(0) + i8(0) + i32(1) + i32(0, 1, 2, -1),
    "a channel of no kind": _whole(
        6, Subtask(input=[writer.channel(writer.inline(b"x"), 1)])
    ).replace(i32(1) + i8(1), i32(1) + i8(9)),
    "without properties": writer.written(4, [])[: -len(writer.properties())],
    "properties that are no object": writer.written(4, [])[: -len(writer.properties())] + bytes(8),
    "properties without end": writer.written(4, [])[: -len(writer.properties())]
    + writer.properties()[:5]
    + writer.properties()[4:5] * 100,
}

_OTHER = "is not the metadata of a snapshot; give the directory of a savepoint or checkpoint"
_VERSIONS = (
    "of the format: versions 2 to 6 (Flink 1.3 to 2.3) can be read; use a snapshot of such a Flink"
)

SAID: dict[str, str | tuple[int, str]] = {
    "empty": (0, "magic number: the file ends"),
    "a jar": _OTHER,
    "text": _OTHER,
    "an answer of a proxy": _OTHER,
    "zeros": _OTHER,
    "half of the magic number": (0, "magic number: the file ends"),
    "version 1": f"is of version 1 {_VERSIONS}",
    "version 7": f"is of version 7 {_VERSIONS}",
    "version below zero": f"is of version -1 {_VERSIONS}",
    "no more than the version": (8, "number of the checkpoint: the file ends"),
    "cut in the number of the checkpoint": (8, "number of the checkpoint: the file ends"),
    "cut in a name": (50, "id of operator 1: the file ends"),
    "cut in the middle": (10678, "bytes of operator remember: the file ends 986 bytes too early"),
    "cut by one byte": (21352, "properties: the file ends"),
    "more master states than bytes": (20, "magic number of a master state: the file ends"),
    "master states below zero": (16, "number of master states: a negative number, -5"),
    "no master state where one is said to be": (
        20,
        "magic number of a master state: another number",
    ),
    "a master state shorter than its name": (20, "length of a master state: 4 is too short"),
    "more operators than bytes": (24, "id of operator 1: the file ends"),
    "operators below zero": (20, "number of operators: a negative number, -1"),
    "parallelism 0": (40, "parallelism of operator OP: parallelism 0 of at most 128"),
    "parallelism below zero": (40, "parallelism of operator OP: parallelism -3 of at most 128"),
    "parallelism above the most": (
        40,
        "parallelism of operator OP: parallelism 129 of at most 128",
    ),
    "more subtasks than parallelism": (49, "number of subtasks of operator OP: 3 of 2"),
    "subtasks below zero": (49, "number of subtasks of operator OP: -2 of 2"),
    "subtasks without end": (49, "number of subtasks of operator OP: 2147483647 of 2"),
    "a subtask beyond the last": (53, "index of a subtask of operator OP: 2 of 2"),
    "a coordinator of no kind": (48, "kind of stream of operator OP: 99 is unknown"),
    "neither with state nor without": (
        57,
        "whether there is operator state of operator OP: 2 is neither 0 nor 1",
    ),
    "operator state of no kind": (61, "kind of operator state of operator OP: 5 is unknown"),
    "states without end": (66, "name of a state of operator OP: the file ends"),
    "states below zero": (62, "number of states of operator OP: a negative number, -1"),
    "a state of no mode": (73, "mode of a state of operator OP: 3 is unknown"),
    "offsets without end": (78, "offsets of a state of operator OP: the file ends"),
    "a name that is longer than the file": (68, "name of a state of operator OP: the file ends"),
    "a name that is no text": (68, "name of a state of operator OP: not a string"),
    "keyed state of no kind": (65, "kind of keyed state of operator OP: 99 is unknown"),
    "key groups without end": (74, "offsets of key groups of operator OP: the file ends"),
    "key groups below zero": (70, "number of key groups of operator OP: a negative number, -1"),
    "bytes without end": (82, "bytes of operator OP: the file ends 2147483647 bytes too early"),
    "bytes below zero": (78, "number of bytes of operator OP: a negative number, -8"),
    "a file of less than nothing": (78, "size of a file of operator OP: a negative size, -1"),
    "a stream of no kind": (74, "kind of stream of operator OP: 42 is unknown"),
    "files without end": (98, "name of a file of operator OP: the file ends"),
    "files below zero": (94, "number of files of operator OP: a negative number, -1"),
    "changes without end": (90, "kind of keyed state of operator OP: the file ends"),
    "a change without end": (
        102,
        "a change of operator OP: the file ends 2147483647 bytes too early",
    ),
    "handles in handles": (233, "handle of operator OP: more than 8 handles in one another"),
    "a part of a file that begins before it": (
        75,
        "start in a merged file of operator OP: a negative size, -1",
    ),
    "channels without end": (
        71,
        "place of a channel of operator OP: the file ends 12 bytes too early",
    ),
    "records below zero": (83, "number of records of operator OP: a negative number, -1"),
    "a channel of no kind": (75, "kind of channel state of operator OP: 9 is unknown"),
    "without properties": (24, "properties: the file ends"),
    "properties that are no object": (24, "properties: not an object of Java"),
    "properties without end": (29, "properties: a class of the kind 115 is not expected"),
}
"""Behind the path of the file. A number: it is damaged there; "OP" stands for an operator's id."""


def said(name: str, path: str) -> str:
    """What is said of a file."""
    what = SAID[name]
    if isinstance(what, str):
        return f"{path} {what}"
    place, problem = what
    problem = problem.replace("OP", "6f" * 16)
    return f"{path} is damaged at byte {place}, {problem}; use another snapshot"
