"""What proves that nothing of an attempt runs, by the ledger's claim and the pods alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flink_components.lifecycle.errors import StepFailed
from flink_components.lifecycle.standing import Down, LastWords, down
from flink_components.plan.record import Run
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.fake_application import stamp
from tests.unit.doubles.world import NAMESPACE, Process


@pytest.fixture
def world(tmp_path: Path) -> ApplicationWorld:
    return ApplicationWorld.running(tmp_path)


def the_run(world: ApplicationWorld) -> Run:
    run = world.record().run
    assert run is not None
    return run


def found(world: ApplicationWorld) -> Down | None:
    return down(Process(world).shop, the_run(world))


def container(world: ApplicationWorld) -> dict[str, Any]:
    status: dict[str, Any] = world.revisions[1].pod()["status"]["containerStatuses"][0]
    return status


def test_a_jvm_that_has_claimed_may_run_though_flink_does_not_answer(
    world: ApplicationWorld,
) -> None:
    world.revisions[1].flink.up = False
    assert found(world) is None


def test_a_container_that_started_after_the_claim_is_another_jvm(world: ApplicationWorld) -> None:
    world.revisions[1].exit(137)
    assert found(world) == Down("its JobManager ended with exit status 137")


@pytest.mark.parametrize("state", [{}, {"waiting": {"reason": "CrashLoopBackOff"}}])
def test_what_is_said_of_a_container_may_be_from_before_the_claim(
    world: ApplicationWorld, state: dict[str, Any]
) -> None:
    world.revisions[1].problem = "it does not start again"
    earlier = stamp(world.clock.now() - 600, digits=False)
    container(world)["state"] = state
    container(world)["lastState"] = {"terminated": {"exitCode": 170, "finishedAt": earlier}}
    assert found(world) is None


def test_a_container_that_ended_after_the_claim_is_that_jvm(world: ApplicationWorld) -> None:
    world.revisions[1].problem = "it does not start again"
    ended = {"exitCode": 2, "finishedAt": stamp(world.clock.now(), digits=False)}
    container(world)["state"] = {"terminated": ended}
    assert found(world) == Down("its JobManager ended with exit status 2")


def test_without_its_pod_or_any_pod_nothing_runs(world: ApplicationWorld) -> None:
    pod = world.revisions[1].pod()
    pod["metadata"]["uid"] = "another"
    assert found(world) == Down("the pod of its JobManager is gone")
    world.kube.objects[("Deployment", NAMESPACE, "fraud-r1-jobmanager")]["spec"]["replicas"] = 0
    assert found(world) == Down("no pod of its JobManager is there")


def test_a_claim_that_was_removed_by_hand_proves_nothing(world: ApplicationWorld) -> None:
    lease = next(body for (kind, _, _), body in world.kube.objects.items() if kind == "Lease")
    del lease["metadata"]["annotations"]["flink-components/claim"]
    world.revisions[1].exit(137)
    assert found(world) is None


def test_with_high_availability_a_jvm_that_ended_is_followed_by_another(
    world: ApplicationWorld, tmp_path: Path
) -> None:
    other = ApplicationWorld(tmp_path)
    other.ha = True
    other.up(Process(other), "v1")
    other.revisions[1].exit(137)
    assert down(Process(other).shop, the_run(other)) is None


def test_of_a_session_cluster_it_says_nothing_and_asks_nobody(world: ApplicationWorld) -> None:
    process = Process(world)
    run = the_run(world).model_copy(update={"cluster": {"key": "payments/etl", "revision": 1}})
    assert down(process.shop, run) is None
    assert process.wire.calls == []


FAILED = (
    "2027-01-15 08:00:01,000 INFO  o.a.f.Dispatcher [] - Job {} reached terminal state FAILED.\n"
    "x.JobInitializationException: Could not start the JobMaster.\n\tat x.Y(Z.java:1)\n"
    "Caused by: java.lang.IllegalStateException: Cannot map savepoint state.\n\tat x.Y(Z.java:1)\n"
    "2027-01-15 08:00:01,100 INFO  o.a.f.X [] - Stopping.\nCaused by: x.Other: harmless\n"
)


@pytest.mark.parametrize("ha", [False, True])
def test_a_job_that_has_failed_is_known_before_its_jvm_has_ended(
    world: ApplicationWorld, ha: bool
) -> None:
    run = the_run(world).model_copy(update={"ha": ha})
    jobmanager = world.revisions[1].pod()["metadata"]["name"]
    world.kube.logs[(NAMESPACE, jobmanager, False)] = FAILED.format(run.job_id)
    with pytest.raises(StepFailed, match=r"^IllegalStateException: Cannot map savepoint state\.$"):
        LastWords(Process(world).shop, run).listen()


def test_a_failure_of_an_earlier_attempt_is_not_that_of_this_one(world: ApplicationWorld) -> None:
    jobmanager = world.revisions[1].pod()["metadata"]["name"]
    world.kube.logs[(NAMESPACE, jobmanager, True)] = FAILED.format("e" * 32)
    LastWords(Process(world).shop, the_run(world)).listen()
