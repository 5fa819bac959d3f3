"""The guard in a JVM of its own, against an API server that fails on demand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.flink_jobs import until
from tests.guard.annotations import (
    BACK_JOB,
    JOB,
    RESTORE,
    STOPPED,
    TAKEN_BACK,
    TOLD,
    claimed,
)
from tests.guard.jvm import GuardedJvm
from tests.guard.lease_server import CLAIM, GO, LOSE_ANSWER, PROBE, PROBED, LeaseServer

Make = Callable[..., GuardedJvm]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "the API server answers 401"),
        (403, "the API server answers 403"),
        (404, "the API server answers 404"),
        (500, "the API server answers 500"),
        (LOSE_ANSWER, "the API server can't be asked: SocketException: "),
    ],
)
def test_a_ledger_that_cannot_be_read_is_waited_for(
    ledger: LeaseServer, guarded: Make, status: int, reason: str
) -> None:
    ledger.annotate(GO, TOLD)
    ledger.faults["GET"] = [status] * 5
    with guarded() as jvm:
        jvm.wait_until_it_says(f"guard waiting: {reason}")
        jvm.wait_until_flink_runs()
    assert jvm.said.count("guard waiting") == 1


def test_a_lease_that_cannot_be_understood_is_waited_for(
    ledger: LeaseServer, guarded: Make
) -> None:
    ledger.annotate(GO, "{")
    with guarded() as jvm:
        jvm.wait_until_it_says("guard waiting: the Lease can't be understood: not JSON")
        ledger.annotate(GO, TOLD)
        jvm.wait_until_flink_runs()


def test_an_api_server_that_is_not_trusted_is_never_believed(
    ledger: LeaseServer, guarded: Make, tmp_path: Path
) -> None:
    ledger.annotate(GO, TOLD)
    (tmp_path / "other").mkdir()
    with LeaseServer(tmp_path / "other") as other:
        trusted = (ledger.account / "ca.crt").read_bytes()
        (ledger.account / "ca.crt").write_bytes((other.account / "ca.crt").read_bytes())
        with guarded() as jvm:
            jvm.wait_until_it_says("guard waiting: the API server can't be asked: ")
            assert (ledger.reads, jvm.runs_flink) == (0, False)
            (ledger.account / "ca.crt").write_bytes(trusted)
            jvm.wait_until_flink_runs()


def test_it_waits_until_its_revision_is_told_to_go(ledger: LeaseServer, guarded: Make) -> None:
    with guarded() as jvm:
        jvm.wait_until_it_says("guard waiting: no revision is told to go")
        ledger.annotate(GO, {**TOLD, "revision": 6})
        jvm.wait_until_it_says("guard waiting: revision 6 is told to go")
        assert (jvm.runs_flink, ledger.writes) == (False, [])
        ledger.annotate(GO, TOLD)
        jvm.wait_until_flink_runs()
        claim = ledger.annotation(CLAIM)
    assert {name: claim[name] for name in ("attempt", "revision", "pod")} == {
        "attempt": 12,
        "revision": 7,
        "pod": "pod-uid",
    }
    assert set(claim) == {"attempt", "revision", "pod", "nonce", "at"}


@pytest.mark.parametrize("file", ["config.yaml", "flink-conf.yaml"])
def test_flink_finds_job_id_and_restore_path_in_its_configuration(
    ledger: LeaseServer, guarded: Make, tmp_path: Path, file: str
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / file).write_text(
        "rest.port: 8081\n"
        "$internal.pipeline.job-id: 00000000000000000000000000000000\n"
        "execution.state-recovery.path: s3://b/of/an/earlier/start\n"
        "execution.savepoint.path: s3://b/of/an/earlier/start\n"
        "taskmanager.numberOfTaskSlots: 2\n"
    )
    ledger.annotate(GO, TOLD)
    with guarded() as jvm:
        jvm.wait_until_flink_runs()
    quote = '"' if file == "config.yaml" else ""
    assert (tmp_path / "conf" / file).read_text() == (
        "rest.port: 8081\n"
        "taskmanager.numberOfTaskSlots: 2\n"
        f"$internal.pipeline.job-id: {quote}{JOB}{quote}\n"
        f"execution.savepoint.path: {quote}{RESTORE}{quote}\n"
        f"execution.savepoint-restore-mode: {quote}NO_CLAIM{quote}\n"
    )
    assert [path.name for path in (tmp_path / "conf").iterdir()] == [file]


def test_a_first_start_has_no_restore_path(ledger: LeaseServer, guarded: Make) -> None:
    ledger.annotate(GO, {name: TOLD[name] for name in TOLD if name != "restore"})
    with guarded() as jvm:
        jvm.wait_until_flink_runs()
        assert jvm.options() == {"$internal.pipeline.job-id": f'"{JOB}"'}


def test_nothing_is_claimed_while_the_configuration_cannot_be_written(
    ledger: LeaseServer, guarded: Make, tmp_path: Path
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "flink-conf.yaml").touch()
    ledger.annotate(GO, {**TOLD, "restore": "s3://b/#1"})
    with guarded() as jvm:
        jvm.wait_until_it_says(
            "guard waiting: the configuration can't be written: IOException: s3://b/#1 has a #, "
            "which flink-conf.yaml takes as a comment"
        )
    assert (jvm.runs_flink, ledger.writes) == (False, [])


def test_what_others_have_written_stays(ledger: LeaseServer, guarded: Make) -> None:
    assert ledger.lease is not None
    ledger.lease["metadata"]["annotations"]["flink-components/record"] = '{"é": "\\"x\\""}'
    ledger.lease["metadata"]["managedFields"] = [{"manager": "x", "fieldsV1": {"f:a": {}}}]
    ledger.lease["spec"]["strategy"] = None
    before = json.loads(json.dumps(ledger.lease))
    ledger.annotate(GO, TOLD)
    with guarded() as jvm:
        jvm.wait_until_flink_runs()
    after = json.loads(json.dumps(ledger.lease))
    for lease in (before, after):
        lease["metadata"].pop("resourceVersion")
        lease["metadata"]["annotations"].pop(GO, None)
        lease["metadata"]["annotations"].pop(CLAIM, None)
    assert after == before


def test_a_conflict_is_read_again(ledger: LeaseServer, guarded: Make) -> None:
    ledger.annotate(GO, TOLD)
    ledger.before_put = lambda: ledger.annotate("someone", "else")
    with guarded() as jvm:
        jvm.wait_until_flink_runs()
    assert ledger.lease is not None
    assert ledger.lease["metadata"]["annotations"]["someone"] == "else"
    assert ledger.annotation(CLAIM)["attempt"] == 12


def test_a_claim_that_was_withdrawn_meanwhile_is_not_made(
    ledger: LeaseServer, guarded: Make
) -> None:
    ledger.annotate(GO, TOLD)
    ledger.before_put = lambda: ledger.annotate(GO, {"state": "down"})
    with guarded() as jvm:
        jvm.wait_until_it_says("guard waiting: the job is to be down")
    assert (jvm.runs_flink, ledger.writes) == (False, [])


def test_a_lost_answer_to_a_claim_is_found_again(ledger: LeaseServer, guarded: Make) -> None:
    ledger.annotate(GO, TOLD)
    ledger.faults["PUT"] = [LOSE_ANSWER]
    with guarded() as jvm:
        jvm.wait_until_flink_runs()
    assert len(ledger.writes) == 1


def test_of_two_that_race_for_a_claim_one_starts(ledger: LeaseServer, guarded: Make) -> None:
    with guarded("one") as one, guarded("other") as other:
        for jvm in (one, other):
            jvm.wait_until_it_says("guard waiting: no revision is told to go")
        ledger.annotate(GO, TOLD)
        until("a start", 15, lambda: one.runs_flink or other.runs_flink)
        loser = other if one.runs_flink else one
        loser.wait_until_it_says("guard waiting: attempt 12 was started by another JVM")
        assert not loser.runs_flink
    assert len(ledger.writes) == 1


def test_with_high_availability_both_start_and_one_has_claimed(
    ledger: LeaseServer, guarded: Make
) -> None:
    ledger.annotate(GO, {**TOLD, "ha": True})
    with guarded("one") as one, guarded("other") as other:
        one.wait_until_flink_runs()
        other.wait_until_flink_runs()
        assert other.options()["$internal.pipeline.job-id"] == f'"{JOB}"'
    assert len(ledger.writes) == 1


def test_a_container_that_restarts_stays_down_without_high_availability(
    ledger: LeaseServer, guarded: Make
) -> None:
    ledger.annotate(GO, TOLD)
    with guarded() as first:
        first.wait_until_flink_runs()
    with guarded() as second:
        second.wait_until_it_says("guard waiting: attempt 12 was started by another JVM")
    assert not second.runs_flink


def test_a_token_that_is_replaced_is_used_at_once(ledger: LeaseServer, guarded: Make) -> None:
    with guarded() as jvm:
        jvm.wait_until_it_says("guard waiting: no revision is told to go")
        ledger.token = "second"
        jvm.wait_until_it_says("guard waiting: the API server answers 401")
        ledger.annotate(GO, TOLD)
        ledger.give_token("second")
        jvm.wait_until_flink_runs()


def test_all_calls_go_through_one_connection(ledger: LeaseServer, guarded: Make) -> None:
    with guarded():
        until("twenty reads", 15, lambda: ledger.reads >= 20)
    assert ledger.connections == 1


def test_a_job_whose_runner_is_gone_is_taken_back(ledger: LeaseServer, guarded: Make) -> None:
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, STOPPED)
    ledger.lock_by("uuid a runner that froze")
    with guarded() as jvm:
        jvm.wait_until_it_says("guard waiting: attempt 12 is being stopped by a runner that froze")
        jvm.wait_until_it_says("guard the lock has expired: taking the job back")
        jvm.wait_until_flink_runs()
        assert jvm.options()["execution.savepoint.path"] == '"s3://b/d/savepoint-2"'
        assert jvm.options()["$internal.pipeline.job-id"] == f'"{BACK_JOB}"'
    assert len(ledger.writes) == 1
    claim = ledger.annotation(CLAIM)
    assert (claim["attempt"], claim["tookBack"]) == (13, "s3://b/d/savepoint-2")
    assert ledger.annotation(GO) == TAKEN_BACK
    assert ledger.lease is not None
    assert ledger.lease["spec"]["holderIdentity"] == ""


def test_a_runner_that_renews_at_the_last_moment_keeps_the_lock(
    ledger: LeaseServer, guarded: Make
) -> None:
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, STOPPED)
    ledger.lock_by("uuid a runner", "renewal 0")
    ledger.before_put = lambda: ledger.lock_by("uuid a runner", "renewal 1")
    with guarded() as jvm:
        jvm.wait_until_it_says("taking the job back")
        until("the refused write", 15, lambda: ledger.before_put is None)
        seen = ledger.reads
        until("some reads", 15, lambda: ledger.reads > seen + 5)
        assert (ledger.writes, jvm.runs_flink) == ([], False)


def test_time_in_which_the_ledger_cannot_be_read_does_not_count(
    ledger: LeaseServer, guarded: Make
) -> None:
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, STOPPED)
    ledger.lock_by("uuid a runner")
    with guarded() as jvm:
        jvm.wait_until_it_says("guard waiting: attempt 12 is being stopped by a runner")
        away = time.monotonic() + 1.2  # longer than the lock lasts
        ledger.away = lambda: time.monotonic() < away
        jvm.wait_until_it_says("guard the lock has expired: taking the job back")
    said = [line.partition(" guard ")[2] for line in jvm.said.splitlines()]
    told = [text[:25] for text in said if text and not text.startswith("ready")]
    assert told[:4] == [
        "waiting: attempt 12 is be",
        "waiting: the API server a",
        "waiting: attempt 12 is be",
        "the lock has expired: tak",
    ]


def test_of_two_that_take_a_job_back_one_does(ledger: LeaseServer, guarded: Make) -> None:
    ledger.annotate(CLAIM, claimed(12))
    ledger.annotate(GO, STOPPED)
    ledger.lock_by("uuid a runner")
    with guarded("one") as one, guarded("other") as other:
        until("a start", 15, lambda: one.runs_flink or other.runs_flink)
        loser = other if one.runs_flink else one
        loser.wait_until_it_says("guard waiting: attempt 13 was started by another JVM")
    assert len(ledger.writes) == 1


def test_a_probe_that_fails_is_answered_with_its_cause(ledger: LeaseServer, guarded: Make) -> None:
    ledger.annotate(PROBE, {"id": "q1", "revision": 7, "directory": "s3://b/d"})
    with guarded():
        until("an answer", 15, lambda: ledger.answered("q1"))
        assert ledger.annotation(PROBED) == {
            "id": "q1",
            "ok": False,
            "error": "ClassNotFoundException: org.apache.flink.core.fs.Path",
        }


def test_a_probe_for_another_revision_is_left_to_its_guard(
    ledger: LeaseServer, guarded: Make
) -> None:
    ledger.annotate(PROBE, {"id": "q1", "revision": 8, "directory": "s3://b/d"})
    with guarded() as jvm:
        jvm.wait_until_it_says("guard ready")
        seen = ledger.reads
        until("some reads", 15, lambda: ledger.reads > seen + 5)
    assert ledger.writes == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"lease": None}, "the agent argument lease is missing"),
        ({"revision": "x"}, 'NumberFormatException: For input string: "x"'),
        ({"colour": "red"}, "unknown agent arguments [colour]"),
        ({"environment": {"POD_UID": ""}}, "POD_UID is not set"),
        ({"environment": {"KUBERNETES_SERVICE_HOST": ""}}, "not in a pod"),
        (
            {"main_arguments": ["--configDir", "/"]},
            "Flink reads its configuration from /, and conf is ",
        ),
    ],
)
def test_flink_is_not_started_by_a_guard_that_is_set_up_wrongly(
    guarded: Make, arguments: dict[str, Any], reason: str
) -> None:
    with guarded(**arguments) as jvm:
        assert jvm.exit_code() == 1
    assert "guard Flink is not started: " in jvm.said
    assert reason in jvm.said
    assert not jvm.runs_flink
