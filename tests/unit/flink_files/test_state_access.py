"""A snapshot in an S3 is read by the endpoint and the keys that are declared for this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flink_components.flink.checkpoint_files import latest_left
from flink_components.flink.metadata.cursor import MetadataError
from flink_components.flink.metadata.heads import with_states
from flink_components.flink.metadata.reading import read_snapshot
from flink_components.flink.storage import StorageError, filesystem, in_sight, write_seen
from flink_components.spec.state_access import S3Reading, StateAccess
from tests.cluster.object_store import ObjectStore, object_store

_SNAPSHOT = Path(__file__).parents[2] / "fixtures/snapshots/1.20.3-heap-files"
_AWS = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE")
_KEYS = {"access_key_env": "STATE_KEY", "secret_key_env": "STATE_SECRET"}


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's own way to S3 leads nowhere."""
    for name in _AWS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STATE_KEY", "test")
    monkeypatch.setenv("STATE_SECRET", "hunter2")


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as store:
        store.client.create_bucket(Bucket="acme")
        for file in _SNAPSHOT.iterdir():
            store.client.upload_file(str(file), "acme", f"chk/job/chk-7/{file.name}")
        yield store


def _access(store: ObjectStore) -> StateAccess:
    return StateAccess(s3=S3Reading(endpoint=store.endpoint, path_style=True, **_KEYS))


def test_a_snapshot_and_its_state_files_are_read(store: ObjectStore) -> None:
    path, access = "s3a://acme/chk/job/chk-7", _access(store)
    found = with_states(read_snapshot(path, access), path, access)
    assert found == with_states(read_snapshot(str(_SNAPSHOT)), str(_SNAPSHOT))


def test_a_snapshot_that_is_missing_there_is_known_to_be(store: ObjectStore) -> None:
    with pytest.raises(MetadataError, match="there is no file s3://acme/chk/none/_metadata"):
        read_snapshot("s3://acme/chk/none", _access(store))
    assert in_sight("s3://acme/chk/none", _access(store))
    assert not in_sight("s3://other/chk/none", _access(store))


def test_checkpoints_of_a_lost_job_are_looked_for_there(store: ObjectStore) -> None:
    with pytest.raises(StorageError, match="chk-7/_metadata is of checkpoint"):
        latest_left("s3://acme/chk", "job", _access(store))
    assert latest_left("s3://acme/chk", "another", _access(store)) is None


def test_keys_are_those_of_the_named_variables() -> None:
    access = StateAccess(s3=S3Reading(region="eu-central-1", **_KEYS))
    files, _ = filesystem("s3://acme/chk", access)
    assert (files.key, files.secret) == ("test", "hunter2")
    assert files.client_kwargs == {"region_name": "eu-central-1"}


def test_a_variable_that_is_not_set_is_named() -> None:
    keys = {"access_key_env": "NOT_SET", "secret_key_env": "STATE_SECRET"}
    with pytest.raises(StorageError) as error:
        read_snapshot("s3://acme/chk", StateAccess(s3=S3Reading(**keys)))
    assert str(error.value) == (
        "state_access.s3.access_key_env names the variable NOT_SET, "
        "which is not set on this machine"
    )


def test_an_endpoint_that_does_not_answer_is_said_without_a_key() -> None:
    access = StateAccess(s3=S3Reading(endpoint="http://127.0.0.1:1", **_KEYS))
    with pytest.raises(StorageError) as error:
        read_snapshot("s3://acme/chk", access)
    assert "http://127.0.0.1:1" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_local_path_needs_no_access(store: ObjectStore) -> None:
    assert read_snapshot(str(_SNAPSHOT), _access(store)) == read_snapshot(str(_SNAPSHOT))


def test_a_file_is_written_beside_what_is_seen_there(store: ObjectStore) -> None:
    seen = "s3://acme/chk/job/chk-7/_metadata"
    write_seen("s3://acme/chk/history.json", b"{}", seen, _access(store))
    assert "chk/history.json" in store.keys("acme", "chk/")
