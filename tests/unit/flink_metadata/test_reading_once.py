"""Each file of a snapshot is opened once, several of them at the same time where they are far."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.local import LocalFileSystem

from flink_components.flink.metadata.cursor import CHUNK, MetadataError
from flink_components.flink.metadata.heads import read_with_states, with_states
from flink_components.flink.metadata.reading import read_snapshot
from flink_components.flink.storage import StorageError
from tests.unit.flink_metadata import writer
from tests.unit.flink_metadata.golden import location
from tests.unit.flink_metadata.writer import Operator, Subtask, i8, i32, utf

_IN_FILES, _IN_METADATA = "1.20.3-heap-files", "2.3.0-heap-finished"
_LONG = utf("org.apache.flink.api.common.typeutils.base.LongSerializer$LongSerializerSnapshot")
_THEIRS = utf("com.acme.MoneySerializerSnapshot") + i32(1) + b"what only its class can read"


class Far(LocalFileSystem):
    """Files of this machine that are said to be elsewhere."""

    protocol = "far"
    opened: list[str]
    meet: threading.Barrier | None = None

    def _open(self, path: str, *args: Any, **options: Any) -> Any:
        self.opened.append(Path(path).name)
        if self.meet is not None and Path(path).name != "_metadata":
            self.meet.wait()
        return super()._open(path, *args, **options)


@pytest.fixture
def far() -> Iterator[type[Far]]:
    fsspec.register_implementation("far", Far, clobber=True)
    Far.opened, Far.meet = [], None
    yield Far
    Far.clear_instance_cache()


def test_state_in_the_metadata_is_read_with_it(far: type[Far]) -> None:
    snapshot = read_with_states(f"far://{location(_IN_METADATA)}")
    assert far.opened == ["_metadata"]
    assert "account" in [name for operator in snapshot.operators for name in operator.state_names]


def test_each_state_file_is_opened_once(far: type[Far]) -> None:
    snapshot = read_with_states(f"far://{location(_IN_FILES)}")
    heads = [one for o in snapshot.operators for one in (o.keyed_head, o.operator_head) if one]
    assert sorted(far.opened) == sorted(["_metadata", *(head.path for head in heads)])


def test_files_that_are_far_are_read_at_the_same_time(far: type[Far]) -> None:
    far.meet = threading.Barrier(5, timeout=30)
    snapshot = read_with_states(f"far://{location(_IN_FILES)}")
    assert len(far.opened) == 6
    assert [operator.unread for operator in snapshot.operators if operator.unread] == []


class Store(AsyncFileSystem):
    """An object store, which refuses a part that begins where the object ends."""

    protocol = "store"
    objects: dict[str, bytes]
    asked: list[tuple[str, int, int]]
    is_away = False

    async def _cat_file(self, path: str, start: int = 0, end: int = 0, **_: Any) -> bytes:
        if self.is_away:
            raise OSError("Access Denied")
        name = path.rpartition("/")[2]
        if name not in self.objects:
            raise FileNotFoundError(path)
        self.asked.append((name, start, end))
        if start >= len(self.objects[name]):
            raise OSError("The requested range is not satisfiable")
        return self.objects[name][start:end]

    async def _info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "type": "file", "size": len(self.objects[path.rpartition("/")[2]])}


@pytest.fixture
def store() -> Iterator[type[Store]]:
    fsspec.register_implementation("store", Store, clobber=True)
    files = Path(location(_IN_FILES)).iterdir()
    Store.objects = {path.name: path.read_bytes() for path in files}
    Store.asked, Store.is_away = [], False
    yield Store
    Store.clear_instance_cache()


def test_an_object_store_is_asked_once_for_each_file(store: type[Store]) -> None:
    snapshot = read_with_states("store://chk-3")
    assert snapshot == read_with_states(location(_IN_FILES))
    assert len(store.asked) == 6
    assert snapshot.bytes_read == 9_837


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_metadata_in_several_parts_is_read_to_its_end(
    store: type[Store], monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    monkeypatch.setattr("flink_components.flink.metadata.files._BLOCK", CHUNK)
    for cut in (0, 1):
        store.objects["_metadata"] = content = _metadata_of(2 * CHUNK + more)[: -cut or None]
        store.asked.clear()
        if cut:
            with pytest.raises(MetadataError, match="is damaged at byte"):
                read_snapshot("store://chk-3")
        else:
            assert read_snapshot("store://chk-3").bytes_read == len(content)
        assert [start for _, start, _ in store.asked][:2] == [0, CHUNK]


def _metadata_of(size: int) -> bytes:
    """One of so many bytes, most of them state."""

    def made(state: int) -> bytes:
        keyed = writer.key_groups(12, [0], writer.inline(bytes(state)))
        return writer.written(4, [Operator(b"o" * 16, 1, 128, [Subtask(keyed=keyed)])])

    return made(size - len(made(0)))


def test_an_object_that_ends_too_early_is_damaged_and_not_out_of_reach(store: type[Store]) -> None:
    store.objects["_metadata"] = store.objects["_metadata"][:1_000]
    with pytest.raises(MetadataError, match=r"store://chk-3/_metadata is damaged at byte \d+, "):
        read_snapshot("store://chk-3")


def test_an_object_that_is_missing_is_said(store: type[Store]) -> None:
    del store.objects["_metadata"]
    with pytest.raises(MetadataError, match="there is no file store://chk-3/_metadata"):
        read_snapshot("store://chk-3")


def test_a_store_that_does_not_let_one_in_is_no_damage(store: type[Store]) -> None:
    store.is_away = True
    with pytest.raises(StorageError, match="_metadata can't be read: Access Denied") as raised:
        read_snapshot("store://chk-3")
    assert not isinstance(raised.value, MetadataError)


@pytest.mark.parametrize("name", [_IN_FILES, _IN_METADATA])
def test_it_reads_what_is_read_in_two_steps(name: str) -> None:
    path = location(name)
    assert read_with_states(path) == with_states(read_snapshot(path), path)


def test_what_was_read_is_counted() -> None:
    in_files, in_metadata = map(location, (_IN_FILES, _IN_METADATA))
    size = (Path(in_metadata) / "_metadata").stat().st_size
    assert read_snapshot(in_metadata).bytes_read == size
    assert read_snapshot(in_files).bytes_read == 3_271
    assert read_with_states(in_files).bytes_read == 3_271 + 234 + 1_398 + 4_272 + 291 + 371


def test_the_states_behind_one_that_cannot_be_read_are_looked_for_no_further_than_they_are(
    tmp_path: Path,
) -> None:
    option = i32(1) + utf("KEYED_STATE_TYPE") + utf("VALUE") + i32(1) + utf("VALUE_SERIALIZER")
    money, other = (utf(name) + i32(0) + option + i32(2) for name in ("money", "other"))
    states = money + _THEIRS + other + _LONG + i32(3)
    head = i32(6) + i8(0) + i32(2) + _LONG + i32(3) + b"\0\2" + states
    path = tmp_path / "state"
    path.write_bytes(head + bytes(8 << 20))
    stream = writer.Handle(i8(6) + utf("state") + writer.i64(path.stat().st_size))
    keyed = writer.key_groups(12, [len(head)], stream)
    content = writer.written(4, [Operator(b"o" * 16, 1, 128, [Subtask(keyed=keyed)])])
    snapshot = read_with_states(writer.write(tmp_path, content))
    assert snapshot.operators[0].state_names == ("money", "other")
    assert snapshot.bytes_read < len(content) + 100_000
