"""Two snapshots are compared operator by operator, as a restore would match them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flink_components.flink.metadata.contents import OperatorState, Serializer, Snapshot, State
from flink_components.flink.metadata.difference import OperatorDifference, difference

_LONG = Serializer("base.LongSerializer$LongSerializerSnapshot", 3)
_STRING = Serializer("base.StringSerializer$StringSerializerSnapshot", 3)
_SUM = State("sum", "keyed value", (("value", _LONG),))
_COUNT = OperatorState(
    "c" * 32, "count", "count", 2, 128, size=10, parts=("keyed",), states=(_SUM,)
)
_SINK = OperatorState("5" * 32, None, "sink", 2, 128)


def _compared(before: list[OperatorState], after: list[OperatorState]) -> Any:
    return difference(Snapshot(6, 1, tuple(before)), Snapshot(6, 2, tuple(after)))


def test_a_snapshot_does_not_differ_from_itself() -> None:
    assert _compared([_COUNT, _SINK], [_SINK, _COUNT]) == ()


def test_an_operator_under_another_id_is_gone_and_new() -> None:
    renamed = replace(_COUNT, id="d" * 32)
    assert _compared([_COUNT], [renamed]) == (
        OperatorDifference(_COUNT, None),
        OperatorDifference(None, renamed),
    )


def test_a_difference_of_size_alone_is_none() -> None:
    assert _compared([_COUNT], [replace(_COUNT, size=11)]) == ()


def test_what_has_changed_is_named_with_both_values() -> None:
    after = replace(_COUNT, parallelism=4, max_parallelism=256)
    (found,) = _compared([_COUNT], [after])
    assert found.fields == (("parallelism", 2, 4), ("max_parallelism", 128, 256))


def test_names_that_an_older_flink_does_not_write_are_no_difference() -> None:
    assert _compared([replace(_COUNT, uid=None, name=None)], [_COUNT]) == ()


def test_states_that_come_go_or_change_their_type_are_named() -> None:
    text = State("sum", "keyed value", (("value", _STRING),))
    (changed,) = _compared([_COUNT], [replace(_COUNT, states=(text, replace(text, name="new")))])
    assert changed.states == (
        ("sum", "keyed value Long", "keyed value String"),
        ("new", "", "keyed value String"),
    )
    (gone,) = _compared([_COUNT], [replace(_COUNT, states=())])
    assert gone.states == (("sum", "keyed value Long", ""),)


def test_states_that_could_not_be_read_are_not_said_to_be_gone() -> None:
    assert _compared([_COUNT], [replace(_COUNT, states=(), unread="there is no file 4e1b")]) == ()
