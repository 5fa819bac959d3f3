"""Flink itself fails in the middle of an upgrade: nothing is lost, and nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from flink_components.kube.access import Access
from flink_components.lifecycle.errors import LifecycleError, Refused, StepFailed
from flink_components.plan.record import Phase
from sandbox.images import DEFAULT_VERSIONS
from tests.lifecycle.conftest import CONFIG, make_job
from tests.lifecycle.jobs import JobUnderTest
from tests.lifecycle.kubernetes import Kubernetes, until
from tests.local_flink import LocalFlink

pytestmark = pytest.mark.cluster

QUICK = {"stable": "2 min", "savepoint": "4 s", "cancel": "4 s"}
# a TaskManager whose JobManager is gone looks for it again after this time
QUICK_CONFIG = {**CONFIG, "heartbeat.interval": "1000", "heartbeat.timeout": "4000"}


class Once(HTTPAdapter):
    """Does something once: after the answer to the first POST whose path ends so, or before it."""

    def __init__(self, ending: str, what: Callable[[], None], before: bool = False) -> None:
        super().__init__()
        self._ending = ending
        self._what: Callable[[], None] | None = what
        self._before = before

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        path = request.path_url.partition("?")[0]
        due = self._what if request.method == "POST" and path.endswith(self._ending) else None
        if due is not None:
            self._what = None
        if due is not None and self._before:
            due()
        answer = super().send(request, *args, **options)
        if due is not None and not self._before:
            due()
        return answer

    def access(self) -> Access:
        """A way to the clusters through this."""
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self)
        return Access(new_session=lambda: session)


def newest_snapshot(*folders: Path) -> Path:
    """The snapshot that was completed last."""
    found = [path for folder in folders for path in folder.rglob("_metadata")]
    return max(found, key=lambda path: path.stat().st_mtime_ns).parent


@contextmanager
def on_its_own(
    version: str, kubernetes: Kubernetes, folder: Path, name: str
) -> Iterator[tuple[LocalFlink, JobUnderTest]]:
    """A Flink that may be broken, and a job for it."""
    with LocalFlink(version, folder / "flink", config=QUICK_CONFIG) as flink:
        unique = f"{name}-{version.replace('.', '-')}"
        yield flink, make_job(flink, kubernetes, unique, folder / unique)


@pytest.mark.newest_alone
@pytest.mark.parametrize("version", DEFAULT_VERSIONS)
def test_a_jobmanager_killed_during_a_stop_leaves_one_job_to_be_started_from_what_is_on_disk(
    version: str, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    with on_its_own(version, kubernetes, tmp_path, "killed") as (flink, job):
        first, second = job.wish(deadlines=QUICK), job.wish("stateful-v2", deadlines=QUICK)
        job.up(first)
        job.written("v1", 50)

        job.access = Once("/stop", lambda: flink.kill_process("jobmanager")).access()
        with pytest.raises(StepFailed, match="run `pulumi up` again"):
            job.up(second, first)
        assert job.record.open is not None

        flink.start_jobmanager()
        with pytest.raises(LifecycleError) as error:
            job.up(second, first)
        assert "restore_from" in str(error.value), str(error.value)
        assert [found.state for found in job.flink.jobs()] == []

        point = newest_snapshot(job.savepoints, flink.workdir / "checkpoints")
        job.up(job.wish("stateful-v2", restore_from=point.as_uri()), first)
        report = job.written("v2", 20)
        assert report.ok, str(report)


@pytest.mark.newest_alone
@pytest.mark.parametrize("version", DEFAULT_VERSIONS)
def test_a_taskmanager_lost_during_a_stop_costs_a_restart_before_the_upgrade(
    version: str, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    with on_its_own(version, kubernetes, tmp_path, "lost") as (flink, job):
        first, second = job.wish("stateful-v1"), job.wish("stateful-v2")
        job.up(first)
        job.written("v1", 50)

        def lost() -> None:
            flink.freeze_process("taskmanager")
            flink.start_taskmanager()

        job.access = Once("/stop", lost, before=True).access()
        record = job.up(second, first)

        assert record.restore is not None
        assert (record.phase, record.restore.kind) == (Phase.STABLE, "savepoint")
        report = job.written("v2", 20)
        assert report.ok, str(report)
        assert list(report.versions) == ["v1", "v2"]


def test_a_taskmanager_killed_while_a_job_restores_costs_nothing_but_time(
    kubernetes: Kubernetes, tmp_path: Path
) -> None:
    def another() -> None:
        flink.kill_process("taskmanager")
        flink.start_taskmanager()

    with on_its_own(DEFAULT_VERSIONS[0], kubernetes, tmp_path, "restored-twice") as (flink, job):
        first = job.wish()
        job.up(first)
        job.written("v1", 50)

        job.access = Once("/run", another).access()
        record = job.up(job.wish("stateful-v2"), first)

        assert record.phase is Phase.STABLE
        assert (record.attempts, job.run.revision) == (2, 2)
        report = job.written("v2", 20)
        assert report.ok, str(report)


def test_a_savepoint_that_can_not_be_written_leaves_the_job_as_it_is(job: JobUnderTest) -> None:
    job.savepoints.parent.mkdir(parents=True, exist_ok=True)
    job.savepoints.write_text("a file where a folder must be")
    first = job.wish()
    job.up(first)
    before = job.run.job_id
    job.written("v1", 50)

    with pytest.raises((StepFailed, Refused)) as error:
        job.up(job.wish("stateful-v2"), first)

    assert "the savepoint failed, and the job runs on unchanged: " in str(error.value)
    assert str(job.savepoints) in str(error.value)
    assert "\n" not in str(error.value)
    assert (job.run.job_id, job.state()) == (before, "RUNNING")
    assert job.goes_on("v1").ok

    job.savepoints.unlink()
    job.up(job.wish("stateful-v2"), first)
    report = job.written("v2", 20)
    assert report.ok, str(report)


def guarded(flag: Path) -> tuple[str, ...]:
    """Arguments of a job whose state can't be written while there is `flag`."""
    return ("--unwritable-while", str(flag), "--checkpoint-interval", "2000")


