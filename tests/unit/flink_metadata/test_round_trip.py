"""Whatever is written in the format is read: what counts, where it lies, of which kind it is."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flink_components.flink.metadata import cursor
from flink_components.flink.metadata.contents import StateFile
from flink_components.flink.metadata.reading import read_snapshot
from tests.unit.flink_metadata import writer
from tests.unit.flink_metadata.writer import Handle, Operator, Subtask, together, write, written

_MODES = ("list", "union list", "broadcast")
_NAMES = st.text(st.characters(min_codepoint=1, max_codepoint=0xD7FF), max_size=20)
_PATHS = st.sampled_from([f"s3://bucket/shared/{number}" for number in range(9)])
_BESIDE = st.sampled_from([f"4e1b-{number}" for number in range(9)])
_OFFSETS = st.lists(st.integers(0, 1 << 40), max_size=5)
_STREAMS = st.one_of(
    st.builds(writer.nothing),
    st.binary(max_size=60).map(writer.inline),
    _PATHS.map(writer.absolute),
    _BESIDE.map(writer.relative),
    st.builds(writer.merged, st.sampled_from(["s3://m/1", "s3://m/2"]), st.integers(0, 99)),
)
_FEW = st.lists(_STREAMS, max_size=4)
_STATES = st.dictionaries(_NAMES, st.tuples(st.integers(0, 2), _OFFSETS), max_size=3)
_OPERATOR_STATES = st.builds(writer.operator_state, _STATES, _STREAMS)
_GROUPS = st.builds(writer.key_groups, st.sampled_from([3, 7, 12]), _OFFSETS, _STREAMS)
_INCREMENTAL = st.builds(writer.incremental, st.sampled_from([5, 11]), _STREAMS, _FEW, _FEW)
_CHANGES = st.one_of(
    st.builds(
        writer.changes_in_memory,
        st.uuids().map(str),
        st.lists(st.binary(max_size=20), max_size=3),
    ),
    st.builds(
        writer.changes_in_files,
        st.sampled_from([10, 13]),
        st.uuids().map(str),
        st.lists(_PATHS.map(writer.absolute), max_size=3),
        st.integers(0, 1 << 40),
    ),
)
_CHANGELOG = st.builds(
    writer.changelog,
    st.sampled_from([8, 14]),
    st.lists(st.one_of(_GROUPS, _INCREMENTAL), max_size=2),
    st.lists(_CHANGES, max_size=2),
)
_KEYED = st.one_of(_GROUPS, _INCREMENTAL, _CHANGELOG)
_CHANNELS = st.lists(st.builds(writer.channel, _STREAMS, st.integers(0, 1 << 40)), max_size=2)
_SUBTASKS = st.builds(
    Subtask,
    st.none() | _OPERATOR_STATES,
    st.none() | _OPERATOR_STATES,
    st.none() | _KEYED,
    st.none() | _GROUPS,
    _CHANNELS,
    _CHANNELS,
)


@st.composite
def _operators(draw: st.DrawFn) -> Operator:
    parallelism = draw(st.integers(1, 4))
    subtasks = st.lists(st.none() | _SUBTASKS, max_size=parallelism)
    return Operator(
        id=draw(st.binary(min_size=16, max_size=16)),
        parallelism=parallelism,
        max_parallelism=draw(st.integers(parallelism, 32768)),
        subtasks=draw(st.none() | subtasks),
        coordinator=draw(st.none() | st.binary(max_size=30).map(writer.inline)),
        name=draw(_NAMES),
        uid=draw(_NAMES),
    )


def _held(operator: Operator, version: int) -> dict[str, list[Handle]]:
    parts: dict[str, list[Handle]] = {}
    if operator.coordinator and version > 2:
        parts["coordinator"] = [operator.coordinator]
    for subtask in operator.subtasks or ():
        for part, handles in (subtask or Subtask()).handles().items():
            if part != "channel" or version > 2:
                parts.setdefault(part, []).extend(handles)
    return parts


def _size(parts: dict[str, list[Handle]]) -> int:
    """What is in files, and what has an id, counts once."""
    every = together([one for held in parts.values() for one in held])
    once = (every.absolute, every.relative, every.changes)
    return every.size + sum(sum(found.values()) for found in once)


@pytest.fixture(autouse=True, params=[1, 1 << 18], ids=["byte by byte", "at once"])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is read at once is not to be seen."""
    monkeypatch.setattr(cursor, "CHUNK", request.param)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(2, 6),
    st.integers(1, 1 << 40),
    st.lists(_operators(), max_size=3),
    st.lists(st.tuples(_NAMES, st.binary(max_size=9)), max_size=2),
)
def test_what_is_written_is_read(
    version: int, number: int, operators: list[Operator], masters: list[tuple[str, bytes]]
) -> None:
    if version == 2:
        operators = [one for one in operators if one.subtasks is not None]
        operators = [one for one in operators if None not in one.subtasks]
    with tempfile.TemporaryDirectory() as folder:
        content = written(version, operators, masters, number)
        snapshot = read_snapshot(write(Path(folder), content))
    assert (snapshot.version, snapshot.checkpoint_id) == (version, number)
    assert snapshot.master_states == tuple(name for name, _ in masters)
    for operator, seen in zip(operators, snapshot.operators, strict=True):
        names = (operator.name or None, operator.uid or None) if version >= 5 else (None, None)
        assert (seen.id, seen.name, seen.uid) == (operator.id.hex(), *names)
        assert (seen.parallelism, seen.max_parallelism) == (
            operator.parallelism,
            operator.max_parallelism,
        )
        assert seen.finished == (operator.subtasks is None)
        parts = _held(operator, version)
        assert set(seen.parts) == set(parts)
        assert set(seen.keyed) == together(parts.get("keyed", [])).kinds
        every = together([one for held in parts.values() for one in held])
        assert {file.path for file in seen.files} == writer.paths(every)
        assert seen.size == _size(parts)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_NAMES, st.tuples(st.integers(0, 2), _OFFSETS), max_size=5))
