"""Two clones work on one job at the same time: only one changes it, and the other is told.

The job takes a while to end, so that its upgrade is under way for as long as the other one needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import pytest

from flink_components.lifecycle.by_hand import lock_of
from flink_components.lifecycle.history import book_of
from flink_components.lifecycle.ledger import records
from flink_components.plan.record import Record
from tests.cluster.stacks import ENGINE, PROVIDER, JobStack
from tests.conformance.lab import Run
from tests.faults.clones import clones_of, declaring, slow_to_end, standing_still
from tests.faults.judge import problems
from tests.faults.operations import OPERATIONS
from tests.faults.rounds import NewJob
from tests.faults.struck_job import StruckJob
from tests.lifecycle.kubernetes import Kubernetes, until

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.timeout(900)]

_SECONDS = 300.0
_UPGRADE = OPERATIONS["upgrade"]

Clones = tuple[JobStack, JobStack]


def both_run_the_first_program(job: StruckJob, clones: Clones) -> None:
    for clone in clones:
        run = clone.up(declaring(job, slow_to_end(job)))
        assert run.ok, run.error
    job.written("slow-to-cancel", 50)


class Race:
    """Both begin the same upgrade at the same time; then the one that was refused runs again."""

    def __init__(self, job: StruckJob, clones: Clones) -> None:
        both_run_the_first_program(job, clones)
        upgrade = declaring(job, job.program(1))
        with ThreadPoolExecutor(2) as pool:
            runs = {pool.submit(clone.up, upgrade): clone for clone in clones}
            ended, at_work = wait(runs, _SECONDS, FIRST_COMPLETED)
            (first,), (last,) = ended, at_work
            self.holders = runs[last].processes(PROVIDER)
            self.refused: Run = first.result()
            self.upgraded: Run = last.result(_SECONDS)
        self.key, self.row = job.key, f"{job.name}-job"
        self.problems = problems(job, _UPGRADE)
        self.record = job.record
        ledgers = records(job.ledger.api, job.ref.namespace, "job", Record)
        self.ledgers = [record.key for record in ledgers if record.key == job.key]
        self.points = book_of(job.ledger).read().points
        self.again: Run = runs[first].up(upgrade)
        self.record_then = job.record
        self.running_then = job.running()


class TakeOver:
    """One stands still in the midst of an upgrade; another does it, and then the first goes on."""

    def __init__(self, job: StruckJob, clones: Clones) -> None:
        both_run_the_first_program(job, clones)
        upgrade = declaring(job, job.program(1))
        first, second = clones
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(first.up, upgrade)
            until("the stop", 120, lambda: job.record.open is not None)
            self.providers = first.processes(PROVIDER)
            with standing_still([*self.providers, *first.processes(ENGINE)]):
                self.step = job.record.open
                self.lock = lock_of(job.ledger)
                self.second: Run = second.up(upgrade)
                self.lease = _lease(job)
                self.points = book_of(job.ledger).read().points
            self.first: Run = run.result(_SECONDS)
        self.key, self.row = job.key, f"{job.name}-job"
        self.lease_then = _lease(job)
        self.points_then = book_of(job.ledger).read().points
        self.problems = problems(job, _UPGRADE)
        self.record = job.record
        self.again: Run = first.up(upgrade)
        self.record_then = job.record
        self.running_then = job.running()


def _lease(job: StruckJob) -> Any:
    return job.ledger.api.get("Lease", job.ref.namespace, job.ledger.name)


Stories = tuple[Future[Race], Future[TakeOver]]


@pytest.fixture(scope="module")
def stories(
    new_job: NewJob, kubernetes: Kubernetes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stories]:
    """Both at the same time, since each waits for most of its time."""
    home = tmp_path_factory.mktemp("clones")
    jobs = new_job(), new_job()
    racing, taken_over = (clones_of(job, home, kubernetes.kubeconfig) for job in jobs)
    with ThreadPoolExecutor(2) as pool:
        yield pool.submit(Race, jobs[0], racing), pool.submit(TakeOver, jobs[1], taken_over)
    for job in jobs:
        job.end()


@pytest.fixture(scope="module")
def race(stories: Stories) -> Race:
    return stories[0].result()


@pytest.fixture(scope="module")
def take_over(stories: Stories) -> TakeOver:
    return stories[1].result()


def test_of_two_ups_at_once_the_one_without_the_lock_is_told_who_has_it(race: Race) -> None:
    assert race.upgraded.ok, race.upgraded.error
    assert not race.refused.ok
    said = re.fullmatch(
        rf"{race.key} is locked by \S+/(\d+) up of {race.key} since \S+Z "
        r"\(renewed \d+ s ago\): wait for it and run again",
        race.refused.said("error", race.row),
    )
    assert said is not None, race.refused.error
    assert int(said[1]) in race.holders


def test_two_ups_at_once_upgrade_the_job_once(race: Race) -> None:
    assert race.problems == []
    assert race.record.run is not None
    assert (race.record.run.revision, race.record.attempts) == (2, 2)
    assert [point.why for point in race.points] == ["before revision 2"]
    assert race.ledgers == [race.key]


def test_the_one_that_was_refused_finds_all_done_when_it_runs_again(race: Race) -> None:
    assert race.again.ok, race.again.error
    assert race.record.run is not None
    assert race.record_then.attempts == 2
    assert race.running_then == [race.record.run.job_id]


def test_the_lock_of_one_that_stands_still_in_a_stop_is_taken_over(take_over: TakeOver) -> None:
    assert take_over.step is not None
    assert take_over.step.what == "stop"
    assert take_over.lock is not None
    host_and_process, _, purpose = take_over.lock.holder.partition(" ")
    assert int(host_and_process.rpartition("/")[2]) in take_over.providers
    assert purpose == f"up of {take_over.key}"
    assert take_over.second.ok, take_over.second.error


def test_one_that_stood_still_is_told_that_it_lost_the_lock(take_over: TakeOver) -> None:
    assert not take_over.first.ok
    assert take_over.first.said("error", take_over.row) == (
        f"the lock of {take_over.key} was lost: another run has taken it and is "
        f"done, or it was unlocked by hand; "
        f"this run does nothing more: run it again"
    )


def test_one_that_stood_still_does_no_harm_when_it_goes_on(take_over: TakeOver) -> None:
    assert take_over.lease_then == take_over.lease
    assert take_over.points_then == take_over.points
    assert take_over.problems == []
    assert take_over.record.run is not None
    assert (take_over.record.run.revision, take_over.record.attempts) == (2, 2)


def test_one_that_stood_still_finds_all_done_when_it_runs_again(take_over: TakeOver) -> None:
    assert take_over.again.ok, take_over.again.error
    assert take_over.record.run is not None
    assert take_over.record_then.attempts == 2
    assert take_over.running_then == [take_over.record.run.job_id]
