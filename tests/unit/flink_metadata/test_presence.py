"""Files that a snapshot leans on are looked for where they would be seen."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from flink_components.flink.metadata.contents import Snapshot, StateFile
from flink_components.flink.metadata.presence import file_count, missing_files
from flink_components.flink.storage import StorageError
from tests.unit.doubles.job_graphs import entry, snapshot


def with_files(*files: StateFile) -> Snapshot:
    return snapshot(entry("count", files=files), entry("total", files=files[:1]))


def test_files_beside_the_metadata_are_missed(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    taken = with_files(StateFile("a", 1, True), StateFile("b", 1, True))
    assert missing_files(taken, tmp_path.as_uri()) == [f"{tmp_path.as_uri()}/b"]
    assert file_count(taken) == 2


def test_files_of_earlier_checkpoints_are_missed(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "a").touch()
    taken = with_files(StateFile(f"file:{shared}/a", 1, False), StateFile(f"{shared}/b", 1, False))
    assert missing_files(taken, f"{tmp_path}/chk-7") == [f"{shared}/b"]


def test_of_a_folder_that_is_not_there_nothing_is_said(tmp_path: Path) -> None:
    taken = with_files(StateFile("file:/elsewhere/shared/a", 1, False))
    assert missing_files(taken, tmp_path.as_uri()) == []


def test_an_object_store_is_listed_anew() -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/savepoints/8/_metadata", b"")
    taken = with_files(StateFile("a", 1, True))
    assert missing_files(taken, "memory://savepoints/8") == ["memory://savepoints/8/a"]
    store.pipe_file("/savepoints/8/a", b"1")
    assert missing_files(taken, "memory://savepoints/8") == []


def test_of_a_website_nothing_is_said() -> None:
    taken = with_files(StateFile("a", 1, True))
    assert missing_files(taken, "https://snapshots.example.org/8") == []


def test_a_folder_that_can_not_be_listed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Protocol not known: nosuch"):
        missing_files(with_files(StateFile("a", 1, True)), "nosuch://savepoints/8")