def test_operator_states_are_named_with_their_modes(
    states: dict[str, tuple[int, list[int]]],
) -> None:
    held = writer.operator_state(states, writer.inline(b"state"))
    operator = Operator(b"o" * 16, 1, 128, [Subtask(operator=held)])
    with tempfile.TemporaryDirectory() as folder:
        (seen,) = read_snapshot(write(Path(folder), written(6, [operator]))).operators
    assert {state.name: state.kind for state in seen.states} == {
        name: _MODES[mode] for name, (mode, _) in states.items()
    }


def test_a_file_that_subtasks_share_counts_once(tmp_path: Path) -> None:
    shared = writer.absolute("s3://bucket/shared/1")
    own = [writer.absolute(f"s3://bucket/own/{number}") for number in range(2)]
    subtasks = [
        Subtask(keyed=writer.incremental(11, writer.inline(b"meta"), [shared], [one]))
        for one in own
    ]
    operator = Operator(b"o" * 16, 2, 128, subtasks)
    (seen,) = read_snapshot(write(tmp_path, written(4, [operator]))).operators
    sizes = [writer.size_of(f"s3://bucket/{path}") for path in ("shared/1", "own/0", "own/1")]
    assert seen.size == sum(sizes) + 2 * len(b"meta")
    assert seen.files == tuple(
        StateFile(f"s3://bucket/{path}", size, False)
        for path, size in zip(("shared/1", "own/0", "own/1"), sizes, strict=True)
    )


def test_a_snapshot_of_files_beside_it_can_be_moved(tmp_path: Path) -> None:
    def movable(stream: Handle) -> bool:
        held = writer.key_groups(12, [0], stream)
        operator = Operator(b"o" * 16, 1, 128, [Subtask(keyed=held)])
        return read_snapshot(write(tmp_path, written(4, [operator]))).movable

    assert movable(writer.relative("4e1b"))
    assert movable(writer.inline(b"state"))
    assert not movable(writer.absolute("s3://bucket/4e1b"))


def test_names_in_javas_own_utf_are_read(tmp_path: Path) -> None:
    # as DataOutputStream.writeUTF("a\0b😀") writes it
    name = bytes.fromhex("0009 61 c080 62 eda0bd edb880".replace(" ", ""))[:2] + bytes.fromhex(
        "61c08062eda0bdedb880"
    )
    raw = (len(name) - 2).to_bytes(2, "big") + name[2:]
    content = written(5, [Operator(b"o" * 16, 1, 128, [], name="*")]).replace(b"\0\1*", raw, 1)
    (seen,) = read_snapshot(write(tmp_path, content)).operators
    assert seen.name == "a\0b😀"
