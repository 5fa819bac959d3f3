"""The revision of a session cluster that jobs leave: removed with the last that may need it."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.ledger import Ledger
from flink_components.plan.record import ClusterRecord, ClusterRevision, Phase
from tests.unit.doubles.world import NAMESPACE, Process, World, ref

ClusterLedger = Ledger[ClusterRecord]


@pytest.fixture
def cluster(world: World) -> ClusterLedger:
    """A cluster whose second revision is active, with two jobs on the first."""
    world.add_cluster("etl", 2)
    revisions = {
        str(number): ClusterRevision(
            fingerprint=str(number), service=f"etl-r{number}-rest", created_at=0.0
        )
        for number in (1, 2)
    }
    process = Process(world)
    api = process.shop.reach.api(None)
    ledger: ClusterLedger = Ledger(
        api, NAMESPACE, "payments/etl", "cluster", ClusterRecord, world.clock
    )
    ledger.create(ClusterRecord(key="payments/etl", revisions=revisions, active=2, highest=2))
    for name in ("a", "b"):
        process.anchor(f"payments/{name}")
        process.ensure(world.wish(key=f"payments/{name}", name=name, args=[name]))
    return ledger


def move(world: World, name: str) -> None:
    before = {"key": f"payments/{name}", "name": name, "args": [name]}
    Process(world).ensure(world.wish(**before, cluster=ref(revision=2)), world.wish(**before))


def left(ledger: ClusterLedger) -> list[str]:
    """The revisions that there are."""
    record = ledger.read()
    assert record is not None
    return sorted(record.revisions)


def test_the_last_job_that_leaves_takes_the_revision_along(
    world: World, cluster: ClusterLedger
) -> None:
    move(world, "a")
    assert left(cluster) == ["1", "2"]
    move(world, "b")
    assert left(cluster) == ["2"]


def test_a_job_that_is_stopped_and_may_come_back_keeps_it(
    world: World, cluster: ClusterLedger
) -> None:
    other = Process(world).ledger("payments/b")
    with other.lock("up of b") as held:
        held.commit(phase=Phase.UPGRADING)
        move(world, "a")
        assert left(cluster) == ["1", "2"]
