"""The engine and its provider are killed by -9 in an application's upgrade, on real pods.

What is done next is what a person would do: `pulumi cancel`, and then `up`, `refresh` and `up`, or
`destroy`. Meanwhile the old JobManager may take the job back by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from examples.jobs.check import check
from flink_components.plan.record import Phase, Record
from sandbox.engine import ensure
from sandbox.engine import environment as engine_environment
from tests.cluster.applications import Application, applications
from tests.cluster.stacks import ENGINE, PROVIDER, JobStack
from tests.lifecycle.kubernetes import Kubernetes, until

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.engine,
    pytest.mark.faults_alone,
    pytest.mark.timeout(1500),
]

NAMESPACE = "test-faults-engine"
Moment = Callable[[Record], bool]
Case = tuple[str, tuple[str, ...]]

MOMENTS: Mapping[str, Moment] = {
    "the revision is written": lambda record: record.highest == 2,
    "the stop is written": lambda record: record.open is not None and record.open.what == "stop",
    "the new attempt is written": lambda record: record.attempts == 2,
    "the new job is deployed": lambda record: record.attempts == 2 and record.open is None,
}
CASES: list[Case] = [
    ("the revision is written", ("up",)),
    ("the stop is written", ("refresh", "up")),
    ("the new attempt is written", ("up",)),
    ("the new job is deployed", ("refresh", "up")),
    ("the stop is written", ("destroy",)),
    ("the new attempt is written", ("destroy",)),
]


def name_of(case: Case) -> str:
    moment, then = case
    return f"when {moment}, then {' and '.join(then)}"


class Story:
    """One upgrade whose processes are killed, and what was done then."""

    def __init__(self, app: Application, case: Case) -> None:
        moment, then = case
        app.up()
        app.written("v1", 50)
        self.killed_ok = self._kill_at(app, MOMENTS[moment])
        app.stack.cancel()
        for operation in then:
            call = getattr(app.stack, operation)
            run = call(app.declare("stateful-v2")) if operation == "up" else call()
            assert run.ok, run.error
        self.record = app.record
        self.objects, self.pods = app.objects(), app.pods()
        self.report = check(app.output) if self.record.deleted else app.written("v2")
        if not self.record.deleted:
            app.stack.destroy()

    @staticmethod
    def _kill_at(app: Application, moment: Moment) -> bool:
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(app.stack.up, app.declare("stateful-v2"))
            until("the moment", 300, lambda: moment(app.record))
            for what in (PROVIDER, ENGINE):
                found = app.stack.processes(what)
                assert found, f"no {what} runs"
                for process in found:
                    app.stack.end(process)
            return run.result(timeout=300).ok


@pytest.fixture(scope="module")
def stories(
    kubeconfig: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, Future[Story]]]:
    """All cases that are asked for, two at a time."""
    asked = {item.name for item in request.session.items}
    cases = [case for case in CASES if any(name_of(case) in name for name in asked)]
    home: Path = tmp_path_factory.mktemp("engine")
    variables = engine_environment(home)

    def new_stack(name: str, kubeconfig: str) -> JobStack:
        return JobStack(home / name, ensure(), {**variables, "KUBECONFIG": kubeconfig}, name)

    with applications(Kubernetes(kubeconfig), NAMESPACE, new_stack) as new:
        apps = [new(f"app-{number}") for number in range(len(cases))]
        with ThreadPoolExecutor(2) as pool:
            yield {
                name_of(case): pool.submit(Story, app, case)
                for app, case in zip(apps, cases, strict=True)
            }


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_what_an_ended_engine_left_of_an_application_is_made_good(
    case: Case, stories: dict[str, Future[Story]]
) -> None:
    story = stories[name_of(case)].result()
    assert not story.killed_ok
    assert story.report.ok, str(story.report)
    assert story.record.open is None
    if case[1] == ("destroy",):
        assert story.record.deleted
        assert (story.objects, story.pods) == (set(), [])
    else:
        assert story.record.run is not None
        assert (story.record.phase, story.record.run.revision) == (Phase.STABLE, 2)
        parts = {part for name in story.objects for part in name.split("-")}
        assert {part for part in parts if re.fullmatch(r"r\d+", part)} == {"r2"}
