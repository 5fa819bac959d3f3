"""Names and types of states are read without the classes of the job, as far as that goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.flink.metadata.contents import OperatorState
from flink_components.flink.metadata.heads import with_states
from flink_components.flink.metadata.reading import read_snapshot
from flink_components.flink.metadata.types import state_text
from tests.unit.flink_metadata import writer
from tests.unit.flink_metadata.golden import location
from tests.unit.flink_metadata.writer import Handle, Operator, Subtask, i8, i32, i64, utf

_BASE = "org.apache.flink.api.common.typeutils.base"
_LONG = utf(f"{_BASE}.LongSerializer$LongSerializerSnapshot") + i32(3)
_THEIRS = utf("com.acme.MoneySerializerSnapshot") + i32(1) + b"what only its class can read"


def _state(name: str, serializer: bytes, kind: str = "VALUE") -> bytes:
    options = i32(1) + utf("KEYED_STATE_TYPE") + utf(kind)
    return utf(name) + i32(0) + options + i32(1) + utf("VALUE_SERIALIZER") + i32(2) + serializer


def _timers(name: str, serializer: bytes) -> bytes:
    return utf(name) + i32(3, 0, 1) + utf("VALUE_SERIALIZER") + i32(2) + serializer


def _head(key: bytes, *states: bytes) -> bytes:
    count = len(states).to_bytes(2, "big")
    return i32(6) + i8(0) + i32(2) + key + count + b"".join(states)


def _read(folder: Path, keyed: Handle) -> OperatorState:
    content = writer.written(4, [Operator(b"o" * 16, 1, 128, [Subtask(keyed=keyed)])])
    written = writer.write(folder, content)
    (operator,) = with_states(read_snapshot(written), written).operators
    return operator


def _words(operator: OperatorState) -> dict[str, tuple[str, str]]:
    return {state.name: (state.kind, state_text(state)) for state in operator.states}


def test_types_are_said_in_words() -> None:
    path = location("2.3.0-heap-finished")
    snapshot = with_states(read_snapshot(path), path)
    found = {operator.name: _words(operator) for operator in snapshot.operators}
    assert found["remember"] == {
        "account": (
            "keyed value",
            "Long -> Account{byKind: Nullable<Map<Nullable<String>, Long>>, level: Level, "
            "owner: String, total: Long}",
        ),
        "opaque": ("keyed value", "Long -> Kryo<BitSet>"),
        "notes": ("keyed list", "Long -> List<String>"),
        "counts": ("keyed map", "Long -> Map<String, Long>"),
        "largest": ("keyed reducing", "Long -> Long"),
        "mean": ("keyed aggregating", "Long -> Tuple2<Long, Long>"),
        "_timer_state/processing_user-timers": ("timers", "Long -> Timer<Long, VoidNamespace>"),
        "_timer_state/event_user-timers": ("timers", "Long -> Timer<Long, VoidNamespace>"),
    }
    assert found["window without uid"]["window-contents"] == (
        "keyed reducing",
        "Long in GlobalWindow -> Long",
    )
    assert found["offsets"] == {
        "own offset": ("list", "String"),
        "all offsets": ("union list", "Long"),
    }
    assert found["rules"] == {"rules": ("broadcast", "String -> Long")}


def test_states_behind_a_serializer_of_the_job_are_found_by_name(tmp_path: Path) -> None:
    head = _head(
        _LONG,
        _state("first", _LONG),
        _state("money", _THEIRS),
        _state("third", _LONG, "MAP"),
        _timers("_timer_state/event_user-timers", _LONG),
    )
    operator = _read(tmp_path, writer.key_groups(12, [len(head)], writer.inline(head + b"data")))
    assert _words(operator) == {
        "first": ("keyed value", "Long -> Long"),
        "money": ("keyed value", "Long -> Money"),
        "third": ("keyed map", ""),
        "_timer_state/event_user-timers": ("timers", ""),
    }
    assert operator.unread == "com.acme.MoneySerializerSnapshot can't be read without its class"


def test_a_field_of_a_pojo_by_a_serializer_of_the_job_is_stepped_over(tmp_path: Path) -> None:
    def field(name: str, serializer: bytes) -> bytes:
        framed = i32(len(serializer)) + serializer
        return utf(name) + i8(1) + i32(3) + b"key" + i8(1) + framed

    start, none = i64(0x4F2C69A3D70), i64(0x4F2C69A3D70) + i32(0)
    pojo = (
        utf("org.apache.flink.api.java.typeutils.runtime.PojoSerializerSnapshot")
        + i32(2)
        + utf("com.acme.Order")
        + (start + i32(2) + field("price", _THEIRS) + field("count", _LONG))
        + none
        + none
    )
    head = _head(_LONG, _state("order", pojo), _state("last", _LONG))
    operator = _read(tmp_path, writer.key_groups(7, [len(head)], writer.inline(head)))
    assert _words(operator) == {
        "order": ("keyed value", "Long -> Order{price: Money, count: Long}"),
        "last": ("keyed value", "Long -> Long"),
    }
    assert operator.unread == ""


def test_the_state_behind_the_types_is_not_looked_at(tmp_path: Path) -> None:
    head = _head(_THEIRS, _state("own", _LONG))
    data = _state("of another", _LONG)
    held = writer.key_groups(12, [len(head), len(head) + 5], writer.inline(head + data))
    assert list(_words(_read(tmp_path, held))) == ["own"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is damaged at byte 108, layout of state: the file ends"),
        (i32(77), "is damaged at byte 108, layout of state: 77 is unknown"),
        (_head(_LONG, _state("s", _LONG))[:-1], "version of a serializer: the file ends"),
        (i32(6) + i8(0) + i32(1), "layout of a serializer: 1 is unknown"),
    ],
    ids=["empty", "another layout", "cut off", "another serializer"],
)
def test_damaged_types_are_said_of_their_operator(
    tmp_path: Path, content: bytes, said: str
) -> None:
    operator = _read(tmp_path, writer.key_groups(12, [], writer.inline(content)))
    assert operator.states == ()
    assert said in operator.unread


def test_types_in_a_file_that_is_gone_are_said_of_their_operator(tmp_path: Path) -> None:
    held = writer.incremental(11, writer.relative("4e1b"), [], [])
    operator = _read(tmp_path, held)
    assert operator.unread == f"there is no file {tmp_path}/4e1b"


def test_types_in_a_file_beside_the_metadata_are_read(tmp_path: Path) -> None:
    (tmp_path / "4e1b").write_bytes(_head(_LONG, _state("sum", _LONG)))
    operator = _read(tmp_path, writer.incremental(11, writer.relative("4e1b"), [], []))
    assert _words(operator) == {"sum": ("keyed value", "Long -> Long")}


def test_types_in_a_part_of_a_merged_file_are_read(tmp_path: Path) -> None:
    head = _head(_LONG, _state("sum", _LONG))
    merged = tmp_path / "merged"
    merged.write_bytes(bytes(7 * 1000) + head + b"of another")
    held = writer.incremental(11, writer.merged(merged.as_uri(), 1000), [], [])
    assert _words(_read(tmp_path, held)) == {"sum": ("keyed value", "Long -> Long")}
