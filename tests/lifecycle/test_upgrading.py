"""A job is upgraded on a real Flink, and its output goes on without a gap or a double."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.jobs.check import check
from flink_components.lifecycle.errors import Refused
from flink_components.plan.record import Phase
from tests.lifecycle.jobs import JobUnderTest

pytestmark = pytest.mark.cluster


def test_a_new_jar_takes_over_the_state_by_a_savepoint_in_a_directory_of_its_own(
    job: JobUnderTest,
) -> None:
    first = job.wish("stateful-v1")
    job.up(first)
    job.written("v1", 100)
    record = job.up(job.wish("stateful-v2"), first)
    job.written("v2", 100)

    assert record.phase is Phase.STABLE
    assert (record.run.revision, record.run.attempt) == (2, 2)  # type: ignore[union-attr]
    (metadata,) = job.savepoints.rglob("_metadata")
    below = metadata.relative_to(job.savepoints / job.key)
    assert below.parts[0] == "1-1"
    assert len(below.parts) == 4
    assert len(below.parts[1]) == 32
    assert record.run.restored_from == record.restore.path  # type: ignore[union-attr]
    assert Path(record.restore.path.removeprefix("file:")) == metadata.parent  # type: ignore[union-attr]
    report = check(job.output)
    assert report.ok, str(report)
    assert list(report.versions) == ["v1", "v2"]


def test_another_parallelism_keeps_the_state(any_job: JobUnderTest) -> None:
    first = any_job.wish(parallelism=1)
    any_job.up(first)
    any_job.written()
    any_job.up(any_job.wish(parallelism=2), first)
    report = any_job.goes_on()

    assert any_job.run.restored_from is not None
    assert report.ok, str(report)


def test_last_state_goes_on_from_the_latest_checkpoint(job: JobUnderTest) -> None:
    first = job.wish(upgrade_mode="last_state")
    job.up(first)
    job.written()
    record = job.up(job.wish("stateful-v2", upgrade_mode="last_state"), first)
    job.written("v2", 20)

    assert record.restore is not None
    assert record.restore.kind == "checkpoint"
    assert "/chk-" in record.restore.path
    assert not job.savepoints.exists()
    report = check(job.output)
    assert report.ok, str(report)


def test_an_upgrade_without_state_is_refused_until_it_is_accepted_by_name(
    any_job: JobUnderTest,
) -> None:
    first = any_job.wish()
    any_job.up(first)
    with pytest.raises(Refused, match="the state of the job would be lost"):
        any_job.up(any_job.wish("stateful-v2", upgrade_mode="stateless"), first)
    assert any_job.run.attempt == 1
    assert any_job.state() == "RUNNING"

    loss = {"operator": "*", "version": "2.0", "reason": "a fresh start"}
    record = any_job.up(
        any_job.wish("stateful-v2", upgrade_mode="stateless", version="2.0", accept=[loss]), first
    )
    assert record.run is not None
    assert record.run.restored_from is None
    assert [entry.reason for entry in record.accepted] == ["a fresh start"]


def test_a_stateless_job_is_upgraded_empty(any_job: JobUnderTest) -> None:
    first = any_job.wish(upgrade_mode="stateless")
    any_job.up(first)
    record = any_job.up(any_job.wish("stateful-v2", upgrade_mode="stateless"), first)

    assert record.run is not None
    assert (record.run.revision, record.run.restored_from) == (2, None)


def test_what_is_as_declared_is_left_alone(any_job: JobUnderTest) -> None:
    wish = any_job.wish()
    before = any_job.up(wish).run
    assert any_job.up(wish, wish).run == before
