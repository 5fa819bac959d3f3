"""Jobs on session clusters by `pulumi up`: created, upgraded in each mode, ended, come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import pytest

from examples.jobs.check import Report
from flink_components.plan.record import Phase, Record, Run
from sandbox.images import DEFAULT_VERSIONS
from tests.cluster.fleet import Fleet, Job, fleet, running, runs
from tests.cluster.session import Seen
from tests.cluster.stacks import NewStack
from tests.conformance.lab import Run as EngineRun

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

OLDER, NEWER = DEFAULT_VERSIONS
LAST_STATE, STATELESS, PARALLELISM = ("last-state", OLDER), ("stateless", NEWER), ("wider", NEWER)
BY_SAVEPOINT: list[Job] = [("savepoint", version) for version in DEFAULT_VERSIONS]
JOBS = [*BY_SAVEPOINT, LAST_STATE, STATELESS, PARALLELISM]
STATEFUL = [which for which in JOBS if which != STATELESS]

LAST = {"upgrade_mode": "last_state", "on_delete": "cancel"}
FIRST = {
    "savepoint": runs("stateful-v1"),
    "last-state": runs("stateful-v1", **LAST),
    "stateless": runs("stateful-v1", upgrade_mode="stateless"),
    "wider": runs("stateful-v1", parallelism=1),
}
SECOND = {
    "savepoint": runs("stateful-v2"),
    "last-state": runs("stateful-v2", **LAST),
    "stateless": runs("stateful-v2", upgrade_mode="stateless"),
    "wider": runs("stateful-v2", parallelism=2, on_delete="keep"),
}


@dataclass
class Moment:
    """What the engine, the ledgers, Flink and the output said after an operation."""

    run: EngineRun
    records: dict[Job, Record]
    running: dict[Job, list[str]]
    reports: dict[Job, Report] = field(default_factory=dict)

    def job(self, which: Job) -> Run:
        """The active attempt."""
        run = self.records[which].run
        assert run is not None
        return run


@dataclass
class Story:
    """The moments of some jobs' lives."""

    jobs: Fleet
    created: Moment
    upgraded: Moment
    again: EngineRun
    slots: int
    destroyed: Moment
    states: dict[Job, str]
    back: Moment

    def name(self, which: Job) -> str:
        """The name of a job."""
        return self.jobs.jobs[which].name


def moment(jobs: Fleet, run: EngineRun, version: str = "") -> Moment:
    assert run.ok, run.error
    reports = jobs.written(version) if version else {}
    return Moment(run, jobs.each(lambda job: job.record), jobs.each(running), reports)


@pytest.fixture(scope="module")
def story(refs: Mapping[str, Mapping[str, Any]], seen: Seen, new_stack: NewStack) -> Story:
    jobs = fleet("living", JOBS, refs, seen, new_stack)
    created = moment(jobs, jobs.up(FIRST), "v1")
    upgraded = moment(jobs, jobs.up(SECOND), "v2")
    again = jobs.stack.preview(jobs.program(SECOND))
    wider = jobs.jobs[PARALLELISM]
    slots = wider.flink.slots_held(wider.job.job_id)
    destroyed = moment(jobs, jobs.stack.destroy())
    states = jobs.each(lambda job: job.state())
    back = moment(jobs, jobs.up(SECOND))
    back.reports = jobs.each(lambda job: job.goes_on("v2"))
    jobs.end()
    return Story(jobs, created, upgraded, again, slots, destroyed, states, back)


@pytest.mark.parametrize("which", JOBS, ids="-".join)
def test_a_new_job_starts_empty_and_its_outputs_say_so(story: Story, which: Job) -> None:
    assert story.created.run.outputs[story.name(which)] == {
        "job_id": story.created.job(which).job_id,
        "revision": 1,
        "state": "STABLE",
        "restored_from": "",
        "restore_point": "",
    }


