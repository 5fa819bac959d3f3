"""Ten applications in one `up`, one of them broken: each is down for its own upgrade, no longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from examples.jobs.check import Report
from flink_components import ApplicationDeployment
from flink_components.plan.record import Phase, Record
from tests.cluster.applications import Application, applications, environment
from tests.cluster.stacks import JobStack, NewStack
from tests.conformance.lab import Program, Run
from tests.lifecycle.kubernetes import Kubernetes

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.engine,
    pytest.mark.faults_alone,
    pytest.mark.timeout(1800),
]

NAMESPACE = "test-applications-at-once"
NAMES = [f"app-{number}" for number in range(10)]
BROKEN, *GOOD = NAMES
BROKEN_FOR = "60 s"
_DOWN = ("stop", "go", "run", "stable")
# Twenty JobManagers and TaskManagers beside one another, twice in an upgrade.
SMALL: dict[str, Any] = {
    "job_manager": {"cpu": "20m", "memory": "520Mi"},
    "task_manager": {"cpu": "20m", "memory": "620Mi", "slots": 1},
    "ready_within": "15 min",
}
CONFIG = {
    "jobmanager.memory.jvm-metaspace.size": "128m",
    "jobmanager.memory.jvm-overhead.min": "64m",
    "jobmanager.memory.off-heap.size": "64m",
    "taskmanager.memory.jvm-metaspace.size": "128m",
    "taskmanager.memory.jvm-overhead.min": "64m",
    "taskmanager.memory.framework.heap.size": "64m",
    "taskmanager.memory.framework.off-heap.size": "64m",
    "taskmanager.memory.network.min": "32m",
    "taskmanager.memory.network.max": "32m",
    "taskmanager.memory.managed.size": "16m",
}


@dataclass
class Story:
    """What became of each application in an `up` with a broken one, and in the one after that."""

    broken: Run
    records: dict[str, Record] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    mended: dict[str, Record] = field(default_factory=dict)
    mended_reports: dict[str, Report] = field(default_factory=dict)

    @property
    def upgraded(self) -> list[str]:
        """The good ones whose turn came before the engine knew that another one has failed."""
        runs = {name: self.records[name].run for name in GOOD}
        return [name for name, run in runs.items() if run is not None and run.revision == 2]

    def down_for(self, name: str) -> float:
        """Milliseconds from the stop of its own switch to its end."""
        switch = self.records[name].last_switch
        assert switch is not None
        return 1000 * sum(switch.steps[step] for step in _DOWN)


def declare(apps: list[Application], jar: str, broken: str) -> Program:
    """All of them, with one jar but for the broken one."""
    env = environment(NAMESPACE, apps[0].kubernetes.kubeconfig, apps[0].version).but(config=CONFIG)

    def program() -> None:
        for app in apps:
            is_broken = app.name == BROKEN
            args = app.arguments(broken if is_broken else jar, **SMALL)
            args["deadlines"] = {"stable": BROKEN_FOR if is_broken else "10 min"}
            ApplicationDeployment(app.name, args, env=env)  # type: ignore[arg-type]

    return program


def made(kubernetes: Kubernetes, stack: JobStack) -> list[Application]:
    return [Application(name, NAMESPACE, kubernetes, stack) for name in NAMES]


@pytest.fixture(scope="module")
def story(kubeconfig: str, new_stack: NewStack) -> Iterator[Story]:
    kubernetes = Kubernetes(kubeconfig)
    with applications(kubernetes, NAMESPACE, new_stack):
        stack = new_stack("applications-at-once")
        apps = made(kubernetes, stack)
        created = stack.up(declare(apps, "stateful-v1", "stateful-v1"))
        assert created.ok, created.error
        for app in apps:
            app.written("v1")
        told = Story(stack.up(declare(apps, "stateful-v2", "stateful-v4")))
        for app in apps:
            told.records[app.name] = record = app.record
            assert record.run is not None
            told.reports[app.name] = app.goes_on(f"v{record.run.revision}")
        mended = stack.up(declare(apps, "stateful-v2", "stateful-v2"))
        assert mended.ok, mended.error
        for app in apps:
            told.mended[app.name] = app.record
            told.mended_reports[app.name] = app.written("v2")
        yield told
        destroyed = stack.destroy()
        assert destroyed.ok, destroyed.error


def test_the_broken_one_runs_its_old_program_again(story: Story) -> None:
    record = story.records[BROKEN]
    assert not story.broken.ok
    assert record.run is not None
    assert (record.run.revision, record.phase) == (1, Phase.ROLLED_BACK)
    assert list(story.reports[BROKEN].versions) == ["v1"]


def test_the_good_ones_are_down_for_no_longer_than_their_own_switch(story: Story) -> None:
    longest = {name: story.reports[name].longest_silence_ms for name in story.upgraded}
    assert len(longest) >= len(GOOD) // 3
    assert {name: ms for name, ms in longest.items() if ms > story.down_for(name)} == {}


def test_none_waits_for_the_broken_one(story: Story) -> None:
    broken = story.records[BROKEN]
    assert broken.restore is not None
    meanwhile = [
        name
        for name in story.upgraded
        if (switch := story.records[name].last_switch)
        and broken.restore.at < switch.at < (broken.since or 0)
    ]
    assert meanwhile != []
    silences = [story.reports[name].longest_silence_ms for name in GOOD]
    assert max(silences) < story.reports[BROKEN].longest_silence_ms


def test_one_whose_turn_did_not_come_runs_as_before(story: Story) -> None:
    for name in set(GOOD) - set(story.upgraded):
        record = story.records[name]
        assert record.run is not None
        assert (record.run.attempt, record.phase) == (1, Phase.STABLE)


def test_the_next_up_with_a_mended_program_upgrades_what_is_left(story: Story) -> None:
    runs = {name: story.mended[name].run for name in NAMES}
    assert {story.mended[name].phase for name in NAMES} == {Phase.STABLE}
    assert all(run is not None and run.revision >= 2 for run in runs.values())


def test_of_none_anything_is_lost_or_there_twice(story: Story) -> None:
    wrong = {
        name: str(report)
        for reports in (story.reports, story.mended_reports)
        for name, report in reports.items()
        if not report.ok
    }
    assert wrong == {}
