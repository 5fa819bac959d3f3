"""A guarded JobManager of a real Flink in application mode, from waiting to taking back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.images import DEFAULT_VERSIONS
from tests import flink_jobs
from tests.guard.annotations import STOPPING, TOLD
from tests.guard.application import LocalApplication
from tests.guard.jvm import agent
from tests.guard.lease_server import CLAIM, GO, LeaseServer

FIRST, SECOND, BACK = ("1" * 32, "2" * 32, "3" * 32)


@pytest.fixture(params=DEFAULT_VERSIONS)
def flink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalApplication]:
    """An application of revision 7 without a JobManager yet."""
    with LocalApplication(request.param, tmp_path / "flink") as made:
        made.start_taskmanager()
        yield made


@pytest.fixture
def start(ledger: LeaseServer, flink: LocalApplication) -> Callable[[], None]:
    """Starts the JobManager's JVM with the guard, as its container would."""

    def started() -> None:
        flink.start_job_manager([agent(ledger, flink.conf)], ledger.environment)

    return started


def go(attempt: int, job: str, restore: str | None = None) -> dict[str, object]:
    without = {name: TOLD[name] for name in TOLD if name != "restore"}
    return {
        **without,
        "attempt": attempt,
        "jobId": job,
        **({"restore": restore} if restore else {}),
    }


@pytest.mark.newest_alone
def test_a_job_waits_goes_is_stopped_goes_on_and_is_taken_back(
    ledger: LeaseServer, flink: LocalApplication, start: Callable[[], None]
) -> None:
    # it waits, with nothing of Flink running
    start()
    flink_jobs.until("readiness", 60, lambda: "guard ready" in flink.said())
    assert (flink.logs("jobmanager"), flink.state(FIRST)) == ("", "")

    # it goes, under the job id that it is given
    ledger.annotate(GO, go(1, FIRST))
    flink.wait_for(FIRST, "RUNNING")
    assert flink.restored(FIRST) == ""

    # the JobManager stays when its job was stopped
    savepoint = flink_jobs.stop(flink.url, FIRST, flink.savepoints)
    flink.wait_for(FIRST, "FINISHED")
    seen = ledger.reads
    flink_jobs.until("looks of the watchdog", 15, lambda: ledger.reads > seen + 5)
    assert flink.job_manager.poll() is None

    # the next attempt ends it, and goes from the savepoint, which is Flink's own by now
    ledger.annotate(GO, {**go(2, SECOND, savepoint), "claimMode": "CLAIM"})
    assert flink.job_manager.wait(15) == 170
    start()
    flink.wait_for(SECOND, "RUNNING")
    flink_jobs.until("restore", 10, lambda: same(flink.restored(SECOND), savepoint))
    metadata = Path(savepoint.removeprefix("file:")) / "_metadata"
    flink_jobs.until("its removal by Flink", 20, lambda: not metadata.exists())

    # its runner stops it, and dies before it has recorded anything
    ledger.lock_by("uuid a runner")
    directory = flink.workdir / "stops" / "one"
    stopping = {"attempt": 2, "jobId": SECOND, "directory": f"{directory.as_uri()}/"}
    back = {"attempt": 3, "jobId": BACK}
    ledger.annotate(GO, {**STOPPING, **stopping, "back": back})
    stopped = flink_jobs.stop(flink.url, SECOND, directory)
    assert flink.job_manager.wait(30) == 0
    start()
    flink.wait_for(BACK, "RUNNING")
    flink_jobs.until("restore", 10, lambda: same(flink.restored(BACK), stopped))
    claim = ledger.annotation(CLAIM)
    assert (claim["attempt"], same(claim["tookBack"], stopped)) == (3, True)


def same(one: str, other: str) -> bool:
    """Whether two paths name the same file; Flink writes `file:/x` and `file:///x`."""
    return one.replace("file:///", "file:/") == other.replace("file:///", "file:/")
