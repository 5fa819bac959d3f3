"""Room for the pods of a new revision is looked at before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flink_components.lifecycle.planning import plan_application
from flink_components.plan.plan import Plan
from flink_components.plan.room import Batch, Needs
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.world import NAMESPACE, Process

DECLARED = {"image": "fraud:1", "parallelism": 2}
POD = Needs(pods=1, millicores=1000, memory=1024**3)


@pytest.fixture
def world(tmp_path: Path) -> ApplicationWorld:
    return ApplicationWorld.running(tmp_path)


def quota(world: ApplicationWorld, **hard: str) -> None:
    names = {name.replace("_", "."): value for name, value in hard.items()}
    world.kube.put("ResourceQuota", NAMESPACE, "team", spec={}, status={"hard": names})


def node(world: ApplicationWorld, name: str, cpu: str, memory: str) -> None:
    world.kube.put(
        "Node",
        "",
        name,
        status={
            "allocatable": {"cpu": cpu, "memory": memory, "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    )


def planned(world: ApplicationWorld, number: int, **wished: Any) -> Plan:
    """With one JobManager, and as many TaskManagers of the same size as are made."""
    wish = world.wish_of(number, f"v{number}", **wished)
    return plan_application(
        Process(world).shop,
        wish,
        {**DECLARED, "image": f"fraud:{number}"},
        DECLARED,
        None,
        lambda task_managers: (
            Batch("JobManager", 1, POD),
            Batch("TaskManager", task_managers, POD),
        ),
    )


def test_an_upgrade_says_what_it_takes_of_a_quota(world: ApplicationWorld) -> None:
    quota(world, pods="10", requests_memory="8Gi")
    assert planned(world, 2).needs == (
        "3 CPU, 3 GiB, 3 pods beside r1; quota team leaves 10 of pods; "
        "quota team leaves 8 GiB of requests.memory"
    )


def test_without_a_quota_there_is_nothing_to_say(world: ApplicationWorld) -> None:
    assert planned(world, 2).needs == ""


def test_no_room_for_the_pods_is_refused_with_a_way_round(world: ApplicationWorld) -> None:
    quota(world, requests_cpu="2")
    assert planned(world, 2).refused == (
        "there is no room for the pods of revision 2: quota team leaves 2 CPU of requests.cpu, and "
        "they need 3 CPU: raise the quota, or give surge=False, with which the TaskManagers of the "
        "old revision end first"
    )


def test_without_surge_only_a_jobmanager_needs_room(world: ApplicationWorld) -> None:
    quota(world, requests_cpu="2")
    assert planned(world, 2, surge=False).needs.startswith("1 CPU, 1 GiB, 1 pod beside r1")


def test_no_way_round_is_offered_that_does_not_help(world: ApplicationWorld) -> None:
    quota(world, pods="0")
    assert str(planned(world, 2).refused).endswith("and they need 3: raise the quota")


def test_pods_that_an_earlier_up_has_made_are_in_the_quota_already(
    world: ApplicationWorld,
) -> None:
    world.make(2, "v2")
    quota(world, pods="0")
    assert planned(world, 2).headline == "RESTARTS WITH ITS STATE"


def test_what_needs_no_new_pods_needs_no_room(world: ApplicationWorld) -> None:
    quota(world, pods="0")
    assert planned(world, 1).refused is None


def test_what_no_node_has_room_for_is_said_and_not_refused(world: ApplicationWorld) -> None:
    node(world, "one", cpu="2", memory="4Gi")
    plan = planned(world, 2)
    assert (plan.headline, plan.refused) == ("RESTARTS WITH ITS STATE", None)
    assert plan.needs == (
        "3 CPU, 3 GiB, 3 pods beside r1; no node has room for 1 of the 2 TaskManagers (1 CPU, 1 "
        "GiB each) now: they wait until one has, and the job runs on until then; with surge=False "
        "only the JobManager needs room beside what runs"
    )


def test_no_way_round_is_offered_where_no_pod_has_room(world: ApplicationWorld) -> None:
    node(world, "one", cpu="500m", memory="4Gi")
    assert planned(world, 2).needs == (
        "3 CPU, 3 GiB, 3 pods beside r1; no node has room for the JobManager (1 CPU, 1 GiB) and "
        "the 2 TaskManagers (1 CPU, 1 GiB each) now: they wait until one has, and the job runs on "
        "until then"
    )


def test_nodes_with_room_are_no_news(world: ApplicationWorld) -> None:
    node(world, "one", cpu="2", memory="4Gi")
    node(world, "two", cpu="1", memory="4Gi")
    assert planned(world, 2).needs == ""


def test_a_first_start_without_room_waits(world: ApplicationWorld, tmp_path: Path) -> None:
    empty = ApplicationWorld(tmp_path / "empty")
    node(empty, "one", cpu="2", memory="4Gi")
    assert planned(empty, 1).needs == (
        "3 CPU, 3 GiB, 3 pods; no node has room for 1 of the 2 TaskManagers (1 CPU, 1 GiB each) "
        "now: they wait until one has"
    )


def test_who_may_not_list_nodes_is_told_nothing_of_them(world: ApplicationWorld) -> None:
    node(world, "one", cpu="0", memory="0")
    world.kube.forbidden = {"Node"}
    assert planned(world, 2).needs == ""


def test_who_may_not_list_pods_everywhere_is_told_nothing_of_nodes(
    world: ApplicationWorld,
) -> None:
    node(world, "one", cpu="0", memory="0")
    world.kube.forbidden = {"Pod"}
    assert planned(world, 2).needs == ""
