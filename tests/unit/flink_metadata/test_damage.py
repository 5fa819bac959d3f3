"""A file that is cut off, changed or lies is refused with its place, in little memory."""

from __future__ import annotations

import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_components.flink.metadata.contents import Snapshot
from flink_components.flink.metadata.cursor import MetadataError
from flink_components.flink.metadata.heads import with_states
from flink_components.flink.metadata.reading import read_snapshot
from flink_components.flink.storage import StorageError
from tests.unit.flink_metadata import golden, writer
from tests.unit.flink_metadata.writer import Operator, Subtask, i8, i32, i64, utf, write, written

_REAL = st.sampled_from(golden.NAMES)
_MEBIBYTE = 1 << 20


def _metadata(name: str) -> bytes:
    return (golden.FOLDER / name / "_metadata").read_bytes()


def _read(content: bytes, states: bool = False) -> Snapshot:
    with tempfile.TemporaryDirectory() as folder:
        location = write(Path(folder), content)
        snapshot = read_snapshot(location)
        return with_states(snapshot, location) if states else snapshot


@given(_REAL, st.data())
def test_a_file_that_is_cut_off_anywhere_is_refused(name: str, data: st.DataObject) -> None:
    content = _metadata(name)
    end = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(MetadataError, match=r"is damaged at byte \d+, .*the file ends"):
        _read(content[:end])


@given(_REAL, st.data())
def test_a_changed_byte_is_refused_or_changes_no_more_than_a_value(
    name: str, data: st.DataObject
) -> None:
    content = bytearray(_metadata(name))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        _read(bytes(content), states=True)
    except MetadataError as error:
        said = str(error)
    else:
        said = "is damaged at byte"
    assert "is damaged at byte" in said or "is of version" in said or "is not the meta" in said


@given(st.binary(max_size=200), st.integers(2, 6))
def test_what_is_no_snapshot_behind_a_good_beginning_is_refused(junk: bytes, version: int) -> None:
    head = written(version, [])[:16]
    try:
        seen = _read(head + junk)
    except MetadataError:
        return
    # four zeros twice: neither master states nor operators
    assert seen.operators == ()


@pytest.mark.parametrize("version", [-1, 0, 1, 7, 1 << 30])
def test_a_version_that_is_not_known_is_said(version: int) -> None:
    content = written(4, [])
    with pytest.raises(
        MetadataError,
        match=f"_metadata is of version {version} of the format: versions 2 to 6 ",
    ):
        _read(content[:4] + i32(version) + content[8:])


def test_another_file_is_said() -> None:
    with pytest.raises(MetadataError, match="_metadata is not the metadata of a snapshot"):
        _read(b"PK\3\4 a jar")


def test_a_missing_snapshot_is_said(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match=f"there is no file {tmp_path}/chk-3/_metadata"):
        read_snapshot(f"{tmp_path}/chk-3/")


def test_a_storage_that_cannot_be_read_from_here_is_no_damage() -> None:
    with pytest.raises(StorageError, match="needs `pip install adlfs`") as raised:
        read_snapshot("abfss://data@acme.dfs.core.windows.net/chk-3")
    assert not isinstance(raised.value, MetadataError)


_HEAD = written(4, [])[:16]
_OPERATOR = i32(0, 1) + b"o" * 16 + i32(1, 128) + i8(0) + i32(1, 0)
_NO_STATE = i32(0, 0)
_MANY = 0x7FFFFFFF
_LIES = {
    "master states": (_HEAD + i32(_MANY), "magic number of a master state"),
    "operators": (_HEAD + i32(0, _MANY), "id of operator 1"),
    "subtasks": (
        _HEAD + i32(0, 1) + b"o" * 16 + i32(1, 128) + i8(0) + i32(_MANY),
        f"number of subtasks of operator {'6f' * 16}: {_MANY} of 1",
    ),
    "states": (_HEAD + _OPERATOR + i32(1) + i8(4) + i32(_MANY), "name of a state"),
    "offsets of a state": (
        _HEAD + _OPERATOR + i32(1) + i8(4) + i32(1) + utf("s") + i8(0) + i32(_MANY),
        "offsets of a state",
    ),
    "key groups": (_HEAD + _OPERATOR + _NO_STATE + i8(12) + i32(0, _MANY), "offsets of key groups"),
    "bytes": (
        _HEAD + _OPERATOR + _NO_STATE + i8(12) + i32(0, 0) + i8(1) + utf("n") + i32(_MANY),
        "bytes",
    ),
    "files": (
        _HEAD + _OPERATOR + _NO_STATE + i8(11) + i64(1) + utf("b") + i32(0, 1) + i64(1) + i8(0)
        + i32(_MANY),
        "name of a file",
    ),
    "handles": (_HEAD + _OPERATOR + _NO_STATE + i8(14) + i32(0, 1) + i64(1) + i32(_MANY), "kind"),
    "a negative number": (_HEAD + i32(-5), "number of master states: a negative number, -5"),
    "a negative size": (
        _HEAD + _OPERATOR + _NO_STATE + i8(12) + i32(0, 0) + i8(6) + utf("f") + i64(-1),
        "size of a file.*: a negative size, -1",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "said"), _LIES.values(), ids=list(_LIES))
def test_a_number_that_lies_is_said_with_its_place_and_costs_nothing(
    content: bytes, said: str
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(MetadataError, match=rf"is damaged at byte \d+, {said}"):
            _read(content)
        assert tracemalloc.get_traced_memory()[1] < 4 * _MEBIBYTE
    finally:
        tracemalloc.stop()


def test_the_place_of_a_damage_is_its_byte_and_field() -> None:
    content = written(4, [Operator(b"o" * 16, 9, 8, [])])
    with pytest.raises(
        MetadataError,
        match=rf"is damaged at byte 40, parallelism of operator {'6f' * 16}: "
        "parallelism 9 of at most 8",
    ):
        _read(content)


def test_handles_in_handles_without_end_are_refused() -> None:
    nested = writer.key_groups(12, [0], writer.inline(b"x"))
    for _ in range(5000):
        nested = writer.changelog(14, [nested], [])
    with pytest.raises(MetadataError, match="more than 8 handles in one another"):
        _read(written(4, [Operator(b"o" * 16, 1, 128, [Subtask(keyed=nested)])]))


def test_state_in_the_file_is_stepped_over_in_little_memory(tmp_path: Path) -> None:
    large = writer.key_groups(12, [0], writer.inline(bytes(32 * _MEBIBYTE)))
    location = write(tmp_path, written(4, [Operator(b"o" * 16, 1, 128, [Subtask(keyed=large)])]))
    tracemalloc.start()
    try:
        assert read_snapshot(location).size == 32 * _MEBIBYTE
        assert tracemalloc.get_traced_memory()[1] < 2 * _MEBIBYTE
    finally:
        tracemalloc.stop()


def test_a_snapshot_of_many_files_takes_no_more_than_four_times_its_size(tmp_path: Path) -> None:
    files = [writer.absolute(f"s3://bucket/shared/5f1b-4c6e-{n:024}") for n in range(20_000)]
    held = writer.incremental(11, writer.inline(b"meta"), files, [])
    content = written(4, [Operator(b"o" * 16, 1, 128, [Subtask(keyed=held)])])
    location = write(tmp_path, content)
    tracemalloc.start()
    try:
        (operator,) = read_snapshot(location).operators
        assert tracemalloc.get_traced_memory()[1] < 4 * len(content)
    finally:
        tracemalloc.stop()
    assert len(operator.files) == 20_000
