"""The removal of a whole session cluster: never below a job that runs there, or is about to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.session_cluster import anchor_cluster, release_cluster
from flink_components.plan.record import ClusterRecord, ClusterRevision, Owner, Phase
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Call, Fault, Killed
from tests.unit.doubles.world import NAMESPACE, Process, World, calls_to, ref
from tests.unit.lifecycle.scenarios import running

CLUSTER = "payments/etl"
OF_ANOTHER_STACK = Owner(stack="acme/platform/prod", urn="urn:pulumi:prod::platform::etl")
MAY_START_AGAIN = (
    "session cluster payments/etl r1 is needed by payments/fraud ({}), which may start there "
    "again: let its `pulumi up` come to its end, or suspend or destroy it, first"
)


@pytest.fixture(autouse=True)
def cluster(world: World) -> Ledger[ClusterRecord]:
    """The ledger of a cluster of another stack than that of the job, with one revision."""
    api = Process(world).shop.reach.api(None)
    ledger = Ledger(api, NAMESPACE, CLUSTER, "cluster", ClusterRecord, world.clock)
    anchor_cluster(ledger, OF_ANOTHER_STACK)
    with ledger.lock("test") as held:
        revision = ClusterRevision(fingerprint="1", service="etl-r1-rest", created_at=0.0)
        held.commit(revisions={"1": revision}, active=1, highest=1)
    return ledger


def remove(world: World, process: Process | None = None) -> str:
    """What `pulumi destroy` does with the cluster."""
    process = process or Process(world)
    api = process.shop.reach.api(None)
    ledger = Ledger(api, NAMESPACE, CLUSTER, "cluster", ClusterRecord, world.clock)
    names = ("key", "namespace", "name", "flink_version")
    return release_cluster(
        process.shop, ledger, OF_ANOTHER_STACK, {name: ref()[name] for name in names}
    )


def killed_before_its_start(world: World) -> None:
    """An upgrade whose process died between the stop and the start."""
    running(world)
    victim = Process(world)
    victim.inject(Fault.KILLED_BEFORE, calls_to("POST", "/run"))
    with pytest.raises(Killed):
        victim.ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    assert world.active() == []


def test_a_cluster_without_jobs_is_removed(world: World, cluster: Ledger[ClusterRecord]) -> None:
    assert remove(world) == "removed"
    record = cluster.read()
    assert record is not None
    assert (record.deleted, record.revisions, record.active) == (True, {}, None)


def test_a_job_that_runs_there_keeps_it(world: World, cluster: Ledger[ClusterRecord]) -> None:
    running(world)
    with pytest.raises(Refused) as error:
        remove(world)
    assert str(error.value) == (
        "session cluster payments/etl r1 still runs org.acme.Fraud: stop or move them first"
    )
    assert cluster.read().revisions  # type: ignore[union-attr]


def test_a_job_between_its_stop_and_its_start_keeps_it(
    world: World, cluster: Ledger[ClusterRecord]
) -> None:
    killed_before_its_start(world)
    with pytest.raises(Refused) as error:
        remove(world)
    assert str(error.value) == MAY_START_AGAIN.format("UPGRADING")
    assert cluster.read().revisions  # type: ignore[union-attr]
    Process(world).ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest


def test_a_job_that_is_down_after_a_failed_way_back_keeps_it(world: World) -> None:
    running(world)
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(refuses="x.No: not now")
    with pytest.raises(StepFailed):
        Process(world).ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    with pytest.raises(Refused) as error:
        remove(world)
    assert str(error.value) == MAY_START_AGAIN.format("FAILED")


def test_a_job_that_may_be_taken_back_from_another_cluster_keeps_it(world: World) -> None:
    running(world)
    world.add_cluster("other", 1)
    victim = Process(world)
    victim.inject(Fault.KILLED_AFTER, calls_to("POST", "/run"))
    with pytest.raises(Killed):
        victim.ensure(world.wish(cluster=ref("other")), world.wish())
    with Process(world).ledger().lock("up of payments/fraud") as held:
        held.commit(phase=Phase.DEPLOYED, open=None)
    with pytest.raises(Refused) as error:
        remove(world)
    assert str(error.value) == MAY_START_AGAIN.format("DEPLOYED")


def test_a_job_that_starts_while_its_ledger_is_read_keeps_it(world: World) -> None:
    killed_before_its_start(world)

    def meanwhile(call: Call) -> bool:
        if call.path.endswith("/leases") and not world.active():
            Process(world).ensure(world.wish(jar=world.jar(entries="2")), world.wish())
        return False

    process = Process(world)
    process.inject(Fault.REFUSED, meanwhile)
    with pytest.raises(Refused, match=r"still runs org\.acme\.Fraud: stop or move them first"):
        remove(world, process)
    assert len(world.active()) == 1


def suspended(world: World) -> None:
    Process(world).ensure(world.wish(state="suspended"), world.wish())


def cancelled(world: World) -> None:
    Process(world).ensure(world.wish(state="cancelled"), world.wish())


def deleted(world: World) -> None:
    Process(world).release(world.wish())


def finished(world: World) -> None:
    world.flink.finish(world.the_job().id)


def lost(world: World) -> None:
    world.flink.restart()


def moved(world: World) -> None:
    world.add_cluster("other", 1)
    Process(world).ensure(world.wish(cluster=ref("other")), world.wish())


@pytest.mark.parametrize("end", [suspended, cancelled, deleted, finished, lost, moved])
def test_a_job_that_does_not_come_back_by_itself_does_not_keep_it(
    world: World, end: Callable[[World], None]
) -> None:
    running(world)
    end(world)
    assert remove(world) == "removed"


@pytest.mark.parametrize("end", [suspended, deleted])
def test_a_job_whose_upgrade_died_does_not_keep_it_once_it_is_put_away(
    world: World, end: Callable[[World], None]
) -> None:
    killed_before_its_start(world)
    end(world)
    assert remove(world) == "removed"


def test_where_someone_deleted_its_service_the_cluster_is_removed_whatever_ledgers_say(
    world: World,
) -> None:
    killed_before_its_start(world)
    del world.kube.objects[("Service", NAMESPACE, "etl-r1-rest")]
    assert remove(world) == "removed"
