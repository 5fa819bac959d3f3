"""The engine, the provider or both are killed by -9 in an upgrade, and the next run makes it good.

What is done next is what a person would do: `pulumi cancel`, and then `up`, `refresh` and `up`, or
`destroy`. Moments are told by the ledger; an orphaned provider goes on for as long as it can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from examples.jobs.check import check
from flink_components.plan.record import Phase, Record
from sandbox.engine import ensure
from sandbox.engine import environment as engine_environment
from tests.cluster.stacks import ENGINE, PROVIDER, JobStack
from tests.faults.clones import declaring
from tests.faults.rounds import NewJob
from tests.faults.struck_job import StruckJob
from tests.lifecycle.kubernetes import Kubernetes, until

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.timeout(900)]

Moment = Callable[[Record], bool]
Case = tuple[str, tuple[str, ...], tuple[str, ...]]

MOMENTS: Mapping[str, Moment] = {
    "the stop is written": lambda record: record.open is not None and record.open.what == "stop",
    "the savepoint is known": lambda record: record.restore is not None,
    "the submission is written": lambda record: record.attempts == 2,
    "the new job is deployed": lambda record: record.attempts == 2 and record.open is None,
}
CASES: list[Case] = [
    ("the stop is written", (ENGINE, PROVIDER), ("up",)),
    ("the savepoint is known", (ENGINE, PROVIDER), ("refresh", "up")),
    ("the submission is written", (ENGINE, PROVIDER), ("up",)),
    ("the new job is deployed", (ENGINE, PROVIDER), ("refresh", "up")),
    ("the stop is written", (ENGINE,), ("up",)),
    ("the submission is written", (PROVIDER,), ("up",)),
    ("the submission is written", (ENGINE, PROVIDER), ("destroy",)),
]


def name_of(case: Case) -> str:
    moment, killed, then = case
    who = {ENGINE: "engine", PROVIDER: "provider"}
    return f"{' and '.join(who[one] for one in killed)} when {moment}, then {' and '.join(then)}"


class Story:
    """One upgrade whose processes are killed, and what was done then."""

    def __init__(self, job: StruckJob, stack: JobStack, case: Case) -> None:
        self.job, self.stack = job, stack
        moment, killed, then = case
        first = stack.up(declaring(job, job.program(0)))
        assert first.ok, first.error
        job.written("v1", 50)
        self.killed_ok = self._kill_at(MOMENTS[moment], killed)
        stack.cancel()
        for operation in then:
            call = getattr(stack, operation)
            run = call(declaring(job, job.program(1))) if operation == "up" else call()
            assert run.ok, run.error
        self.record = job.record
        self.running = job.running()
        self.report = job.goes_on() if self.running else check(job.output)

    def _kill_at(self, moment: Moment, killed: tuple[str, ...]) -> bool:
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(self.stack.up, declaring(self.job, self.job.program(1)))
            until("the moment", 120, lambda: moment(self.job.record))
            self.found = {what: self.stack.processes(what) for what in killed}
            for processes in self.found.values():
                for process in processes:
                    self.stack.end(process)
            return run.result(timeout=300).ok


@pytest.fixture(scope="module")
def stories(
    new_job: NewJob, kubernetes: Kubernetes, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Future[Story]]:
    """All cases, three at a time."""
    home: Path = tmp_path_factory.mktemp("engine")
    variables = {**engine_environment(home), "KUBECONFIG": kubernetes.kubeconfig}

    def tell(case: Case) -> Story:
        job = new_job()
        try:
            return Story(job, JobStack(home / job.name, ensure(), variables, job.name), case)
        finally:
            job.end()

    with ThreadPoolExecutor(3) as pool:
        return {name_of(case): pool.submit(tell, case) for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_what_an_ended_engine_left_is_made_good(
    case: Case, stories: dict[str, Future[Story]]
) -> None:
    story = stories[name_of(case)].result()
    assert all(story.found.values()), story.found
    assert not story.killed_ok
    assert story.report.ok, str(story.report)
    assert story.record.open is None
    if case[2] == ("destroy",):
        assert (story.running, story.record.deleted) == ([], True)
    else:
        assert story.record.run is not None
        assert story.running == [story.record.run.job_id]
        assert (story.record.phase, story.record.run.revision) == (Phase.STABLE, 2)