def unwritable_from_the_stop(job: JobUnderTest, flag: Path) -> Access:
    """A way to the clusters on which there is `flag` from the request to stop on.

    The job's own checkpoints fail then too: it comes right after one, long before the next.
    """
    flink, job_id = job.flink, job.run.job_id

    def appears() -> None:
        before = flink.checkpoints(job_id).count
        until("a checkpoint", 30, lambda: flink.checkpoints(job_id).count > before)
        flag.touch()

    return Once("/stop", appears, before=True).access()


def failed_asynchronously(flink: LocalFlink, flag: Path) -> bool:
    """The TaskManager says that it could not write the state beside its work, because of `flag`."""
    said = r"asynchronous part of checkpoint \d+ could not be completed\.\n[^\n]*"
    return re.search(said + re.escape(str(flag)), flink.logs("taskmanager")) is not None


def test_a_savepoint_that_fails_in_the_tasks_costs_the_job_a_restart_and_no_record(
    job: JobUnderTest, any_flink: LocalFlink, tmp_path: Path
) -> None:
    flag = tmp_path / "unwritable"
    first, second = job.wish("stateful-v1", *guarded(flag)), job.wish("stateful-v2")
    job.up(first)
    before = job.run.job_id
    job.written("v1", 50)

    job.access = unwritable_from_the_stop(job, flag)
    with pytest.raises(StepFailed) as error:
        job.up(second, first)

    why = f"IOException: this state can't be written while there is a file {flag}"
    assert str(error.value) == (
        f"the savepoint failed, and Flink restarts the job from its latest checkpoint: {why}"
    )
    assert failed_asynchronously(any_flink, flag)
    record = job.record
    assert (record.open, record.restore, job.run.job_id) == (None, None, before)
    assert (record.phase, record.reason) == (Phase.DEPLOYED, why)

    flag.unlink()
    assert job.goes_on("v1").ok
    assert job.up(first, first).phase is Phase.STABLE
    assert (job.run.job_id, job.state()) == (before, "RUNNING")

    record = job.up(second, first)
    assert record.restore is not None
    assert (record.phase, record.restore.kind) == (Phase.STABLE, "savepoint")
    report = job.written("v2", 20)
    assert report.ok, str(report)
    assert list(report.versions) == ["v1", "v2"]


def test_where_a_savepoint_fails_in_the_tasks_an_upgrade_goes_on_from_the_last_state(
    job: JobUnderTest, any_flink: LocalFlink, tmp_path: Path
) -> None:
    flag = tmp_path / "unwritable"
    first = job.wish("stateful-v1", *guarded(flag))
    job.up(first)
    old = job.run.job_id
    job.written("v1", 50)

    job.access = unwritable_from_the_stop(job, flag)
    record = job.up(job.wish("stateful-v2", fallback="last_state"), first)

    assert failed_asynchronously(any_flink, flag)
    assert any(f"{flag}: going on from its last state" in line for line in job.said), job.said
    assert record.run is not None
    assert record.restore is not None
    assert (record.phase, record.open, record.run.revision) == (Phase.STABLE, None, 2)
    assert record.run.restored_from == record.restore.path
    assert (record.restore.kind, record.restore.job_id) == ("checkpoint", old)
    assert job.state(old) == "CANCELED"
    report = job.written("v2", 20)
    assert report.ok, str(report)
    assert list(report.versions) == ["v1", "v2"]
