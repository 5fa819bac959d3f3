"""The guard sees storage by Flink's own file systems, with the classes of a real Flink."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.images import DEFAULT_VERSIONS, distribution
from tests.cluster.object_store import object_store
from tests.flink_jobs import until
from tests.guard.annotations import STOPPING, claimed
from tests.guard.jvm import GuardedJvm
from tests.guard.lease_server import CLAIM, GO, PROBE, PROBED, LeaseServer

pytestmark = pytest.mark.newest_alone

Make = Callable[..., GuardedJvm]


@pytest.fixture(params=DEFAULT_VERSIONS)
def home(request: pytest.FixtureRequest) -> Path:
    """An unpacked Flink of each version."""
    return distribution(request.param)


@pytest.fixture
def on_flink(home: Path, guarded: Make, tmp_path: Path) -> Make:
    """Makes a guarded JVM with that Flink on its class path."""
    (tmp_path / "plugins").mkdir()

    def make(**arguments: Any) -> GuardedJvm:
        return guarded(
            class_path=sorted((home / "lib").glob("*.jar")),
            environment={"FLINK_PLUGINS_DIR": str(tmp_path / "plugins")},
            **arguments,
        )

    return make


def stopping(directory: Path, ha: bool = False) -> dict[str, Any]:
    return {**STOPPING, "directory": f"{directory.as_uri()}/", "ha": ha}


def savepoint(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "_metadata").touch()
    return path


def test_the_one_savepoint_below_the_directory_is_taken(
    ledger: LeaseServer, on_flink: Make, tmp_path: Path
) -> None:
    made = savepoint(tmp_path / "stop" / "savepoint-1")
    (made / "a-state-file").touch()
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, stopping(tmp_path / "stop"))
    with on_flink() as jvm:
        jvm.wait_until_flink_runs()
        assert jvm.options()["execution.savepoint.path"] == f'"{made.as_uri()}"'
    assert ledger.annotation(CLAIM)["tookBack"] == made.as_uri()


def test_of_two_savepoints_none_is_taken(
    ledger: LeaseServer, on_flink: Make, tmp_path: Path
) -> None:
    savepoint(tmp_path / "stop" / "savepoint-1")
    savepoint(tmp_path / "stop" / "savepoint-2")
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, stopping(tmp_path / "stop", ha=True))
    with on_flink() as jvm:
        jvm.wait_until_it_says("by nobody any more: there are 2 savepoints below file:")
    assert ledger.writes == []


def test_a_savepoint_that_appears_later_is_found(
    ledger: LeaseServer, on_flink: Make, tmp_path: Path
) -> None:
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, stopping(tmp_path / "stop"))
    with on_flink(search_again_ms=50) as jvm:
        jvm.wait_until_it_says("without high availability nobody knows where its state is")
        savepoint(tmp_path / "stop" / "savepoint-1")
        jvm.wait_until_flink_runs()
    assert ledger.annotation(CLAIM)["attempt"] == 13


def test_a_storage_that_does_not_answer_is_said(
    ledger: LeaseServer, on_flink: Make, tmp_path: Path
) -> None:
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, stopping(tmp_path / "stop", ha=True))
    with on_flink(storage_ms=0) as jvm:
        jvm.wait_until_it_says("can't be listed: no answer in 0 s")
    assert ledger.writes == []


@pytest.mark.parametrize("exists", [True, False])
def test_without_a_savepoint_the_attempt_goes_on_from_its_ha_data(
    ledger: LeaseServer, on_flink: Make, tmp_path: Path, exists: bool
) -> None:
    if exists:
        (tmp_path / "stop" / "savepoint-unfinished").mkdir(parents=True)
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, stopping(tmp_path / "stop", ha=True))
    with on_flink() as jvm:
        jvm.wait_until_flink_runs()
    go = ledger.annotation(GO)
    assert (go["state"], go["attempt"], ledger.annotation(CLAIM)) == ("go", 12, claimed(12))


def test_a_directory_that_no_plugin_knows_cannot_be_listed(
    ledger: LeaseServer, on_flink: Make
) -> None:
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, {**STOPPING, "ha": True})
    with on_flink() as jvm:
        jvm.wait_until_it_says("by nobody any more: s3://b/d/ can't be listed: UnsupportedFileSys")
    assert ledger.writes == []


def test_s3_is_reached_by_the_plugin_and_the_configuration_of_flink(
    ledger: LeaseServer, on_flink: Make, home: Path, tmp_path: Path
) -> None:
    (plugin,) = (home / "opt").glob("flink-s3-fs-hadoop-*.jar")
    (tmp_path / "plugins" / "s3").mkdir()
    (tmp_path / "plugins" / "s3" / plugin.name).symlink_to(plugin)
    with object_store() as store:
        options = {
            "s3.endpoint": store.variables["AWS_ENDPOINT_URL"],
            "s3.path.style.access": "true",
            "s3.access-key": "test",
            "s3.secret-key": "test",
        }
        (tmp_path / "conf").mkdir()
        for file in ("flink-conf.yaml", "config.yaml"):
            lines = (f"{name}: {value}\n" for name, value in options.items())
            (tmp_path / "conf" / file).write_text("".join(lines))
        store.client.create_bucket(Bucket="states")
        ledger.annotate(PROBE, {"id": "q1", "revision": 7, "directory": "s3://states/d/"})
        with on_flink() as jvm:
            until("an answer", 60, lambda: ledger.answered("q1"))
            assert ledger.annotation(PROBED) == {"id": "q1", "ok": True}
            assert store.client.list_objects_v2(Bucket="states", Prefix="d/f")["KeyCount"] == 0
            store.client.put_object(Bucket="states", Key="d/stop/savepoint-1/_metadata", Body=b"")
            ledger.annotate(CLAIM, claimed(12))
            ledger.annotate(GO, {**STOPPING, "directory": "s3://states/d/stop/"})
            jvm.wait_until_flink_runs()
    assert ledger.annotation(GO)["restore"] == "s3://states/d/stop/savepoint-1"


def test_a_directory_that_is_writable_is_found_so_and_left_clean(
    ledger: LeaseServer, on_flink: Make, tmp_path: Path
) -> None:
    question = {"id": "q1", "revision": 7, "directory": (tmp_path / "new" / "one").as_uri()}
    ledger.annotate(PROBE, question)
    with on_flink() as jvm:
        until("an answer", 15, lambda: ledger.answered("q1"))
        assert ledger.annotation(PROBED) == {"id": "q1", "ok": True}
        assert list((tmp_path / "new" / "one").iterdir()) == []
        assert not jvm.runs_flink


def test_each_question_gets_its_own_answer(
    ledger: LeaseServer, on_flink: Make, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with on_flink() as jvm:
        jvm.wait_until_it_says("guard ready")
        for name, directory in (("q1", tmp_path / "file" / "below"), ("q2", tmp_path)):
            ledger.annotate(PROBE, {"id": name, "revision": 7, "directory": directory.as_uri()})
            until("an answer", 15, lambda name=name: ledger.answered(name))
            assert ledger.annotation(PROBED)["ok"] == (name == "q2")
