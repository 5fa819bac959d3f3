"""The example jobs on real Flinks: what they claim about their output and their versions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from examples.jobs.check import CheckError, Report, check
from examples.jobs.jars import build
from tests import flink_jobs
from tests.local_flink import LocalFlink

VERSIONS = os.environ.get("EXAMPLE_JOBS_FLINK", "1.20.3,2.3.0").split(",")
FINAL_COMMIT = (1, 15)
"""Before this version a bounded job with checkpoints ends without a last one."""


@dataclass
class Running:
    """A Flink and one output folder of its own for each test."""

    flink: LocalFlink
    output: Path

    def start(self, jar: str, *args: str, **options: object) -> str:
        given = ["--output", str(self.output), "--rate", "400", *args]
        if "--checkpoint-interval" not in args:
            given += ["--checkpoint-interval", "200"]
        return flink_jobs.run(self.flink.url, build()[jar], given, **options)  # type: ignore[arg-type]

    def start_and_see(self, jar: str, savepoint: str | None = None) -> str:
        before = len(list(self.output.glob("part-*")))
        job = self.start(jar, savepoint=savepoint)
        written = self.output.glob
        flink_jobs.until("output", 30, lambda: len(list(written("part-*"))) > before)
        return job

    def stop(self, job: str) -> str:
        path = flink_jobs.stop(self.flink.url, job, self.flink.savepoints)
        flink_jobs.wait_for(self.flink.url, job, "FINISHED")
        return path

    def written(self, enough: Callable[[Report], bool]) -> Report:
        def look() -> Report | None:
            try:
                report = check(self.output)
            except CheckError:
                return None
            return report if enough(report) else None

        return flink_jobs.until("that output", 30, look)


@pytest.fixture(scope="module", params=VERSIONS)
def flink(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalFlink]:
    version: str = request.param
    config = {
        "restart-strategy": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "100",
        "restart-strategy.fixed-delay.delay": "100 ms",
        "heartbeat.timeout": "5000",
        "heartbeat.interval": "1000",
        # answers about a job are cached for 3 s otherwise
        "web.refresh-interval": "200",
        "rest.cache.execution-graph.timeout": "200 ms",
    }
    with LocalFlink(version, tmp_path_factory.mktemp(version), config=config) as running:
        yield running


_folders = count()


@pytest.fixture
def running(flink: LocalFlink) -> Iterator[Running]:
    started = Running(flink, flink.workdir / f"output-{next(_folders)}")
    yield started
    flink_jobs.cancel_all(flink.url)


def test_an_upgrade_by_savepoint_loses_and_doubles_nothing(running: Running) -> None:
    first = running.start("stateful-v1", parallelism=2)
    running.written(lambda seen: seen.records > 200)
    savepoint = running.stop(first)
    before = check(running.output)

    second = running.start("stateful-v2", savepoint=savepoint)
    running.written(lambda seen: seen.versions.get("v2", 0) > 200)
    running.stop(second)

    after = check(running.output)
    assert (before.ok, after.ok) == (True, True), str(after)
    assert list(after.versions) == ["v1", "v2"]
    assert after.versions["v1"] == before.records
    (interruption,) = after.interruptions
    assert (interruption.before, interruption.after) == ("v1", "v2")
    assert 0 < interruption.millis < 20_000


@pytest.mark.newest_alone
def test_a_stop_commits_everything_without_periodic_checkpoints(running: Running) -> None:
    savepoint = None
    for runs in (1, 2):
        job = running.start("stateful-v1", "--checkpoint-interval", "0", savepoint=savepoint)
        flink_jobs.until("hidden output", 20, lambda: any(running.output.glob(".part-*")))
        savepoint = running.stop(job)
        report = check(running.output)
        assert report.ok, str(report)
        assert len(report.interruptions) == runs - 1
        for left in running.output.glob(".part-*"):
            left.unlink()


@pytest.mark.newest_alone
def test_a_lost_taskmanager_loses_and_doubles_nothing(running: Running) -> None:
    job = running.start("stateful-v1", "--state-bytes", "1000")
    running.written(lambda seen: seen.records > 100)
    running.flink.kill_process("taskmanager")
    running.flink.start_taskmanager()
    running.written(lambda seen: len(seen.interruptions) == 1)
    running.stop(job)

    report = check(running.output)
    assert report.ok, str(report)
    assert [gap.before for gap in report.interruptions] == ["v1"]


@pytest.mark.newest_alone
def test_a_bounded_job_finishes_with_all_its_numbers(running: Running) -> None:
    version = tuple(map(int, running.flink.version.split(".")))
    interval = "200" if version >= FINAL_COMMIT else "0"
    job = running.start(
        "stateful-v1", "--end", "1001", "--rate", "0", "--checkpoint-interval", interval,
        parallelism=2,
    )  # fmt: skip
    flink_jobs.wait_for(running.flink.url, job, "FINISHED")

    report = check(running.output, end=1001)
    assert report.ok, str(report)
    assert (report.records, report.last) == (1001, 1000)


@pytest.mark.newest_alone
def test_the_rate_is_kept(running: Running) -> None:
    job = running.start("stateful-v1", "--rate", "300", parallelism=2)
    running.written(lambda seen: seen.records > 900)
    running.stop(job)

    report = check(running.output)
    seconds = report.span_ms / 1000
    # a reader makes up for one second at most, as when what follows it starts late
    assert 100 * seconds <= report.records <= 300 * (seconds + 1)


@pytest.mark.newest_alone
def test_v3_has_no_place_for_a_state_and_goes_on_only_when_that_is_allowed(
    running: Running,
) -> None:
    first = running.start_and_see("stateful-v1")
    savepoint = running.stop(first)

    with pytest.raises(flink_jobs.RefusedError, match="Cannot map checkpoint/savepoint state"):
        running.start("stateful-v3", savepoint=savepoint)
    job = running.start("stateful-v3", savepoint=savepoint, allow_non_restored=True)
    running.written(lambda seen: seen.versions.get("v3", 0) > 50)
    running.stop(job)
    assert check(running.output).ok


@pytest.mark.newest_alone
def test_v4_cannot_read_the_state_of_v1(running: Running) -> None:
    first = running.start_and_see("stateful-v1")
    savepoint = running.stop(first)

    job = running.start("stateful-v4", savepoint=savepoint)
    cause = flink_jobs.until("a cause", 30, lambda: flink_jobs.last_cause(running.flink.url, job))
    assert "must not be incompatible" in cause


@pytest.mark.newest_alone
def test_v5_matches_no_state_of_v1_but_its_own(running: Running) -> None:
    first = running.start_and_see("stateful-v1")
    with pytest.raises(flink_jobs.RefusedError, match="Cannot map checkpoint/savepoint state"):
        running.start("stateful-v5", savepoint=running.stop(first))

    own = Running(running.flink, running.output.with_name(f"{running.output.name}-v5"))
    savepoint = own.stop(own.start_and_see("stateful-v5"))
    own.stop(own.start_and_see("stateful-v5", savepoint=savepoint))
    assert check(own.output).ok


@pytest.mark.newest_alone
def test_a_job_that_fails_in_main_is_refused_with_its_reason(running: Running) -> None:
    with pytest.raises(flink_jobs.RefusedError, match=r"always fails in main\(\)"):
        running.start("fails-in-main")


@pytest.mark.newest_alone
def test_a_job_that_fails_later_runs_first(running: Running) -> None:
    job = running.start("fails-later", "--fail-after-ms", "700")
    running.written(lambda seen: seen.records > 50)
    cause = flink_jobs.until("a cause", 30, lambda: flink_jobs.last_cause(running.flink.url, job))
    assert "fails 700 ms after its start" in cause


@pytest.mark.newest_alone
def test_a_job_that_is_slow_to_cancel_keeps_cancelling(running: Running) -> None:
    job = running.start("slow-to-cancel", "--cancel-delay-ms", "1000")
    running.written(lambda seen: seen.records > 50)
    flink_jobs.cancel(running.flink.url, job)
    flink_jobs.wait_for(running.flink.url, job, "CANCELLING")
    flink_jobs.wait_for(running.flink.url, job, "CANCELED")