@pytest.mark.parametrize("which", BY_SAVEPOINT, ids="-".join)
def test_an_upgrade_goes_on_from_a_savepoint_in_a_directory_of_its_own(
    story: Story, which: Job
) -> None:
    outputs = story.upgraded.run.outputs[story.name(which)]
    key = PurePosixPath("/data/savepoints", story.jobs.jobs[which].key)
    path = PurePosixPath(outputs["restored_from"].removeprefix("file:")).relative_to(key)
    assert outputs["restored_from"] == outputs["restore_point"]
    assert (path.parts[0], len(path.parts[1]), len(path.parts)) == ("1-1", 32, 3)
    assert (outputs["revision"], outputs["state"]) == (2, "STABLE")


def test_last_state_goes_on_from_the_latest_checkpoint_without_a_savepoint(story: Story) -> None:
    assert "/chk-" in str(story.upgraded.job(LAST_STATE).restored_from)
    assert not story.jobs.jobs[LAST_STATE].savepoints.exists()


def test_another_parallelism_takes_the_state_along(story: Story) -> None:
    record = story.upgraded.records[PARALLELISM]
    assert record.restore is not None
    assert story.upgraded.job(PARALLELISM).restored_from == record.restore.path
    assert story.slots == 2


def test_a_stateless_job_begins_anew(story: Story) -> None:
    assert story.upgraded.job(STATELESS).restored_from is None
    report = story.upgraded.reports[STATELESS]
    assert report.duplicated[:20] == list(range(20))


@pytest.mark.parametrize("which", STATEFUL, ids="-".join)
def test_an_upgrade_loses_nothing_and_writes_nothing_twice(story: Story, which: Job) -> None:
    report = story.upgraded.reports[which]
    assert report.ok, str(report)
    assert list(report.versions) == ["v1", "v2"]


def test_the_same_program_changes_nothing(story: Story) -> None:
    assert story.again.changes() == {}


@pytest.mark.parametrize("which", BY_SAVEPOINT, ids="-".join)
def test_a_delete_stops_the_job_with_a_savepoint(story: Story, which: Job) -> None:
    record = story.destroyed.records[which]
    assert record.restore is not None
    assert (record.restore.kind, record.restore.revision) == ("savepoint", 2)
    assert (record.deleted, record.phase, story.states[which]) == (
        True,
        Phase.SUSPENDED,
        "FINISHED",
    )


def test_a_delete_that_cancels_takes_no_savepoint(story: Story) -> None:
    record = story.destroyed.records[LAST_STATE]
    assert record.restore is not None
    assert (record.restore.kind, record.restore.revision) == ("checkpoint", 2)
    assert (record.deleted, record.phase, story.states[LAST_STATE]) == (
        True,
        Phase.CANCELLED,
        "CANCELED",
    )
    assert not story.jobs.jobs[LAST_STATE].savepoints.exists()


def test_a_job_that_is_kept_runs_on_after_its_delete(story: Story) -> None:
    assert story.destroyed.records[PARALLELISM].deleted
    assert story.destroyed.running[PARALLELISM] == [story.upgraded.job(PARALLELISM).job_id]


@pytest.mark.parametrize("which", [*BY_SAVEPOINT, LAST_STATE], ids="-".join)
def test_a_job_that_comes_back_goes_on_from_where_its_delete_left_it(
    story: Story, which: Job
) -> None:
    left = story.destroyed.records[which].restore
    assert left is not None
    assert story.back.job(which).restored_from == left.path
    assert story.back.running[which] == [story.back.job(which).job_id]


def test_a_job_that_was_kept_is_adopted(story: Story) -> None:
    assert story.back.job(PARALLELISM) == story.upgraded.job(PARALLELISM)
    assert story.back.running[PARALLELISM] == [story.upgraded.job(PARALLELISM).job_id]


@pytest.mark.parametrize("which", STATEFUL, ids="-".join)
def test_what_comes_back_has_lost_nothing_and_writes_nothing_twice(
    story: Story, which: Job
) -> None:
    report = story.back.reports[which]
    assert report.ok, str(report)
