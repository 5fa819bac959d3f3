"""What the guards of an application are told, as it follows from the record alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flink_components.plan.go import go, marks, seconds_of, taken_in, written_beside
from flink_components.plan.record import (
    Owner,
    Phase,
    Record,
    RestorePoint,
    Run,
    Step,
    StepKind,
    job_id_of,
)

KEY = "payments/fraud"
JOB = job_id_of(KEY, 7, 12)
DIRECTORY = "s3://acme/payments/fraud/7-12/0123"
SAVEPOINT = f"{DIRECTORY}/savepoint-98608e-000000000001"
CLUSTER = {"key": KEY, "kind": "application", "name": "fraud", "revision": 7}


def a_run(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "revision": 7,
        "attempt": 12,
        "job_id": JOB,
        "fingerprint": "f",
        "jar": "",
        "cluster": CLUSTER,
        "upgrade_mode": "savepoint",
        "ha": True,
        **changes,
    }
    return Run(**values)


def a_record(phase: Phase, **changes: Any) -> Record:
    values: dict[str, Any] = {"run": a_run(), "attempts": 12, "highest": 7, **changes}
    return Record(key=KEY, phase=phase, **values)


def a_step(what: StepKind, directory: str = "") -> Step:
    return Step(what=what, job_id=JOB, cluster=CLUSTER, since=0.0, directory=directory)


def a_point(path: str = SAVEPOINT) -> RestorePoint:
    return RestorePoint(path=path, kind="savepoint", at=1.0, job_id=JOB, revision=7, attempt=12)


STARTED = {
    "state": "go",
    "revision": 7,
    "attempt": 12,
    "jobId": JOB,
    "claimMode": "NO_CLAIM",
    "ha": True,
}
STOPPING = {
    "state": "stopping",
    "revision": 7,
    "attempt": 12,
    "jobId": JOB,
    "directory": f"{DIRECTORY}/",
    "back": {"attempt": 13, "jobId": job_id_of(KEY, 7, 13)},
    "ha": True,
}


def test_a_job_of_a_session_cluster_has_nothing_for_guards_beside_its_record() -> None:
    run = a_run(cluster={"key": "payments/etl", "revision": 1}, ha=None)
    record = Record(key=KEY, phase=Phase.STABLE, run=run)
    assert written_beside(record) == {"flink-components/job-id": run.job_id}
    assert written_beside(Record(key=KEY, owner=Owner(stack="a/b/c", urn="urn"))) == {}


def test_what_runs_is_shown_by_labels_and_annotations() -> None:
    run = a_run()
    point = RestorePoint(path="s3://acme/savepoint-1", kind="savepoint", at=1.0)
    record = Record(key=KEY, phase=Phase.STABLE, run=run, restore=point)
    assert marks(record) == {
        "flink-components/state": "STABLE",
        "flink-components/revision": str(run.revision),
    }
    shown = written_beside(record)
    assert shown["flink-components/job-id"] == run.job_id
    assert shown["flink-components/restore-point"] == "s3://acme/savepoint-1"
    assert marks(Record(key=KEY)) == {"flink-components/state": "CREATED"}


def test_a_record_of_a_session_job_has_no_field_that_only_applications_have() -> None:
    assert Record(key=KEY).to_json() == {
        "schema_version": 1,
        "key": "payments/fraud",
        "phase": "CREATED",
        "reason": "",
        "since": 0.0,
        "attempts": 0,
        "unlisted": [],
        "failures": [],
        "accepted": [],
        "deleted": False,
        "jars_left": [],
        "late": 0.0,
    }


def test_before_its_first_attempt_nobody_may_start() -> None:
    record = Record(key=KEY, highest=1, revisions={"1": "f"})
    assert written_beside(record) == {"flink-components/go": "{}"}


@pytest.mark.parametrize("phase", [Phase.DEPLOYED, Phase.STABLE, Phase.ROLLED_BACK])
def test_what_runs_may_start_again(phase: Phase) -> None:
    assert go(a_record(phase)) == STARTED


def test_what_is_submitted_may_start_from_its_restore_point_in_the_mode_that_was_asked() -> None:
    run = a_run(restored_from=SAVEPOINT, claim_mode="CLAIM")
    record = a_record(Phase.UPGRADING, run=run, open=a_step("submit"))
    assert go(record) == {**STARTED, "restore": SAVEPOINT, "claimMode": "CLAIM"}


def test_a_savepoint_on_request_changes_nothing() -> None:
    assert go(a_record(Phase.STABLE, open=a_step("savepoint", DIRECTORY))) == STARTED


def test_while_it_is_stopped_it_may_be_taken_back_under_the_next_attempt() -> None:
    record = a_record(Phase.UPGRADING, open=a_step("stop", DIRECTORY))
    assert go(record) == STOPPING


def test_an_older_savepoint_is_not_that_of_the_stop() -> None:
    old = a_point("s3://acme/payments/fraud/7-11/4567/savepoint-1")
    record = a_record(Phase.UPGRADING, open=a_step("stop", DIRECTORY), restore=old)
    assert go(record) == STOPPING


@pytest.mark.parametrize("step", [a_step("stop", DIRECTORY), None])
def test_its_savepoint_is_told_once_it_is_recorded(step: Step | None) -> None:
    record = a_record(Phase.UPGRADING, open=step, restore=a_point())
    assert go(record) == {**STOPPING, "savepoint": SAVEPOINT}


@pytest.mark.parametrize(
    "phase",
    [Phase.SUSPENDED, Phase.CANCELLED, Phase.FINISHED, Phase.FAILED, Phase.LOST],
)
def test_what_is_down_stays_down(phase: Phase) -> None:
    assert go(a_record(phase, restore=a_point())) == {"state": "down"}


@pytest.mark.parametrize("phase", [Phase.UPGRADING, Phase.FAILED, Phase.CANCELLED])
def test_what_is_cancelled_is_not_taken_back(phase: Phase) -> None:
    assert go(a_record(phase, open=a_step("cancel"))) == {"state": "down"}


def test_what_was_cancelled_for_an_upgrade_is_not_taken_back() -> None:
    point = RestorePoint(path="s3://acme/chk-7", kind="checkpoint", at=1.0, job_id=JOB)
    assert go(a_record(Phase.UPGRADING, restore=point)) == {"state": "down"}


def claimed(**fields: Any) -> dict[str, str]:
    claim = {"attempt": 13, "revision": 7, "pod": "p", "nonce": "n", "at": "2027-01-15T08:00:00Z"}
    return {"flink-components/claim": json.dumps({**claim, **fields})}


def test_a_job_that_was_taken_back_is_what_the_record_says_then() -> None:
    record = a_record(Phase.UPGRADING, open=a_step("stop", DIRECTORY))
    found = taken_in(record, claimed(tookBack=SAVEPOINT))
    assert found.run == a_run(
        attempt=13,
        job_id=job_id_of(KEY, 7, 13),
        restored_from=SAVEPOINT,
        submitted_at=1_800_000_000.0,
    )
    assert (found.phase, found.open, found.attempts) == (Phase.DEPLOYED, None, 13)
    assert found.restore == RestorePoint(
        path=SAVEPOINT,
        kind="savepoint",
        at=1_800_000_000.0,
        job_id=JOB,
        revision=7,
        attempt=12,
    )
    assert [line.path for line in found.unlisted] == [SAVEPOINT]
    assert go(found) == {
        **STARTED,
        "attempt": 13,
        "jobId": job_id_of(KEY, 7, 13),
        "restore": SAVEPOINT,
    }


def test_it_is_taken_in_once() -> None:
    record = a_record(Phase.UPGRADING, open=a_step("stop", DIRECTORY))
    found = taken_in(record, claimed(tookBack=SAVEPOINT))
    assert taken_in(found, claimed(tookBack=SAVEPOINT)) == found


@pytest.mark.parametrize(
    "claim",
    [
        claimed(),
        claimed(attempt=12, tookBack=SAVEPOINT),
        claimed(revision=6, tookBack=SAVEPOINT),
        {"flink-components/claim": "edited by hand"},
        {},
    ],
    ids=["a claim", "an earlier attempt", "another revision", "no JSON", "none"],
)
def test_any_other_claim_changes_nothing(claim: dict[str, str]) -> None:
    record = a_record(Phase.UPGRADING, open=a_step("stop", DIRECTORY))
    assert taken_in(record, claim) == record


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("2027-01-15T08:00:00Z", 1_800_000_000.0),
        ("2027-01-15T08:00:00.250Z", 1_800_000_000.25),
        ("2027-01-15T08:00:00.250000123Z", 1_800_000_000.250000123),
        ("", 0.0),
        ("yesterday", 0.0),
    ],
)
def test_a_moment_is_read_whatever_its_digits(time: str, seconds: float) -> None:
    assert seconds_of(time) == pytest.approx(seconds, abs=1e-6)
