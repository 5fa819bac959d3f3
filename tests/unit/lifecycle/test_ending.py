"""What a delete does with the job that runs."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.errors import StepFailed
from flink_components.plan.record import Phase
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Fault, Killed
from tests.unit.doubles.world import NAMESPACE, OWNER, Process, World, calls_to


def run(world: World, **changes: object) -> str:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(**changes))
    world.advance(5)
    return world.the_job().id


def test_it_is_stopped_with_a_savepoint_that_the_ledger_knows(world: World) -> None:
    run(world)
    said = Process(world).release(world.wish())
    record = world.record()
    assert record.restore is not None
    assert said == f"stopped with the savepoint {record.restore.path}"
    assert (record.deleted, record.phase, record.open) == (True, Phase.SUSPENDED, None)
    assert world.active() == []


def test_created_again_it_goes_on_from_that_savepoint(world: World) -> None:
    run(world)
    Process(world).release(world.wish())
    run(world)
    assert world.record().deleted is False
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest > 0


def test_without_a_place_for_savepoints_it_is_cancelled(world: World) -> None:
    wish = {"upgrade_mode": "last_state", "savepoint_dir": None}
    run(world, **wish)
    assert Process(world).release(world.wish(**wish)) == "cancelled"
    assert world.record().restore.kind == "checkpoint"  # type: ignore[union-attr]


def test_cancel_keeps_its_latest_checkpoint_for_later(world: World) -> None:
    job_id = run(world)
    newest = world.flink.checkpoint(job_id)
    Process(world).release(world.wish(on_delete="cancel"))
    assert world.record().restore.path == newest.path  # type: ignore[union-attr]
    run(world)
    assert world.the_job().restored == newest.path


def test_keep_leaves_it_running_and_anyone_may_take_the_key(world: World) -> None:
    job_id = run(world)
    said = Process(world).release(world.wish(on_delete="keep"))
    assert said == f"{job_id} runs on, as on_delete says"
    Process(world).anchor(owner=OWNER.model_copy(update={"stack": "acme/flink/dev"}))
    assert world.the_job().id == job_id


def test_a_stateless_job_is_cancelled_without_a_savepoint(world: World) -> None:
    run(world, upgrade_mode="stateless")
    assert Process(world).release(world.wish(upgrade_mode="stateless")) == "cancelled"
    assert world.record().restore is None


def test_a_resource_that_does_not_own_the_key_any_more_does_nothing(world: World) -> None:
    job_id = run(world)
    Process(world).anchor(owner=OWNER.model_copy(update={"urn": "urn:pulumi:prod::flink::new"}))
    said = Process(world).release(world.wish())
    assert said == "the key belongs to another resource now: nothing was done"
    assert world.the_job().id == job_id


def test_a_second_delete_does_nothing(world: World) -> None:
    run(world)
    Process(world).release(world.wish())
    before = len(world.flink.jobs)
    assert "nothing was done" in Process(world).release(world.wish())
    assert len(world.flink.jobs) == before


def test_without_a_ledger_nothing_is_done(world: World) -> None:
    assert Process(world).release(world.wish()) == (
        "its ledger is not there, and nothing of it runs"
    )


def test_a_key_under_which_nothing_ran_is_deleted(world: World) -> None:
    Process(world).anchor()
    assert Process(world).release(world.wish()) == "nothing ran"
    assert world.record().deleted


def test_a_job_that_ended_by_itself_is_deleted_without_a_call(world: World) -> None:
    job_id = run(world)
    world.flink.finish(job_id)
    assert Process(world).release(world.wish()) == "nothing ran any more"
    assert (world.record().deleted, world.record().phase) == (True, Phase.FINISHED)


def test_a_job_that_vanished_is_not_started_empty_when_it_is_created_again(world: World) -> None:
    run(world)
    world.flink.restart()
    Process(world).release(world.wish())
    assert world.record().phase is Phase.LOST
    with pytest.raises(Exception, match="set restore_from"):
        run(world)


def test_a_savepoint_that_fails_keeps_the_job_and_says_the_way_out(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(savepoint_fails="x.Denied: s3 says no")
    run(world)
    with pytest.raises(StepFailed) as error:
        Process(world).release(world.wish())
    assert str(error.value) == (
        "the savepoint failed, and the job runs on unchanged: Denied: s3 says no; mend it, or "
        'give up the savepoint with on_delete="cancel" (`pulumi up`, then `pulumi destroy`)'
    )
    assert len(world.active()) == 1
    assert not world.record().deleted


def test_a_cluster_that_does_not_answer_keeps_the_ledger(world: World) -> None:
    run(world)
    world.flink.up = False
    with pytest.raises(StepFailed, match="can't be reached, so its job can't be stopped"):
        Process(world).release(world.wish())
    assert not world.record().deleted


def test_a_cluster_whose_service_is_gone_has_no_job_to_stop(world: World) -> None:
    run(world)
    del world.kube.objects[("Service", NAMESPACE, "etl-r1-rest")]
    assert Process(world).release(world.wish()) == "nothing ran any more"
    assert world.record().phase is Phase.LOST
    world.flink.restart()


def test_a_first_up_that_was_killed_is_cleaned_by_a_delete(world: World) -> None:
    victim = Process(world)
    victim.anchor()
    victim.inject(Fault.KILLED_AFTER, calls_to("POST", "/run"))
    with pytest.raises(Killed):
        victim.ensure(world.wish())
    Process(world).release(world.wish())
    assert world.active() == []
    assert world.record().deleted


def test_a_delete_waits_for_a_submission_that_may_still_arrive(world: World) -> None:
    victim = Process(world)
    victim.anchor()
    victim.inject(Fault.KILLED_LATE, calls_to("POST", "/run"))
    with pytest.raises(Killed):
        victim.ensure(world.wish())
    world.advance(1)
    Process(world).release(world.wish(on_delete="cancel"))
    world.advance(300)
    assert world.active() == []


def test_the_jar_goes_with_the_last_job_that_needs_it(world: World) -> None:
    run(world)
    other = Process(world)
    other.anchor("payments/second")
    second = world.wish(key="payments/second", name="second", args=["second"])
    other.ensure(second)
    assert len(world.flink.jars) == 1
    Process(world).release(world.wish())
    assert len(world.flink.jars) == 1
    Process(world).release(second)
    assert world.flink.jars == {}
