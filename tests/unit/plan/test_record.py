"""What the ledger remembers, and its JSON."""

from __future__ import annotations

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
