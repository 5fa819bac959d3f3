"""A job that someone else has started is taken under management."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.planning import plan
from flink_components.lifecycle.starting import job_id_of
from flink_components.plan.record import Adopted, Phase
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Call, Fault, Killed
from tests.unit.doubles.world import KEY, Process, World, calls_to

BY_HAND, OTHER = "b" * 32, "c" * 32
BY_ID = {"adopt": {"job_id": BY_HAND}}
BY_NAME = {"adopt": {"name": "org.acme.Fraud"}}


def running_by_hand(world: World, job_id: str = BY_HAND, **changes: Any) -> None:
    world.flink.run_by_hand(job_id, **changes)
    world.advance(5)


def adopt(world: World, **changes: Any) -> Process:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(**{**BY_ID, **changes}))
    return process


def refused(world: World, **changes: Any) -> str:
    with pytest.raises(Refused) as error:
        adopt(world, **changes)
    assert world.record().run is None
    found = plan(Process(world).shop, world.wish(**{**BY_ID, **changes}), None)
    assert (found.headline, found.refused) == ("REFUSED", str(error.value))
    return str(error.value)


@pytest.mark.parametrize("by", [BY_ID, BY_NAME])
def test_it_runs_on_as_the_first_revision(world: World, by: dict[str, Any]) -> None:
    running_by_hand(world)
    process = adopt(world, **by)
    record = world.record()
    assert record.run is not None
    assert (record.run.job_id, record.run.revision, record.run.attempt) == (BY_HAND, 1, 1)
    assert (record.attempts, record.phase, record.open) == (1, Phase.STABLE, None)
    assert record.adopted == Adopted(job_id=BY_HAND, name="org.acme.Fraud")
    assert [c.path for c in process.wire.calls if c.path.endswith(("/run", "/stop"))] == []
    assert f"adopted {BY_HAND} (org.acme.Fraud), which runs on" in process.said


@pytest.mark.parametrize("by", [BY_ID, BY_NAME, {"adopt": None}])
def test_a_later_up_does_nothing(world: World, by: dict[str, Any]) -> None:
    running_by_hand(world)
    adopt(world)
    before = world.record()
    adopt(world, **by)
    assert world.record() == before


@pytest.mark.parametrize("by", [BY_ID, BY_NAME])
def test_the_next_change_is_an_upgrade_with_its_state_under_a_new_job_id(
    world: World, by: dict[str, Any]
) -> None:
    running_by_hand(world)
    adopt(world, **by)
    for entries in ("2", "3"):
        world.advance(5)
        adopt(world, jar=world.jar(entries=entries), **by)
    assert world.the_job().id == job_id_of(KEY, 3, 3)
    assert [s.events for s in world.storage.starts] == [s.newest for s in world.storage.starts]
    assert world.storage.starts[-1].events > 0


def test_an_upgrade_that_fails_leads_back_to_the_declared_program_with_its_state(
    world: World,
) -> None:
    running_by_hand(world)
    adopt(world)
    world.flink.behaviours["org.acme.Next"] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(StepFailed, match="The old revision 1 runs again from"):
        Process(world).ensure(world.wish(entry_class="org.acme.Next", **BY_ID), world.wish(**BY_ID))
    assert world.the_job().entry_class == "org.acme.Fraud"
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest > 0


def test_its_state_is_not_given_up_by_a_stateless_upgrade_mode(world: World) -> None:
    running_by_hand(world)
    adopt(world, upgrade_mode="stateless")
    with pytest.raises(Refused, match="the state of the job would be lost"):
        adopt(world, upgrade_mode="stateless", jar=world.jar(entries="2"))
    assert world.the_job().id == BY_HAND


def test_it_is_rescaled_in_place_where_flink_can(world: World) -> None:
    world.flink.adaptive = True
    running_by_hand(world)
    adopt(world)
    world.advance(5)
    adopt(world, parallelism=4)
    assert (world.the_job().id, world.the_job().parallelism) == (BY_HAND, {"a": 4, "b": 4})


def test_it_is_stopped_where_it_is_declared_suspended(world: World) -> None:
    running_by_hand(world)
    adopt(world, state="suspended")
    assert world.active() == []
    assert world.record().phase is Phase.SUSPENDED
    assert world.record().restore is not None


def test_it_is_deleted_with_a_savepoint_and_comes_back_from_it(world: World) -> None:
    running_by_hand(world)
    adopt(world)
    Process(world).release(world.wish())
    adopt(world)
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest > 0


def test_one_that_completes_no_checkpoint_runs_on(world: World) -> None:
    running_by_hand(world, behaviour=Behaviour(checkpoint_fails="x.Disk: full"))
    with pytest.raises(StepFailed, match="no checkpoint completed within 20 s"):
        adopt(world)
    assert world.the_job().id == BY_HAND
    world.the_job().behaviour = Behaviour()
    adopt(world)
    assert world.record().phase is Phase.STABLE


def test_the_preview_says_that_it_is_not_restarted(world: World) -> None:
    running_by_hand(world)
    found = plan(Process(world).shop, world.wish(**BY_NAME), None)
    assert found.text() == (
        "payments/fraud  r1  ADOPTS A RUNNING JOB\n"
        f"    first     adopts job {BY_HAND} (org.acme.Fraud) without a restart"
    )


def test_the_preview_of_a_later_up_says_nothing_of_it(world: World) -> None:
    running_by_hand(world)
    adopt(world)
    found = plan(Process(world).shop, world.wish(**BY_ID), None)
    assert found.text() == "payments/fraud  r1  RUNS ON"


def test_a_cluster_that_does_not_answer_is_unknown_in_a_preview(world: World) -> None:
    world.flink.up = False
    found = plan(Process(world).shop, world.wish(**BY_ID), None)
    assert found.refused is None
    assert "since Flink can't be asked: " in str(found.unknown)


def test_a_job_that_is_not_there_is_refused_with_those_that_are(world: World) -> None:
    running_by_hand(world)
    assert refused(world, adopt={"job_id": OTHER}) == (
        f"adopt: there is no job {OTHER} on payments/etl; what runs there: "
        f"{BY_HAND} (org.acme.Fraud)"
    )
    assert refused(world, adopt={"name": "fraud"}) == (
        "adopt: there is no job 'fraud' on payments/etl; what runs there: "
        f"{BY_HAND} (org.acme.Fraud)"
    )


def test_nothing_runs_there(world: World) -> None:
    assert refused(world).endswith("; what runs there: nothing")


def test_several_of_the_name_are_refused_with_their_ids(world: World) -> None:
    running_by_hand(world)
    running_by_hand(world, OTHER, args=["other"])
    assert refused(world, **BY_NAME) == (
        "adopt: 2 jobs on payments/etl have the name 'org.acme.Fraud': give the job_id of one of "
        f"them: {BY_HAND}, {OTHER}"
    )


def test_one_of_the_name_that_has_ended_does_not_count(world: World) -> None:
    running_by_hand(world, OTHER)
    world.flink.fail(OTHER, "x.Boom: 1")
    running_by_hand(world)
    adopt(world, **BY_NAME)
    assert world.record().run.job_id == BY_HAND  # type: ignore[union-attr]


def test_a_job_that_is_not_running_is_refused(world: World) -> None:
    running_by_hand(world)
    world.flink.fail(BY_HAND, "x.Boom: 1")
    assert refused(world) == (
        f"adopt: the job {BY_HAND} (org.acme.Fraud) is FAILED, and only one that is RUNNING can "
        f"be adopted; what runs there: nothing"
    )


def test_the_job_of_another_key_is_refused(world: World) -> None:
    process = Process(world)
    process.anchor("payments/other")
    process.ensure(world.wish(key="payments/other", name="other"))
    job_id = world.the_job().id
    assert refused(world, adopt={"job_id": job_id}) == (
        f"adopt: the job {job_id} is that of the key payments/other: declare it under that key, "
        f"with adopt=True where another stack manages it"
    )


def test_two_keys_that_adopt_one_job_at_once_do_not_both_get_it(world: World) -> None:
    running_by_hand(world)
    process, other = Process(world), Process(world)
    process.anchor()
    other.anchor("payments/other")
    lists: list[Call] = []

    def the_other_is_quicker(call: Call) -> bool:
        if calls_to("GET", "/leases")(call):
            lists.append(call)
            if len(lists) == 2:
                with other.ledger("payments/other").lock("test") as held:
                    run = world.record().run
                    held.commit(run=run)
        return False

    process.inject(Fault.LOST, the_other_is_quicker)
    with pytest.raises(Refused, match="is that of the key payments/other"):
        process.ensure(world.wish(**BY_ID))
    record = world.record()
    assert (record.run, record.stable, record.adopted) == (None, None, None)


def test_a_death_right_after_does_not_leave_one_job_to_two_keys(world: World) -> None:
    running_by_hand(world)
    victim, other = Process(world), Process(world)
    victim.anchor()
    adopted: list[Call] = []

    def the_adoption(call: Call) -> bool:
        if call.method == "PUT" and BY_HAND in str(call.body):
            adopted.append(call)
        return len(adopted) == 1

    victim.inject(Fault.KILLED_AFTER, the_adoption)
    with pytest.raises(Killed):
        victim.ensure(world.wish(**BY_ID))
    other.anchor("payments/other")
    with other.ledger("payments/other").lock("test") as held:
        held.commit(run=world.record().run)
    world.advance(600)
    with pytest.raises(Refused, match="is that of the key payments/other"):
        adopt(world)
    assert world.record().run is None


def test_a_job_that_has_a_run_does_not_take_another(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish())
    world.advance(5)
    job_id = world.the_job().id
    running_by_hand(world, OTHER, args=["other"])
    with pytest.raises(Refused) as error:
        process.ensure(world.wish(adopt={"job_id": OTHER}), world.wish())
    assert str(error.value) == (
        f"adopt names the job {OTHER}, and payments/fraud has a run of its own already, {job_id}: "
        f"remove adopt, or declare another job for the one that it names"
    )
    assert world.the_job().id == job_id


@pytest.mark.parametrize("by", ["job_id", "name"])
def test_a_job_that_has_a_run_may_name_it(world: World, by: str) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish())
    job = world.the_job()
    ref = {"job_id": job.id} if by == "job_id" else {"name": "org.acme.Fraud"}
    process.ensure(world.wish(adopt=ref), world.wish())
    assert world.the_job().id == job.id


def test_a_snapshot_to_start_from_does_not_go_with_it(world: World) -> None:
    running_by_hand(world)
    assert refused(world, restore_from="file:///mine/savepoint-1") == (
        "adopt goes on with a job that runs, and restore_from would start another from "
        "file:///mine/savepoint-1: remove one of the two"
    )
