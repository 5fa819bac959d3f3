"""A job that was submitted by hand goes on under management, and is upgraded with its state."""

from __future__ import annotations

import pytest

from examples.jobs.jars import build
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.planning import plan
from flink_components.plan.record import Phase
from tests import flink_jobs
from tests.lifecycle.jobs import JobUnderTest

pytestmark = pytest.mark.cluster


def run_by_hand(job: JobUnderTest) -> str:
    """As a person would, with the arguments that are declared later."""
    args = [*job.wish().spec.args, "--name", job.name]
    job_id = flink_jobs.run(job.flink.base_url, build()["stateful-v1"], args)
    flink_jobs.wait_for(job.flink.base_url, job_id, "RUNNING")
    job.written("v1", 50)
    return job_id


@pytest.mark.newest_alone
def test_it_runs_on_and_is_upgraded_with_its_state(job: JobUnderTest) -> None:
    job_id = run_by_hand(job)
    wish = job.wish("stateful-v1", "--name", job.name, adopt={"job_id": job_id})
    assert plan(job.shop, wish, None).text() == (
        f"{job.key}  r1  ADOPTS A RUNNING JOB\n"
        f"    first     adopts job {job_id} ({job.name}) without a restart"
    )

    record = job.up(wish)
    assert record.run is not None
    assert (record.run.job_id, record.phase, job.state()) == (job_id, Phase.STABLE, "RUNNING")
    assert job.up(wish, wish).run == record.run

    job.up(job.wish("stateful-v2", "--name", job.name, adopt={"job_id": job_id}), wish)
    report = job.written("v2", 50)
    assert (job.run.revision, job.run.attempt) == (2, 2)
    assert job.state(job_id) == "FINISHED"
    assert report.ok, str(report)
    assert list(report.versions) == ["v1", "v2"]


def test_it_is_found_by_its_name_and_not_given_to_two_keys(any_job: JobUnderTest) -> None:
    job_id = run_by_hand(any_job)
    any_job.up(any_job.wish("stateful-v1", "--name", any_job.name, adopt={"name": any_job.name}))
    assert any_job.run.job_id == job_id

    other = JobUnderTest(f"{any_job.name}-other", any_job.ref, any_job.output, any_job.savepoints)
    with pytest.raises(Refused, match=f"is that of the key {any_job.key}: declare it under"):
        other.up(other.wish(adopt={"job_id": job_id}))


def test_what_runs_is_said_where_the_job_is_not_there(any_job: JobUnderTest) -> None:
    job_id = run_by_hand(any_job)
    with pytest.raises(Refused, match=rf"; what runs there: .*{job_id} \({any_job.name}\)"):
        any_job.up(any_job.wish(adopt={"job_id": "f" * 32}))
    assert any_job.state(job_id) == "RUNNING"
