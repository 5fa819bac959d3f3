"""A new revision that is not stable: it is ended, and the old one runs again."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.drift import drifted
from flink_components.lifecycle.errors import StepFailed
from flink_components.plan.record import Phase
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Fault
from tests.unit.doubles.world import Process, World, calls_to, ref

NEXT = "org.acme.Next"


def run(world: World) -> str:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish())
    world.advance(5)
    return world.the_job().id


def upgrade(world: World, behaviour: Behaviour, **changes: object) -> str:
    for flink in world.clusters.values():
        flink.behaviours[NEXT] = behaviour
    with pytest.raises(StepFailed) as error:
        Process(world).ensure(world.wish(entry_class=NEXT, **changes), world.wish())
    return str(error.value)


def test_the_old_revision_runs_again_from_the_hand_over_savepoint(world: World) -> None:
    run(world)
    said = upgrade(world, Behaviour(fails="x.Boom: 1."))
    record = world.record()
    assert record.restore is not None
    assert said == f"Boom: 1. The old revision 1 runs again from {record.restore.path}"
    assert world.the_job().entry_class == "org.acme.Fraud"
    assert world.the_job().restored == record.restore.path
    assert record.phase is Phase.ROLLED_BACK
    assert record.run is not None
    assert (record.run.revision, record.run.attempt) == (1, 3)


def test_the_failure_is_remembered(world: World) -> None:
    run(world)
    upgrade(world, Behaviour(fails="x.Boom: 1"))
    (failure,) = world.record().failures
    assert (failure.revision, failure.attempt, failure.reason) == (2, 2, "Boom: 1")
    assert world.record().reason == "Boom: 1"


def test_what_was_rolled_back_is_drift_from_what_was_declared(world: World) -> None:
    run(world)
    upgrade(world, Behaviour(fails="x.Boom: 1"))
    wanted = world.wish(entry_class=NEXT).fingerprint
    assert drifted(world.record(), None, wanted) == (
        "revision 1 runs, which is not what was declared"
    )


def test_the_mended_program_is_tried_again_as_the_next_up(world: World) -> None:
    run(world)
    upgrade(world, Behaviour(fails="x.Boom: 1"))
    world.flink.behaviours.clear()
    world.advance(5)
    record = Process(world).ensure(world.wish(entry_class=NEXT), world.wish())
    assert record.phase is Phase.STABLE
    assert record.run is not None
    assert (record.run.revision, record.run.attempt) == (2, 4)
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest


def test_a_program_that_was_taken_back_runs_on(world: World) -> None:
    run(world)
    upgrade(world, Behaviour(fails="x.Boom: 1"))
    job_id = world.the_job().id
    record = Process(world).ensure(world.wish(), world.wish())
    assert world.the_job().id == job_id
    assert record.phase is Phase.ROLLED_BACK


def test_there_is_no_way_back_after_a_checkpoint_of_its_own_while_it_runs(world: World) -> None:
    run(world)
    said = upgrade(
        world, Behaviour(slots_missing=1, after_checkpoint=True), deadlines={"stable": "5 s"}
    )
    assert "It has completed a checkpoint of its own, so it may have committed output" in said
    assert world.the_job().entry_class == NEXT
    assert world.record().phase is Phase.DEPLOYED


def test_there_is_no_way_back_after_a_checkpoint_of_its_own_when_it_failed(world: World) -> None:
    run(world)
    said = upgrade(world, Behaviour(fails="x.Boom: 1", after_checkpoint=True))
    assert "the old revision was not started again" in said
    assert world.active() == []
    world.flink.behaviours.clear()
    Process(world).ensure(world.wish(entry_class=NEXT), world.wish())
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest
    assert "chk-" in str(world.the_job().restored)


def test_a_checkpoint_that_a_cancel_deletes_counts_as_one_too(world: World) -> None:
    world.flink.kept_on_cancel = False
    run(world)
    said = upgrade(world, Behaviour(slots_missing=1, after_checkpoint=True))
    assert "it runs on as" in said
    assert world.the_job().entry_class == NEXT


def test_a_job_that_restored_other_state_is_ended_even_after_a_checkpoint(world: World) -> None:
    run(world)
    said = upgrade(world, Behaviour(ignores_savepoint=True, after_checkpoint=True))
    assert said.startswith("Flink restored nothing, and file:/savepoints/payments/fraud/1-1/")
    assert world.the_job().entry_class == "org.acme.Fraud"
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest


def test_a_restore_from_that_is_not_there_leads_back_to_the_savepoint_just_taken(
    world: World,
) -> None:
    run(world)
    said = upgrade(world, Behaviour(), restore_from="file:///nowhere/savepoint-1")
    assert said.startswith("FileNotFoundException: Cannot find checkpoint file:///nowhere/")
    assert world.the_job().entry_class == "org.acme.Fraud"
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest > 0
    assert world.record().restored_by_hand is None


def test_a_failed_move_runs_again_on_the_old_cluster(world: World) -> None:
    run(world)
    new = world.add_cluster("etl", 2)
    upgrade(world, Behaviour(fails="x.Boom: 1"), cluster=ref(revision=2))
    assert new.active() == []
    assert [job.entry_class for job in world.flink.active()] == ["org.acme.Fraud"]


def test_where_the_old_one_can_not_start_either_both_reasons_are_said(world: World) -> None:
    run(world)
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(refuses="x.Full: no memory")
    said = upgrade(world, Behaviour(fails="x.Boom: 1"))
    record = world.record()
    assert record.restore is not None
    assert said == (
        "Boom: 1. The old revision 1 could not be started again either (Full: no memory); "
        f"its state is in {record.restore.path}: `pulumi up` goes on from there"
    )
    assert record.phase is Phase.FAILED
    assert world.active() == []


def test_without_knowing_the_old_declaration_the_job_is_down_and_says_so(world: World) -> None:
    run(world)
    world.flink.behaviours[NEXT] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(StepFailed, match=r"^Boom: 1\. The job is down; `pulumi up` goes on from"):
        Process(world).ensure(world.wish(entry_class=NEXT))
    Process(world).ensure(world.wish())
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest


def test_an_outage_while_it_becomes_stable_does_not_start_the_old_one_beside_it(
    world: World,
) -> None:
    run(world)
    process = Process(world)
    submitted: list[int] = []

    def after_the_submission(call: object) -> bool:
        path = getattr(call, "path", "")
        if path.endswith("/run"):
            submitted.append(1)
            return False
        return bool(submitted) and "/proxy/" in path

    process.inject(Fault.REFUSED, after_the_submission, times=2000)
    with pytest.raises(StepFailed, match="so nothing more was done: run `pulumi up` again"):
        process.ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    assert len(world.active()) == 1
    record = Process(world).ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    assert record.phase is Phase.STABLE
    assert len(world.storage.starts) == 2


def test_a_short_outage_while_it_becomes_stable_is_waited_out(world: World) -> None:
    run(world)
    process = Process(world)
    submitted = calls_to("POST", "/run")
    asked = calls_to("GET", "/checkpoints")
    process.inject(
        Fault.REFUSED,
        lambda call: asked(call) and any(map(submitted, process.wire.calls)),
        times=6,
    )
    record = process.ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    assert record.phase is Phase.STABLE
