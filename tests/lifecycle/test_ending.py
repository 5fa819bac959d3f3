"""What a delete does with a job that runs, and how a later declaration goes on from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.plan.record import Phase
from tests.lifecycle.jobs import JobUnderTest

pytestmark = pytest.mark.cluster


def test_a_delete_takes_a_savepoint_and_a_later_create_goes_on_from_it(job: JobUnderTest) -> None:
    wish = job.wish()
    first = job.up(wish).run
    assert first is not None
    job.written("v1", 50)

    said = job.destroy(wish)

    record = job.record
    assert record.restore is not None
    assert said == f"stopped with the savepoint {record.restore.path}"
    assert (record.deleted, record.phase) == (True, Phase.SUSPENDED)
    assert Path(record.restore.path.removeprefix("file:"), "_metadata").is_file()
    assert job.state(first.job_id) == "FINISHED"

    job.up(wish)
    assert job.run.restored_from == record.restore.path
    report = job.goes_on()
    assert report.ok, str(report)


def test_a_delete_that_cancels_leaves_the_retained_checkpoint_to_go_on_from(
    any_job: JobUnderTest,
) -> None:
    wish = any_job.wish(on_delete="cancel")
    first = any_job.up(wish).run
    assert first is not None
    any_job.written("v1", 50)

    assert any_job.destroy(wish) == "cancelled"
    assert any_job.state(first.job_id) == "CANCELED"
    assert not any_job.savepoints.exists()

    any_job.up(wish)
    assert "/chk-" in str(any_job.run.restored_from)
    report = any_job.goes_on()
    assert report.ok, str(report)


def test_a_job_that_is_kept_runs_on_and_is_adopted_by_a_later_create(
    any_job: JobUnderTest,
) -> None:
    wish = any_job.wish(on_delete="keep")
    first = any_job.up(wish).run
    assert first is not None

    assert any_job.destroy(wish) == f"{first.job_id} runs on, as on_delete says"
    assert any_job.state(first.job_id) == "RUNNING"

    assert any_job.up(wish).run == first
