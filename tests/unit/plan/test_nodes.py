"""Room on nodes, as far as requests, taints and labels say."""

from __future__ import annotations

from typing import Any

from flink_components.plan.nodes import unplaced
from flink_components.plan.room import Batch, Needs

GIBI = 1024**3
READY = [{"type": "Ready", "status": "True"}]


def node(name: str, memory: str = "4Gi", pods: str = "110", **more: Any) -> dict[str, Any]:
    allocatable = {"cpu": "4", "memory": memory, "pods": pods}
    return {
        "metadata": {"name": name, "labels": more.pop("labels", {})},
        "spec": more.pop("spec", {}),
        "status": {"allocatable": allocatable, "conditions": READY, **more},
    }


def pod(on: str, memory: str, phase: str = "Running", **spec: Any) -> dict[str, Any]:
    containers = [{"resources": {"requests": {"cpu": "500m", "memory": memory}}}]
    return {"spec": {"nodeName": on, "containers": containers, **spec}, "status": {"phase": phase}}


def batch(count: int = 1, gibibytes: int = 2, **more: Any) -> Batch:
    return Batch("TaskManager", count, Needs(1, 500, gibibytes * GIBI), **more)


def left_over(nodes: list[Any], pods: list[Any], *batches: Batch) -> list[str]:
    return [str(one) for one in unplaced(nodes, pods, batches)]


def test_pods_share_the_nodes() -> None:
    assert left_over([node("a"), node("b")], [], batch(4)) == []
    assert left_over([node("a"), node("b")], [], batch(6)) == [
        "2 of the 6 TaskManagers (0.5 CPU, 2 GiB each)"
    ]


def test_the_sum_of_what_is_left_here_and_there_is_no_room_for_one_pod() -> None:
    pods = [pod("a", "2Gi"), pod("b", "2Gi")]
    assert left_over([node("a"), node("b")], pods, batch(gibibytes=3)) == [
        "the TaskManager (0.5 CPU, 3 GiB)"
    ]


def test_a_large_pod_is_placed_before_small_ones_take_its_room() -> None:
    assert left_over([node("a"), node("b")], [], batch(2, 2), batch(1, 4)) == []


def test_pods_that_have_ended_take_no_room() -> None:
    assert left_over([node("a")], [pod("a", "4Gi", "Succeeded")], batch()) == []
    assert left_over([node("a")], [pod("a", "4Gi", "Running")], batch()) != []


def test_a_container_that_runs_before_the_others_counts_where_it_asks_for_more() -> None:
    before = [{"resources": {"requests": {"memory": "3Gi"}}}]
    assert left_over([node("a")], [pod("a", "1Gi", initContainers=before)], batch()) != []
    beside = [{**before[0], "restartPolicy": "Always"}]
    assert left_over([node("a", "6Gi")], [pod("a", "2Gi", initContainers=beside)], batch()) != []


def test_each_pod_takes_one_of_those_that_a_node_may_have() -> None:
    assert left_over([node("a", pods="2")], [pod("a", "1Gi")], batch(2, 1)) == [
        "1 of the 2 TaskManagers (0.5 CPU, 1 GiB each)"
    ]


def test_a_node_that_takes_no_pods_has_no_room() -> None:
    cordoned = node("a", spec={"unschedulable": True})
    away = node("b", conditions=[{"type": "Ready", "status": "Unknown"}])
    full = node("c", memory="1Gi")
    assert left_over([cordoned, away, full], [], batch()) != []


def test_a_taint_keeps_pods_away_that_do_not_tolerate_it() -> None:
    tainted = [node("a", spec={"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]})]
    assert left_over(tainted, [], batch()) != []
    for toleration in (
        {"key": "gpu", "operator": "Exists"},
        {"operator": "Exists"},
        {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
    ):
        assert left_over(tainted, [], batch(tolerations=[toleration])) == []
    other = {"key": "gpu", "value": "no"}
    assert left_over(tainted, [], batch(tolerations=[other])) != []
    preferred = [node("a", spec={"taints": [{"key": "gpu", "effect": "PreferNoSchedule"}]})]
    assert left_over(preferred, [], batch()) == []


def test_only_nodes_with_the_wished_labels_count() -> None:
    nodes = [node("a"), node("b", memory="1Gi", labels={"disk": "ssd"})]
    assert left_over(nodes, [], batch(node_selector={"disk": "ssd"})) != []
    assert left_over(nodes, [], batch(1, 1, node_selector={"disk": "ssd"})) == []


def test_where_no_node_is_known_nothing_is_said() -> None:
    assert left_over([], [], batch()) == []
