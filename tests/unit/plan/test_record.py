"""What the ledger remembers, and its JSON."""

from __future__ import annotations

import pytest

from flink_components.plan.record import Failure, Phase, Record, RestorePoint, Run, Step, Use

RUN = Run(
    revision=1,
    attempt=2,
    job_id="a" * 32,
    fingerprint="f",
    jar="jar-1",
    cluster={"key": "k"},
    upgrade_mode="savepoint",
)


def test_json_and_back_is_the_same() -> None:
    record = Record(
        key="k",
        phase=Phase.UPGRADING,
        run=RUN,
        stable=RUN,
        restore=RestorePoint(path="p", kind="savepoint", at=1.5),
        open=Step(what="cancel", job_id="a" * 32, cluster={}, since=1.0, use=Use.REQUIRED),
        failures=(Failure(revision=1, attempt=1, fingerprint="f", reason="r", at=1.0),),
    )
    assert Record.model_validate(record.to_json()) == record


def test_absent_fields_are_left_out() -> None:
    assert "restore" not in Record(key="k").to_json()


def test_fields_of_a_later_version_are_kept() -> None:
    assert Record.model_validate({"key": "k", "mood": "good"}).to_json()["mood"] == "good"


def test_the_last_ten_failures_are_kept() -> None:
    record = Record(key="k")
    for attempt in range(12):
        failure = Failure(revision=1, attempt=attempt, fingerprint="f", reason="r", at=1.0)
        record = record.model_copy(update={"failures": record.with_failure(failure)})
    assert [failure.attempt for failure in record.failures] == list(range(2, 12))


def test_the_jar_that_runs_and_the_one_that_is_being_started_are_in_use() -> None:
    assert Record(key="k").jars_in_use == ()
    assert Record(key="k", run=RUN).jars_in_use == ("jar-1",)
    assert Record(key="k", run=RUN, jar_wanted="jar-2").jars_in_use == ("jar-1", "jar-2")


OLD = {"key": "ns/etl", "revision": 1, "namespace": "ns", "service": "etl-r1-rest"}
NEW = {**OLD, "revision": 2, "service": "etl-r2-rest"}
BEFORE, AFTER = (RUN.model_copy(update={"cluster": cluster}) for cluster in (OLD, NEW))


@pytest.mark.parametrize(
    ("phase", "run", "stable", "needed"),
    [
        (Phase.STABLE, BEFORE, BEFORE, "old"),
        (Phase.ROLLED_BACK, BEFORE, BEFORE, "old"),
        (Phase.UPGRADING, BEFORE, BEFORE, "old"),
        (Phase.UPGRADING, AFTER, BEFORE, "old new"),
        (Phase.DEPLOYED, AFTER, BEFORE, "old new"),
        (Phase.FAILED, AFTER, BEFORE, "old"),
        (Phase.STABLE, AFTER, AFTER, "new"),
        (Phase.SUSPENDED, BEFORE, BEFORE, ""),
        (Phase.CANCELLED, BEFORE, BEFORE, ""),
        (Phase.FINISHED, BEFORE, BEFORE, ""),
        (Phase.CREATED, None, None, ""),
    ],
)
def test_a_cluster_is_needed_where_the_job_runs_or_may_be_taken_back_to(
    phase: Phase, run: Run | None, stable: Run | None, needed: str
) -> None:
    record = Record(key="k", phase=phase, run=run, stable=stable)
    found = [name for name, ref in (("old", OLD), ("new", NEW)) if record.needs_cluster(ref)]
    assert " ".join(found) == needed


@pytest.mark.parametrize("gone", [{"deleted": True}, {"moved_to": "ns/other"}], ids=str)
def test_a_job_that_is_gone_needs_no_cluster(gone: dict[str, object]) -> None:
    record = Record(key="k", phase=Phase.STABLE, run=BEFORE).model_copy(update=gone)
    assert not record.needs_cluster(OLD)
