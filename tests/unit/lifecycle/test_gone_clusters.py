"""A job whose cluster is gone for good goes on elsewhere: only where that is proven."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flink_components.kube.objects import labels
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.planning import plan
from flink_components.plan.record import Phase
from tests.unit.doubles.world import NAMESPACE, Process, World, ref

LABELS = labels.identity(labels.SESSION_CLUSTER, "payments/etl", 1)
LAST_STATE = {"upgrade_mode": "last_state"}


def here(world: World) -> dict[str, Any]:
    """The cluster of the job, with the uid of its Service."""
    service = world.kube.objects[("Service", NAMESPACE, "etl-r1-rest")]
    return {**ref(), "uid": service["metadata"]["uid"]}


def elsewhere(world: World) -> dict[str, Any]:
    if (NAMESPACE, "new-r1-rest") not in world.clusters:
        world.add_cluster("new", 1)
    return ref("new")


def run(world: World, **changes: Any) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(**{"cluster": here(world), **changes}))
    world.advance(5)


def lose(world: World, *options: str) -> None:
    """Nothing is left of the cluster but its Service and its configuration."""
    world.kube.put(
        "ConfigMap", NAMESPACE, "etl", labels=LABELS, data={"config.yaml": "\n".join(options)}
    )
    world.flink.restart()
    world.flink.up = False


def lost(world: World, storage: Path, *options: str) -> str:
    """A job that is lost with its cluster; its latest checkpoint."""
    world.flink.keep_checkpoints_in(storage)
    run(world)
    left = world.flink.checkpoint(world.the_job().id).path
    lose(world, f"execution.checkpointing.dir: 'file:{storage}'", *options)
    return left


def move(world: World, **changes: Any) -> None:
    before, wish = world.wish(cluster=here(world)), world.wish(cluster=elsewhere(world), **changes)
    Process(world).ensure(wish, before)


def test_under_last_state_it_goes_on_elsewhere_from_the_highest_checkpoint(
    world: World, tmp_path: Path
) -> None:
    left = lost(world, tmp_path)
    move(world, **LAST_STATE)
    assert world.record().phase is Phase.STABLE
    assert (world.the_job().restored, world.storage.violations) == (left, [])


def test_a_preview_names_the_checkpoint(world: World, tmp_path: Path) -> None:
    left = lost(world, tmp_path)
    wish = world.wish(cluster=elsewhere(world), **LAST_STATE)
    found = plan(Process(world).shop, wish, None)
    assert (found.headline, found.refused) == ("STARTS AGAIN", None)
    assert left in str(found.restore)
    assert "the job is lost with its cluster" in found.why


def test_a_job_that_stays_on_the_lost_cluster_waits_for_it(world: World, tmp_path: Path) -> None:
    lost(world, tmp_path)
    wish = world.wish(cluster=here(world), **LAST_STATE)
    found = plan(Process(world).shop, wish, wish.spec.model_dump(mode="json"))
    assert found.headline == "UNKNOWN"
    with pytest.raises(Refused, match="can't be reached, so nobody knows whether"):
        Process(world).ensure(wish, wish)


def test_under_savepoint_it_is_refused_and_said_how_it_can_go_on(
    world: World, tmp_path: Path
) -> None:
    left = lost(world, tmp_path)
    with pytest.raises(Refused, match=f"is lost with its cluster, .* {left}, .* choose upgrade"):
        move(world)
    assert world.active() == []


def test_a_suspended_job_resumes_elsewhere(world: World) -> None:
    run(world)
    Process(world).ensure(world.wish(cluster=here(world), state="suspended"))
    point = world.record().restore
    lose(world)
    move(world)
    assert point is not None
    assert world.the_job().restored == point.path


def test_a_stateless_job_begins_anew_elsewhere(world: World) -> None:
    run(world, upgrade_mode="stateless")
    lose(world)
    move(world, upgrade_mode="stateless")
    assert world.the_job().restored is None


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("high-availability.type: kubernetes", r"high availability \(kubernetes\) may bring"),
        ("high-availability: zookeeper", r"high availability \(zookeeper\) may bring"),
        ("high-availability:\n  type: kubernetes", r"high availability \(of some kind\) may"),
    ],
)
def test_with_high_availability_it_is_refused(
    world: World, tmp_path: Path, config: str, why: str
) -> None:
    lost(world, tmp_path, config)
    with pytest.raises(Refused, match=why):
        move(world, **LAST_STATE)
    assert world.active() == []


def test_without_high_availability_by_name_it_goes_on(world: World, tmp_path: Path) -> None:
    lost(world, tmp_path, "# high-availability: zookeeper", "high-availability.type: NONE")
    move(world, **LAST_STATE)
    assert len(world.active()) == 1


def test_while_a_pod_of_it_is_there_it_is_refused(world: World, tmp_path: Path) -> None:
    lost(world, tmp_path)
    world.kube.put("Pod", NAMESPACE, "etl-r1-taskmanager-0", labels=LABELS)
    with pytest.raises(Refused, match="of its pods there are etl-r1-taskmanager-0"):
        move(world, **LAST_STATE)
    assert world.active() == []


def test_without_its_configuration_it_is_refused(world: World, tmp_path: Path) -> None:
    lost(world, tmp_path)
    del world.kube.objects[("ConfigMap", NAMESPACE, "etl")]
    with pytest.raises(Refused, match="its ConfigMap is gone, so nobody knows whether it is high"):
        move(world, **LAST_STATE)
    assert world.active() == []


def test_on_what_may_be_another_kubernetes_cluster_it_is_refused(
    world: World, tmp_path: Path
) -> None:
    lost(world, tmp_path)
    world.kube.objects[("Service", NAMESPACE, "etl-r1-rest")]["metadata"]["uid"] = "another"
    with pytest.raises(Refused, match="can't be reached, so nobody knows whether"):
        move(world, **LAST_STATE)
    assert world.active() == []


def test_without_the_uid_of_its_service_it_is_refused(world: World, tmp_path: Path) -> None:
    world.flink.keep_checkpoints_in(tmp_path)
    run(world, cluster=ref())
    lose(world)
    with pytest.raises(Refused, match="the uid of its Service is not known"):
        move(world, **LAST_STATE)
    assert world.active() == []
