"""What the resource of an application's job takes for a difference, and what it shows."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.output import Unknown

from flink_components.plan.record import Phase, Record, RestorePoint, Run, Switch
from flink_components.providers import job_switch, standing
from flink_components.providers.job_switch import JobSwitchProvider, last_run, outputs, wish

CLUSTER = {
    "kind": "application",
    "key": "payments/fraud",
    "namespace": "payments",
    "name": "fraud",
    "revision": 7.0,
    "service": "fraud-r7-rest",
    "port": 8081.0,
    "flink_version": "1.20.3",
    "slots": 4.0,
    "connection": {"context": "dev"},
}
SPEC: dict[str, Any] = {
    "name": "fraud",
    "namespace": "payments",
    "key": "payments/fraud",
    "savepoint_dir": "s3://acme/savepoints",
    "parallelism": 4.0,
    "cluster": CLUSTER,
}
RUN = Run(
    revision=7,
    attempt=12,
    job_id="a" * 32,
    fingerprint="9f2c",
    jar="",
    cluster={},
    upgrade_mode="savepoint",
    restored_from="s3://acme/savepoints/savepoint-1",
)


def props(**changes: Any) -> dict[str, Any]:
    made = {
        "key": "payments/fraud",
        "spec": SPEC,
        "service_uid": "u-1",
        "fingerprint": "9f2c",
        "revision": 7.0,
        "task_managers": 4.0,
        "job_managers": 1.0,
        "ha": False,
        "stable_service": "fraud-rest",
        "urn": "urn:…::fraud",
        "stack": "acme/flink/dev",
        "drift": "none",
    }
    return {**made, **changes}


@pytest.fixture(autouse=True)
def finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that says that all is done."""
    monkeypatch.setattr(job_switch, "left_unfinished", lambda *_: False)


def changes(news: dict[str, Any], olds: dict[str, Any] | None = None) -> bool | None:
    found: bool | None = JobSwitchProvider().diff("id", olds or props(), news).changes
    return found


def test_the_same_declaration_is_no_difference() -> None:
    assert changes(props()) is False


def test_how_the_revision_is_reached_is_no_difference() -> None:
    cluster = {**CLUSTER, "connection": {"context": "prod"}}
    assert changes(props(spec={**SPEC, "cluster": cluster})) is False


@pytest.mark.parametrize(
    "change",
    [
        {"revision": 8.0},
        {"fingerprint": "1e4f"},
        {"task_managers": 5.0},
        {"job_managers": 2.0},
        {"ha": True},
        {"spec": {**SPEC, "restart": "2026-01-31"}},
        {"spec": {**SPEC, "state": "suspended"}},
        {"urn": "urn:…::platform$fraud"},
        {"service_uid": Unknown()},
    ],
)
def test_what_is_declared_otherwise_is_a_difference_that_is_shown(change: dict[str, Any]) -> None:
    assert changes(props(**change)) is None


def test_drift_is_a_difference() -> None:
    assert changes(props(), props(drift="LOST: its ledger is not there")) is True


def test_what_an_earlier_run_left_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_switch, "left_unfinished", lambda *_: True)
    assert changes(props()) is True


def test_another_key_is_another_job() -> None:
    assert JobSwitchProvider().diff("id", props(), props(key="payments/x")).replaces == ["key"]


def test_the_life_cycle_is_asked_for_the_revision_by_its_uid() -> None:
    asked = wish(props())
    assert (asked.revision, asked.task_managers, asked.job_managers) == (7, 4, 1)
    assert (asked.spec.cluster.uid, asked.spec.cluster.service) == ("u-1", "fraud-r7-rest")
    assert (asked.surge, asked.ha, asked.stable_service) == (True, False, "fraud-rest")


def test_a_state_shows_the_attempt_that_runs() -> None:
    record = Record(
        key="payments/fraud",
        phase=Phase.STABLE,
        since=1_800_000_000.0,
        run=RUN,
        restore=RestorePoint(path="s3://acme/savepoints/savepoint-2", kind="savepoint", at=1.0),
        last_switch=Switch(
            revision=7, attempt=12, at=1.0, steps={"stop": 0.5, "run": 2.25}, down=2.75, size=900
        ),
    )
    found = outputs(props(), record)
    assert {name: found[name] for name in found if name not in props()} == {
        "phase": "STABLE",
        "reason": "",
        "since": "2027-01-15T08:00:00Z",
        "job_id": "a" * 32,
        "attempt": 12,
        "active_revision": 7,
        "restored_from": "s3://acme/savepoints/savepoint-1",
        "restore_point": "s3://acme/savepoints/savepoint-2",
        "last_switch": {
            "revision": 7,
            "attempt": 12,
            "steps": {"stop": 0.5, "run": 2.25},
            "down_ms": 2750,
            "savepoint_bytes": 900,
        },
    }
    assert found["revision"] == 7.0


def test_what_was_not_measured_is_not_shown() -> None:
    first = Switch(revision=1, attempt=1, at=1.0, steps={"run": 2.0})
    record = Record(key="payments/fraud", phase=Phase.STABLE, run=RUN, last_switch=first)
    assert outputs(props(), record)["last_switch"] == {
        "revision": 1,
        "attempt": 1,
        "steps": {"run": 2.0},
    }
    older = Record(key="payments/fraud", phase=Phase.STABLE, run=RUN)
    assert outputs(props(), older)["last_switch"] == {}


def test_a_rollback_shows_that_another_revision_runs_than_is_declared() -> None:
    record = Record(key="payments/fraud", phase=Phase.ROLLED_BACK, run=RUN)
    found = outputs(props(revision=8.0), record)
    assert (found["revision"], found["active_revision"]) == (8.0, 7)


def test_what_ran_is_known_from_the_state_alone() -> None:
    state = outputs(props(), Record(key="payments/fraud", phase=Phase.STABLE, run=RUN))
    run = last_run(state)
    assert run is not None
    assert (run.revision, run.attempt, run.job_id) == (7, 12, "a" * 32)
    assert run.restored_from == "s3://acme/savepoints/savepoint-1"
    assert run.guarded
    assert last_run(props()) is None


def test_the_state_of_a_job_that_was_never_started_has_no_run() -> None:
    assert standing.running(Record(key="payments/fraud")) == {}
