"""What others did to jobs: a refresh shows it, a preview says what `up` will do, and it does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from examples.jobs.check import Report
from flink_components.flink.answers import ENDED
from flink_components.flink.errors import FlinkError
from flink_components.plan.record import Phase, Record, Run
from sandbox.images import DEFAULT_VERSIONS
from tests.cluster.fleet import Fleet, Job, fleet, running, runs
from tests.cluster.session import DATA, Seen, StackOfJob, cluster_name
from tests.cluster.stacks import NewStack
from tests.conformance.lab import Run as EngineRun
from tests.lifecycle.kubernetes import until

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

OLDER, NEWER = DEFAULT_VERSIONS
CANCELLED: list[Job] = [("cancelled", version) for version in DEFAULT_VERSIONS]
UNKNOWN, STOPPED, FAILED = ("unknown", OLDER), ("stopped", OLDER), ("failed", NEWER)
JOBS = [*CANCELLED, UNKNOWN, STOPPED, FAILED]
ENDED_BY_OTHERS = [*CANCELLED, STOPPED, FAILED]

NEVER_AGAIN = {"config": {"restart-strategy.type": "none"}}
DECLARED = {
    "cancelled": runs("stateful-v1"),
    "unknown": runs("stateful-v1"),
    "stopped": runs("stateful-v1"),
    "failed": runs(
        "fails-later",
        "--fail-after-ms",
        "3600000",
        "--fail-when",
        f"{DATA}/fail-now",
        **NEVER_AGAIN,
    ),
}
MENDED = {**DECLARED, "failed": runs("stateful-v1", upgrade_mode="last_state")}
FOUND = {
    "cancelled": "CANCELED: by someone or something else",
    "unknown": "LOST: its ledger is not there",
    "stopped": "FINISHED: by someone or something else",
    "failed": "FAILED: IllegalStateException: this job fails since /data/fail-now exists, "
    "as it was asked to",
}
FROM = {"cancelled": "/chk-", "stopped": "/by-hand/savepoint-", "failed": "/chk-"}


@dataclass
class Moment:
    """What a refresh and a preview said, and what was there after `up`."""

    refreshed: EngineRun
    planned: EngineRun
    up: EngineRun
    records: dict[Job, Record]
    running: dict[Job, list[str]]

    def run(self, which: Job) -> Run:
        """The active attempt."""
        run = self.records[which].run
        assert run is not None
        return run


@dataclass
class Story:
    """What became of jobs that others had touched, and then of all jobs of a killed JobManager."""

    jobs: Fleet
    first: dict[Job, Record]
    touched: Moment
    reports: dict[Job, Report]
    forgotten: Moment
    known_to_flink: dict[Job, list[str]]
    latest: dict[str, str]
    restored: dict[Job, Record]
    restored_running: dict[Job, list[str]]
    restored_reports: dict[Job, Report]
    ended: dict[Job, Record]

    def name(self, which: Job) -> str:
        """The name of a job."""
        return self.jobs.jobs[which].name

    def drift(self, moment: Moment, which: Job) -> str:
        """What the refresh of that moment found."""
        return str(moment.refreshed.result(f"{self.name(which)}-job").outputs["drift"])


def delete_ledger(job: StackOfJob) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{job.ledger.namespace}/leases"
    job.seen.kubernetes.call("DELETE", f"{leases}/{job.ledger.name}")


def stop_by_hand(job: StackOfJob) -> None:
    """As `flink stop` does it, with a savepoint where the job's owner keeps none."""
    trigger = "0" * 31 + "1"
    job.flink.stop(job.job.job_id, f"file://{DATA}/by-hand", trigger, drain=False, native=True)
    until("the savepoint", 60, lambda: job.flink.savepoint_result(job.job.job_id, trigger).done)


def has_ended(job: StackOfJob) -> bool:
    return job.state() in ENDED


def has_forgotten(job: StackOfJob) -> bool:
    """A new JobManager answers, which knows no job."""
    try:
        return not job.flink.jobs()
    except FlinkError:
        return False


def names_in_flink(job: StackOfJob) -> list[str]:
    return [one.id for one in job.flink.jobs() if one.name == job.name]


def latest_checkpoint(job: StackOfJob) -> str:
    """The highest complete checkpoint of the active attempt, as the pods see it."""
    folder = job.seen.data / "checkpoints" / job.job.job_id
    found = [int(path.parent.name.removeprefix("chk-")) for path in folder.glob("chk-*/_metadata")]
    return f"file://{DATA}/checkpoints/{job.job.job_id}/chk-{max(found)}"


def look_and_up(jobs: Fleet) -> Moment:
    """A refresh, a preview and an `up`, which may fail."""
    refreshed = jobs.stack.refresh()
    planned = jobs.stack.preview(jobs.program(MENDED))
    run = jobs.stack.up(jobs.program(MENDED), continue_on_error=True)
    return Moment(refreshed, planned, run, jobs.each(lambda job: job.record), jobs.each(running))


