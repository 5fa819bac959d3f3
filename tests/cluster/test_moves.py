"""A session cluster is upgraded under three jobs, one of which can not follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from examples.jobs.jars import build
from flink_components import SessionCluster, SessionJob
from flink_components.lifecycle.ledger import Ledger
from flink_components.plan.record import Phase, Record
from tests.cluster.conftest import NewStack
from tests.cluster.ground import counting, environment, namespace_with_volume, volume
from tests.conformance.lab import Program, Run, Stack
from tests.lifecycle.kubernetes import Kubernetes, until
from tests.output import written

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

NAMESPACE = "test-moves"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
JOBS = ("first", "second", "third")
BEFORE = dict.fromkeys(JOBS, "stateful-v1")
# the type of its state is another one
CAN_NOT_FOLLOW = {**BEFORE, "second": "stateful-v4"}
MENDED = {**BEFORE, "second": "stateful-v2"}
CHANGED = {"web.timeout": "90000"}
Standing = dict[str, tuple[Phase, int]]


@dataclass
class Story:
    """What each step did, and where the jobs stood after it: state, and revision of the cluster."""

    kubernetes: Kubernetes
    stack: Stack
    runs: dict[str, Run] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    revisions: dict[str, set[str]] = field(default_factory=dict)

    def tell(self, step: str, run: Run) -> None:
        self.runs[step] = run
        self.standing[step] = {job: self.stands(job) for job in JOBS}
        self.revisions[step] = self.deployments()

    def stands(self, job: str) -> tuple[Phase, int]:
        record = self.record(job)
        assert record.run is not None
        return record.phase, int(record.run.cluster["revision"])

    def record(self, job: str) -> Record:
        key = f"{NAMESPACE}/{job}"
        found = Ledger(self.kubernetes.api, NAMESPACE, key, "job", Record).read()
        assert found is not None
        return found

    def needs_the_cluster(self, job: str) -> Ledger[Record]:
        """The ledger of a job of another stack, which is just being upgraded on this cluster."""
        key = f"{NAMESPACE}/{job}"
        ledger = Ledger(self.kubernetes.api, NAMESPACE, key, "job", Record)
        ledger.create(Record(key=key, phase=Phase.UPGRADING, run=self.record(JOBS[0]).run))
        return ledger

    def deployments(self) -> set[str]:
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
        items = self.kubernetes.call("GET", path)["items"]
        there = [item["metadata"] for item in items]
        return {meta["name"] for meta in there if "deletionTimestamp" not in meta}


def program(kubeconfig: str, jars: dict[str, str], config: dict[str, str]) -> Program:
    def declare() -> None:
        env = environment(NAMESPACE, kubeconfig, slots=4)
        cluster = SessionCluster("main", {"config": config}, env=env)  # type: ignore[arg-type]
        for job in JOBS:
            given = {"cluster": cluster, **counting(job, str(build()[jars[job]]))}
            SessionJob(job, {**given, "deadlines": {"stable": "1 min"}})  # type: ignore[arg-type]

    return declare


@pytest.fixture(scope="module")
def story(kubeconfig: str, new_stack: NewStack) -> Iterator[Story]:
    kubernetes = Kubernetes(kubeconfig)
    with namespace_with_volume(kubernetes, NAMESPACE):
        told = Story(kubernetes, new_stack("moves"))
        first = told.stack.up(program(kubeconfig, BEFORE, {}))
        assert first.ok, first.error
        until("the volume's folder", 30, volume(NAMESPACE).is_dir)
        for job in JOBS:
            written(volume(NAMESPACE) / "output" / job, "v1", 20)
        told.tell("before", first)
        told.tell("failed", told.stack.up(program(kubeconfig, CAN_NOT_FOLLOW, CHANGED)))
        told.tell("mended", told.stack.up(program(kubeconfig, MENDED, CHANGED)))
        other = told.needs_the_cluster("other")
        told.tell("refused", told.stack.destroy())
        kubernetes.call("DELETE", f"{LEASES}/{other.name}")
        yield told
        done = told.stack.destroy()
        assert done.ok, done.error


def test_jobs_that_can_follow_move_to_the_new_revision(story: Story) -> None:
    assert story.standing["before"] == dict.fromkeys(JOBS, (Phase.STABLE, 1))
    failed = story.standing["failed"]
    assert (failed["first"], failed["third"]) == ((Phase.STABLE, 2), (Phase.STABLE, 2))


def test_one_that_can_not_runs_again_where_it_was(story: Story) -> None:
    assert story.standing["failed"]["second"] == (Phase.ROLLED_BACK, 1)
    assert "must not be incompatible" in story.runs["failed"].error


def test_the_old_revision_stays_as_long_as_a_job_runs_on_it(story: Story) -> None:
    both = {f"main-r{n}-{part}" for n in (1, 2) for part in ("jobmanager", "taskmanager")}
    assert story.revisions["failed"] == both


def test_with_a_mended_program_it_follows_and_the_old_revision_goes(story: Story) -> None:
    assert story.runs["mended"].ok, story.runs["mended"].error
    assert story.standing["mended"] == dict.fromkeys(JOBS, (Phase.STABLE, 2))
    assert story.revisions["mended"] == {"main-r2-jobmanager", "main-r2-taskmanager"}


def test_a_cluster_that_another_job_may_start_on_again_is_not_destroyed(story: Story) -> None:
    refused = story.runs["refused"].error
    assert "is needed by test-moves/other (UPGRADING), which may start there again" in refused
    assert story.revisions["refused"] == {"main-r2-jobmanager", "main-r2-taskmanager"}


def test_a_job_that_had_moved_already_is_left_alone(story: Story) -> None:
    assert [story.record(job).attempts for job in ("first", "third")] == [2, 2]


@pytest.mark.parametrize("job", JOBS)
def test_none_has_lost_or_repeated_a_record(story: Story, job: str) -> None:
    assert story.runs["mended"].ok
    last = "v2" if job == "second" else "v1"
    report = written(volume(NAMESPACE) / "output" / job, last, 20)
    assert report.ok, str(report)
