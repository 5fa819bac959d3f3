"""Upgrades that fail: the cause in one line, the job as it was, and the way on from there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from examples.jobs.check import Report
from flink_components.plan.record import Phase, Record, Run
from sandbox.images import DEFAULT_VERSIONS
from tests.cluster.fleet import Fleet, Job, fleet, running, runs
from tests.cluster.session import SLOTS, Seen
from tests.cluster.stacks import NewStack
from tests.conformance.lab import Run as EngineRun

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

OLDER, NEWER = DEFAULT_VERSIONS
TRIED = {
    "state-type": runs("stateful-v4", config={"restart-strategy.type": "none"}),
    "no-uids": runs("stateful-v5"),
    "slots": runs("stateful-v2", parallelism=3 * SLOTS, deadlines={"stable": "10 s"}),
    "main": runs("fails-in-main"),
    "class": runs("stateful-v2", entry_class="org.acme.Gone"),
}
FIRST = {purpose: runs("stateful-v1") for purpose in TRIED}
# Flink gives each free slot to a job that waits for more of them: no other starts meanwhile.
GREEDY = ("slots",)
CAUSES = {
    "state-type": "must not be incompatible with the old state serializer",
    "no-uids": "Cannot map checkpoint/savepoint state for operator",
    "slots": "0/5 vertices running, waiting for slots",
    "main": "IllegalStateException: this job always fails in main()",
    "class": "ClassNotFoundException: org.acme.Gone",
}
STOPPED: list[Job] = [
    *[("state-type", version) for version in DEFAULT_VERSIONS],
    *[("no-uids", version) for version in DEFAULT_VERSIONS],
    ("slots", OLDER),
]
NEVER_STOPPED: list[Job] = [("main", NEWER), ("class", OLDER)]
JOBS = [*STOPPED, *NEVER_STOPPED]


@dataclass
class Story:
    """What was seen before the upgrades that fail, after them, and after those that mend them."""

    jobs: Fleet
    before: dict[Job, Run]
    failed: tuple[EngineRun, ...]
    records: dict[Job, Record]
    running: dict[Job, list[str]]
    reports: dict[Job, Report]
    mended: dict[Job, Record]
    mended_reports: dict[Job, Report]

    def error(self, which: Job) -> str:
        """What the row of the job said of the upgrade that failed."""
        return self.run(which).said("error", f"{self.jobs.jobs[which].name}-job")

    def run(self, which: Job) -> EngineRun:
        """The `up` in which its upgrade failed."""
        return self.failed[which[0] in GREEDY]


@pytest.fixture(scope="module")
def story(refs: Mapping[str, Mapping[str, Any]], seen: Seen, new_stack: NewStack) -> Story:
    jobs = fleet("failing", JOBS, refs, seen, new_stack)
    jobs.up(FIRST)
    jobs.written()
    before = jobs.each(lambda job: job.job)
    others = {purpose: run for purpose, run in TRIED.items() if purpose not in GREEDY}
    greedy = {purpose: TRIED[purpose] for purpose in GREEDY}
    failed = (
        jobs.stack.up(jobs.program(FIRST | others), continue_on_error=True),
        jobs.stack.up(jobs.program(FIRST | greedy), continue_on_error=True),
    )
    records, found = jobs.each(lambda job: job.record), jobs.each(running)
    reports = jobs.each(lambda job: job.goes_on())
    jobs.up({purpose: runs("stateful-v2") for purpose in TRIED})
    mended = jobs.each(lambda job: job.record)
    story = Story(jobs, before, failed, records, found, reports, mended, jobs.written("v2"))
    jobs.end()
    return story


@pytest.mark.parametrize("which", JOBS, ids="-".join)
def test_the_row_says_flinks_root_cause_in_one_line(story: Story, which: Job) -> None:
    assert CAUSES[which[0]] in story.error(which)
    assert not re.search(r"\n|\.\.", story.error(which))


def test_the_row_and_the_cause_say_how_many_slots_are_missing(story: Story) -> None:
    said = story.run(("slots", OLDER)).shown(story.jobs.jobs["slots", OLDER].name)
    for text in (story.error(("slots", OLDER)), "\n".join(said)):
        missing = re.search(r"waiting for slots: (\d+) missing", text)
        assert missing, text
        assert 2 * SLOTS <= int(missing[1]) < 3 * SLOTS


@pytest.mark.parametrize("which", STOPPED, ids="-".join)
def test_the_old_job_runs_again_with_its_state(story: Story, which: Job) -> None:
    record = story.records[which]
    assert record.run is not None
    assert record.restore is not None
    assert (record.phase, record.run.revision, record.run.attempt) == (Phase.ROLLED_BACK, 1, 3)
    assert record.run.restored_from == record.restore.path
    assert story.running[which] == [record.run.job_id]
    assert f"The old revision 1 runs again from {record.restore.path}" in story.error(which)
    assert story.reports[which].ok, str(story.reports[which])
    assert list(story.reports[which].versions) == ["v1"]


@pytest.mark.parametrize("which", STOPPED, ids="-".join)
def test_the_ledger_names_the_attempt_that_failed_and_why(story: Story, which: Job) -> None:
    record = story.records[which]
    assert record.open is None
    assert [(failure.revision, failure.attempt) for failure in record.failures] == [(2, 2)]
    assert CAUSES[which[0]] in record.failures[0].reason


@pytest.mark.parametrize("which", NEVER_STOPPED, ids="-".join)
def test_a_job_whose_new_program_cannot_start_is_not_touched(story: Story, which: Job) -> None:
    record = story.records[which]
    assert (record.run, record.phase, record.failures) == (story.before[which], Phase.STABLE, ())
    assert story.running[which] == [story.before[which].job_id]
    assert "nothing was changed" in story.error(which)
    assert story.reports[which].ok, str(story.reports[which])


@pytest.mark.parametrize("which", JOBS, ids="-".join)
def test_the_next_up_with_a_mended_program_goes_on(story: Story, which: Job) -> None:
    record, report = story.mended[which], story.mended_reports[which]
    assert record.run is not None
    assert record.restore is not None
    assert (record.phase, record.run.revision) == (Phase.STABLE, 2)
    assert record.run.restored_from == record.restore.path
    assert report.ok, str(report)
    assert list(report.versions) == ["v1", "v2"]