@pytest.fixture(scope="module")
def story(refs: Mapping[str, Mapping[str, Any]], seen: Seen, new_stack: NewStack) -> Story:
    jobs = fleet("drifting", JOBS, refs, seen, new_stack)
    jobs.up(DECLARED)
    for which, job in jobs.jobs.items():
        job.written("fails-later" if which == FAILED else "v1", 20)
    first = jobs.each(lambda job: job.record)
    for which in CANCELLED:
        jobs.jobs[which].flink.cancel(jobs.jobs[which].job.job_id)
    stop_by_hand(jobs.jobs[STOPPED])
    (seen.data / "fail-now").touch()
    for which in ENDED_BY_OTHERS:
        until("the end of the job", 60, lambda which=which: has_ended(jobs.jobs[which]))
    delete_ledger(jobs.jobs[UNKNOWN])
    touched = look_and_up(jobs)
    assert touched.up.ok, touched.up.error
    reports = jobs.each(lambda job: job.goes_on())

    for version in DEFAULT_VERSIONS:
        seen.delete_pod(seen.pod_of(cluster_name(version), "jobmanager"))
    for which in CANCELLED:
        until("a new JobManager", 120, lambda which=which: has_forgotten(jobs.jobs[which]))
    forgotten = look_and_up(jobs)
    known_to_flink = jobs.each(names_in_flink)
    latest = {job.name: latest_checkpoint(job) for job in jobs.jobs.values()}
    jobs.up({"cancelled": lambda job: job.values("stateful-v1", restore_from=latest[job.name])})
    kept = {which: jobs.jobs[which] for which in CANCELLED}
    return Story(
        jobs=jobs,
        first=first,
        touched=touched,
        reports=reports,
        forgotten=forgotten,
        known_to_flink=known_to_flink,
        latest=latest,
        restored={which: job.record for which, job in kept.items()},
        restored_running={which: running(job) for which, job in kept.items()},
        restored_reports={which: job.goes_on() for which, job in kept.items()},
        ended={which: jobs.jobs[which].record for which in JOBS if which not in CANCELLED},
    )


@pytest.mark.parametrize("which", JOBS, ids="-".join)
def test_a_refresh_says_what_others_did(story: Story, which: Job) -> None:
    assert story.drift(story.touched, which) == FOUND[which[0]]


@pytest.mark.parametrize("which", ENDED_BY_OTHERS, ids="-".join)
def test_a_preview_names_the_point_from_which_up_starts_again(story: Story, which: Job) -> None:
    said = story.touched.planned.said("info", story.name(which))
    assert "STARTS AGAIN" in said
    assert f"from      {story.touched.run(which).restored_from} (" in said


@pytest.mark.parametrize("which", ENDED_BY_OTHERS, ids="-".join)
def test_up_starts_it_again_from_the_latest_point_there_is(story: Story, which: Job) -> None:
    run = story.touched.run(which)
    assert story.touched.records[which].phase is Phase.STABLE
    assert run.attempt == 2
    assert FROM[which[0]] in str(run.restored_from)


def test_a_preview_of_a_job_whose_ledger_was_deleted_says_that_it_runs_on(story: Story) -> None:
    said = story.touched.planned.said("info", story.name(UNKNOWN))
    assert "RUNS ON" in said
    assert "its ledger, which someone deleted, is made again" in said
    assert "empty" not in said


def test_up_makes_a_deleted_ledger_again_and_adopts_the_job(story: Story) -> None:
    before, after = story.first[UNKNOWN].run, story.touched.run(UNKNOWN)
    assert before is not None
    assert (after.job_id, after.revision, after.attempt) == (before.job_id, 1, 1)
    assert story.touched.records[UNKNOWN].phase is Phase.STABLE


@pytest.mark.parametrize("which", JOBS, ids="-".join)
def test_there_is_one_job_afterwards_and_its_output_is_whole(story: Story, which: Job) -> None:
    assert story.touched.running[which] == [story.touched.run(which).job_id]
    assert story.reports[which].ok, str(story.reports[which])


@pytest.mark.parametrize("which", JOBS, ids="-".join)
def test_a_refresh_says_that_a_killed_jobmanager_forgot_its_jobs(story: Story, which: Job) -> None:
    forgot = f"LOST: the JobManager does not know {story.touched.run(which).job_id}"
    assert story.drift(story.forgotten, which) == forgot


def test_a_preview_of_forgotten_jobs_refuses_and_says_where_to_look(story: Story) -> None:
    planned = story.forgotten.planned
    assert not planned.ok
    assert "REFUSED" in planned.error
    assert "/chk-N/_metadata and set restore_from to the highest" in planned.error


@pytest.mark.parametrize("which", JOBS, ids="-".join)
def test_up_starts_no_forgotten_job_empty(story: Story, which: Job) -> None:
    assert not story.forgotten.up.ok
    assert story.known_to_flink[which] == []
    assert story.forgotten.run(which) == story.touched.run(which)


@pytest.mark.parametrize("which", CANCELLED, ids="-".join)
def test_a_forgotten_job_goes_on_from_the_checkpoint_that_it_is_given(
    story: Story, which: Job
) -> None:
    record, report = story.restored[which], story.restored_reports[which]
    assert record.run is not None
    assert record.run.restored_from == story.latest[story.name(which)]
    assert story.restored_running[which] == [record.run.job_id]
    assert report.ok, str(report)


@pytest.mark.parametrize("which", [UNKNOWN, STOPPED, FAILED], ids="-".join)
def test_a_forgotten_job_can_be_deleted(story: Story, which: Job) -> None:
    assert story.ended[which].deleted
