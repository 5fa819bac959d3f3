"""ConfigMaps of Flink's high availability go with the revision that wrote them, not before."""

from __future__ import annotations

import pytest

from flink_components.kube.objects import labels
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.session_cluster import release_cluster, remove_old_revisions
from flink_components.plan.record import ClusterRecord, ClusterRevision, Owner
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from tests.unit.doubles.world import NAMESPACE, OWNER, Process, World, ref

ClusterLedger = Ledger[ClusterRecord]


@pytest.fixture
def cluster(world: World) -> ClusterLedger:
    """A cluster whose second revision is active; both have metadata of high availability."""
    world.add_cluster("etl", 2)
    for number in (1, 2):
        for end in ("cluster-config-map", f"{'1' * 32}-config-map"):
            metadata(world, f"etl-r{number}-ha", f"etl-r{number}-ha-{end}")
    metadata(world, "other-r1-ha", "other-r1-ha-cluster-config-map")
    revisions = {
        str(number): ClusterRevision(
            fingerprint=str(number), service=f"etl-r{number}-rest", created_at=0.0
        )
        for number in (1, 2)
    }
    api = Process(world).shop.reach.api(None)
    ledger: ClusterLedger = Ledger(
        api, NAMESPACE, "payments/etl", "cluster", ClusterRecord, world.clock
    )
    record = ClusterRecord(
        key="payments/etl", owner=OWNER, revisions=revisions, active=2, highest=2
    )
    ledger.create(record)
    return ledger


def metadata(world: World, cluster_id: str, name: str) -> None:
    """As Flink writes it."""
    written = {"app": cluster_id, "type": "flink-native-kubernetes"}
    world.kube.put("ConfigMap", NAMESPACE, name, labels=written)


def left(world: World) -> list[str]:
    return [name for name in world.kube.names("ConfigMap", NAMESPACE) if "-ha-" in name]


def remove_old(world: World, ledger: ClusterLedger) -> list[str]:
    with ledger.lock("test") as held:
        active = load(ClusterRef, ref(revision=2))
        return remove_old_revisions(Process(world).shop, held, ledger, active)


OF_THE_SECOND = ["etl-r2-ha-" + "1" * 32 + "-config-map", "etl-r2-ha-cluster-config-map"]
OF_ANOTHER = ["other-r1-ha-cluster-config-map"]


def test_only_that_of_the_removed_revision_goes(world: World, cluster: ClusterLedger) -> None:
    assert remove_old(world, cluster) == []
    assert left(world) == OF_THE_SECOND + OF_ANOTHER


def test_a_job_that_runs_keeps_it(world: World, cluster: ClusterLedger) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish())
    assert remove_old(world, cluster) == ["r1 stays, with org.acme.Fraud"]
    assert len(left(world)) == 5


def test_a_job_manager_that_does_not_end_would_write_it_again(
    world: World, cluster: ClusterLedger
) -> None:
    pod = labels.identity("session-cluster", "payments/etl", 1, "jobmanager")
    world.kube.put("Pod", NAMESPACE, "etl-r1-jobmanager-x", labels=pod)
    assert remove_old(world, cluster) == ["r1 stays for now, since its pods do not end"]
    assert len(left(world)) == 5
    del world.kube.objects[("Pod", NAMESPACE, "etl-r1-jobmanager-x")]
    assert remove_old(world, cluster) == []
    assert left(world) == OF_THE_SECOND + OF_ANOTHER


def test_a_map_of_the_same_label_and_another_name_is_left_alone(
    world: World, cluster: ClusterLedger
) -> None:
    metadata(world, "etl-r1-ha", "made-by-hand-ha-map")
    remove_old(world, cluster)
    assert "made-by-hand-ha-map" in left(world)


def test_a_destroyed_cluster_leaves_none(world: World, cluster: ClusterLedger) -> None:
    names = ("key", "namespace", "name", "flink_version")
    refs = {name: ref()[name] for name in names}
    said = release_cluster(Process(world).shop, cluster, Owner(**OWNER.model_dump()), refs)
    assert (said, left(world)) == ("removed", OF_ANOTHER)
