"""The watchdog beside a main that stands for Flink."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.flink_jobs import until
from tests.guard.annotations import JOB, STOPPED, STOPPING, TOLD, claimed
from tests.guard.jvm import GuardedJvm
from tests.guard.lease_server import CLAIM, GO, LeaseServer

Make = Callable[..., GuardedJvm]


class RestDouble:
    """A Flink's REST API that knows one job."""

    def __init__(self) -> None:
        self.state = "RUNNING"
        self.asked = 0
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                double.asked += 1
                jobs = [{"jid": "e" * 32, "state": "FINISHED"}, {"jid": JOB, "state": double.state}]
                content = json.dumps({"jobs": jobs}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                return

        self.httpd = HTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def rest(tmp_path: Path) -> Iterator[RestDouble]:
    """Served on the port that the configuration names."""
    double = RestDouble()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text(f"rest.port: {double.httpd.server_port}\n")
    thread = threading.Thread(target=double.httpd.serve_forever, args=(0.01,))
    thread.start()
    yield double
    double.httpd.shutdown()
    thread.join()
    double.httpd.server_close()


@pytest.fixture
def flink(ledger: LeaseServer, guarded: Make) -> Iterator[GuardedJvm]:
    """A main that runs as attempt 12 of revision 7, with the guard's watchdog."""
    ledger.annotate(GO, TOLD)
    with guarded() as jvm:
        jvm.wait_until_flink_runs()
        yield jvm


def runs_on(ledger: LeaseServer, flink: GuardedJvm) -> bool:
    """Whether the watchdog looks several times, and leaves it alone."""
    seen = ledger.reads
    until("some looks", 15, lambda: ledger.reads > seen + 5)
    return "guard another" not in flink.said and "guard the job was" not in flink.said


@pytest.mark.parametrize("go", [{"attempt": 13}, {"revision": 8}, {"revision": 8, "attempt": 13}])
def test_a_job_that_another_attempt_owns_ends_at_once(
    ledger: LeaseServer, flink: GuardedJvm, go: dict[str, Any]
) -> None:
    ledger.annotate(GO, {**TOLD, **go})
    assert flink.exit_code() == 170
    assert f"guard another attempt owns the job: ending attempt 12 (job {JOB})" in flink.said


@pytest.mark.parametrize("state", ["FINISHED", "CANCELED", "FAILED"])
def test_a_job_that_has_ended_stands_by_while_another_revision_starts(
    ledger: LeaseServer, rest: RestDouble, guarded: Make, state: str
) -> None:
    ledger.annotate(GO, TOLD)
    with guarded() as flink:
        flink.wait_until_flink_runs()
        rest.state = state
        ledger.annotate(GO, {**TOLD, "revision": 8, "attempt": 13})
        flink.wait_until_it_says("guard the job has ended, and revision 8 starts: standing by")
        assert runs_on(ledger, flink)
        ledger.annotate(CLAIM, claimed(13))
        assert runs_on(ledger, flink)


@pytest.mark.parametrize("go", [{"state": "down"}, {**TOLD, "attempt": 14}])
def test_one_that_stands_by_starts_again_once_the_other_revision_has_failed(
    ledger: LeaseServer, rest: RestDouble, guarded: Make, go: dict[str, Any]
) -> None:
    ledger.annotate(GO, TOLD)
    rest.state = "FINISHED"
    with guarded() as flink:
        flink.wait_until_flink_runs()
        ledger.annotate(GO, {**TOLD, "revision": 8, "attempt": 13})
        ledger.annotate(CLAIM, claimed(13))
        flink.wait_until_it_says("standing by")
        ledger.annotate(GO, go)
        assert flink.exit_code() == 170


def test_one_whose_job_runs_after_all_ends_at_once(
    ledger: LeaseServer, rest: RestDouble, guarded: Make
) -> None:
    ledger.annotate(GO, TOLD)
    rest.state = "FINISHED"
    with guarded() as flink:
        flink.wait_until_flink_runs()
        ledger.annotate(GO, {**TOLD, "revision": 8, "attempt": 13})
        flink.wait_until_it_says("standing by")
        rest.state = "RUNNING"
        assert flink.exit_code() == 170


def test_nobody_stands_by_for_long(ledger: LeaseServer, rest: RestDouble, guarded: Make) -> None:
    ledger.annotate(GO, TOLD)
    rest.state = "FINISHED"
    with guarded(linger_ms=300) as flink:
        flink.wait_until_flink_runs()
        ledger.annotate(GO, {**TOLD, "revision": 8, "attempt": 13})
        assert flink.exit_code() == 170
    assert "standing by" in flink.said


def test_a_claim_of_a_later_attempt_ends_it(ledger: LeaseServer, flink: GuardedJvm) -> None:
    ledger.annotate(CLAIM, claimed(13))
    assert flink.exit_code() == 170


def test_what_cannot_be_read_ends_nothing(ledger: LeaseServer, flink: GuardedJvm) -> None:
    ledger.annotate(GO, "{")
    assert runs_on(ledger, flink)
    ledger.annotate(GO, TOLD)
    ledger.faults["GET"] = [401, 403, 404, 500]
    assert runs_on(ledger, flink)
    ledger.annotate(GO, None)
    assert runs_on(ledger, flink)


def test_a_job_that_is_to_be_down_is_left_to_the_life_cycle(
    ledger: LeaseServer, flink: GuardedJvm
) -> None:
    ledger.annotate(GO, {"state": "down"})
    assert runs_on(ledger, flink)


def test_a_stop_is_left_to_the_runner_that_holds_the_lock(
    ledger: LeaseServer, flink: GuardedJvm
) -> None:
    assert ledger.lease is not None
    ledger.lease["spec"]["leaseDurationSeconds"] = 60
    ledger.lock_by("uuid a runner")
    ledger.annotate(GO, STOPPED)
    assert runs_on(ledger, flink)


def test_a_job_whose_stop_was_recorded_is_taken_back_when_the_runner_is_gone(
    ledger: LeaseServer, flink: GuardedJvm, guarded: Make
) -> None:
    ledger.lock_by("uuid a runner")
    ledger.annotate(GO, STOPPED)
    assert flink.exit_code() == 0
    with guarded() as again:
        again.wait_until_it_says("guard the lock was given back: taking the job back")
        again.wait_until_flink_runs()
    assert ledger.annotation(CLAIM)["attempt"] == 13


def test_a_runner_that_renews_at_the_last_moment_keeps_the_job_stopped(
    ledger: LeaseServer, flink: GuardedJvm
) -> None:
    assert ledger.lease is not None
    ledger.lock_by("uuid a runner", "renewal 0")
    ledger.annotate(GO, STOPPED)
    ledger.before_put = lambda: ledger.lock_by("uuid a runner", "renewal 1")
    until("the refused write", 15, lambda: ledger.before_put is None)
    seen = ledger.reads
    until("a look", 15, lambda: ledger.reads > seen)
    assert "guard the job was stopped" not in flink.said
    assert ledger.lease["spec"]["holderIdentity"] == "uuid a runner"


def test_a_job_whose_stop_was_not_recorded_ends_once_flink_says_that_it_finished(
    ledger: LeaseServer, rest: RestDouble, guarded: Make
) -> None:
    ledger.annotate(GO, TOLD)
    with guarded() as flink:
        flink.wait_until_flink_runs()
        ledger.annotate(GO, STOPPING)
        until("questions", 15, lambda: rest.asked > 3)
        assert runs_on(ledger, flink)
        rest.state = "FINISHED"
        assert flink.exit_code() == 0
    assert (
        "guard the job was stopped, and nobody is there to go on: "
        "starting again to take it back" in flink.said
    )
