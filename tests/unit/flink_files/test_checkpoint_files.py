"""Checkpoints are found on their storage: complete ones only, the highest number first."""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.flink.checkpoint_files import latest_left, snapshot_number
from flink_components.flink.storage import StorageError
from tests.unit.doubles.snapshot_files import metadata, write_metadata

JOB = "a" * 32


def left(folder: Path, *numbers: int) -> Path:
    for number in numbers:
        write_metadata(folder / JOB / f"chk-{number}", number, 1_700_000_000)
    return folder


def test_the_highest_number_is_taken_and_not_the_last_name(tmp_path: Path) -> None:
    found = latest_left(left(tmp_path, 9, 10, 2).as_uri(), JOB)
    assert found is not None
    assert (found.id, found.path) == (10, f"{tmp_path.as_uri()}/{JOB}/chk-10")
    assert not found.savepoint


def test_one_that_was_never_completed_is_passed_over(tmp_path: Path) -> None:
    (left(tmp_path, 3) / JOB / "chk-4").mkdir()
    found = latest_left(tmp_path.as_uri(), JOB)
    assert found is not None
    assert found.id == 3


def test_it_is_as_old_as_its_metadata(tmp_path: Path) -> None:
    found = latest_left(left(tmp_path, 3).as_uri(), JOB)
    assert found is not None
    assert found.at_ms == 1_700_000_000_000


def test_other_folders_of_the_job_are_no_checkpoints(tmp_path: Path) -> None:
    for name in ("shared", "taskowned", "chk-", "chk-1a"):
        (tmp_path / JOB / name).mkdir(parents=True)
    assert latest_left(tmp_path.as_uri(), JOB) is None


def test_a_job_without_a_folder_has_left_nothing(tmp_path: Path) -> None:
    assert latest_left(tmp_path.as_uri(), JOB) is None


def test_flinks_spelling_of_a_local_path_is_understood(tmp_path: Path) -> None:
    assert latest_left(f"file:{left(tmp_path, 3)}/", JOB) is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is damaged: it ends after 0 bytes"),
        (metadata(3)[:15], "is damaged: it ends after 15 bytes"),
        (metadata(3, magic=7), "is not the metadata of a snapshot"),
        (metadata(2), "is of checkpoint 2, not of 3"),
    ],
    ids=["empty", "cut off", "something else", "another number"],
)
def test_a_damaged_one_is_said_and_no_older_one_taken(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (left(tmp_path, 2, 3) / JOB / "chk-3/_metadata").write_bytes(content)
    with pytest.raises(StorageError, match=said):
        latest_left(tmp_path.as_uri(), JOB)


@pytest.mark.parametrize(
    ("directory", "said"),
    [
        ("abfss://data@acme.dfs.core.windows.net/flink", "needs `pip install adlfs`"),
        ("hologram://data", "Protocol not known: hologram"),
    ],
)
def test_a_storage_that_cannot_be_read_from_here_is_said(directory: str, said: str) -> None:
    with pytest.raises(StorageError, match=said):
        latest_left(directory, JOB)


@pytest.mark.parametrize("ending", ["", "/", "/_metadata"])
def test_the_number_of_a_savepoint_is_in_its_metadata(tmp_path: Path, ending: str) -> None:
    (tmp_path / "_metadata").write_bytes(metadata(12))
    assert snapshot_number(tmp_path.as_uri() + ending) == 12


def test_a_savepoint_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="/gone/_metadata is not there"):
        snapshot_number((tmp_path / "gone").as_uri())
