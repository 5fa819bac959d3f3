"""Another parallelism of a job that runs under Flink's adaptive scheduler."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.errors import AnswerLost, StepFailed
from flink_components.lifecycle.planning import plan
from flink_components.plan.record import Phase
from tests.unit.doubles.fake_kube import status
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer, Call, Fault, Killed
from tests.unit.doubles.world import Process, World, calls_to, ref

PUT = calls_to("PUT", "/resource-requirements")


def run(world: World, **changes: object) -> None:
    world.flink.adaptive = True
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(**changes))
    world.advance(5)


def rescale(world: World, parallelism: int | None = 4, **changes: object) -> Process:
    process = Process(world)
    process.ensure(world.wish(parallelism=parallelism, **changes), world.wish())
    return process


def stops(process: Process) -> list[Call]:
    return [call for call in process.wire.calls if call.path.endswith(("/stop", "/run"))]


def test_it_keeps_its_job_id_and_takes_no_savepoint(world: World) -> None:
    run(world)
    job_id = world.the_job().id
    process = rescale(world)
    assert stops(process) == []
    assert world.the_job().id == job_id
    assert world.the_job().parallelism == {"a": 4, "b": 4}


def test_the_lower_bound_is_the_upper_one(world: World) -> None:
    run(world)
    process = rescale(world)
    (put,) = [call for call in process.wire.calls if PUT(call)]
    assert put.body == {
        "a": {"parallelism": {"lowerBound": 4, "upperBound": 4}},
        "b": {"parallelism": {"lowerBound": 4, "upperBound": 4}},
    }


def test_a_plan_knows_a_first_checkpoint_that_flinks_cache_has_not_yet(world: World) -> None:
    world.flink.adaptive = True
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(parallelism=1))
    job = world.the_job()
    before = {**world.wish(parallelism=1).spec.model_dump(mode="json")}
    world.flink.shows_no_checkpoint_yet(job.id)
    found = plan(Process(world).shop, world.wish(parallelism=2), before)
    assert found.headline == "RESCALES IN PLACE"


def test_it_is_a_new_revision_of_the_same_attempt(world: World) -> None:
    run(world)
    rescale(world)
    record = world.record()
    assert record.run is not None
    assert (record.run.revision, record.run.attempt, record.run.parallelism) == (2, 1, 4)
    assert record.run.fingerprint == world.wish(parallelism=4).fingerprint
    assert (record.stable, record.phase, record.open) == (record.run, Phase.STABLE, None)


def test_the_same_again_does_nothing(world: World) -> None:
    run(world)
    rescale(world)
    process = Process(world)
    process.ensure(world.wish(parallelism=4), world.wish(parallelism=4))
    assert [call for call in process.wire.calls if PUT(call)] == []
    assert world.the_job().rescaled == 1


def test_fewer_are_rescaled_in_place_too(world: World) -> None:
    run(world, parallelism=8)
    rescale(world, 3)
    assert world.the_job().parallelism == {"a": 3, "b": 3}


def test_a_parallelism_that_was_taken_back_is_that_of_the_job_graph(world: World) -> None:
    run(world, parallelism=6)
    rescale(world, None)
    assert world.the_job().parallelism == {"a": 2, "b": 2}


def test_a_vertex_whose_parallelism_the_program_sets_keeps_it(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(pinned=1)
    run(world)
    rescale(world)
    assert world.the_job().parallelism == {"a": 4, "b": 1}


def test_a_vertex_stays_within_what_its_state_allows(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(highest=3)
    run(world)
    rescale(world)
    assert world.the_job().parallelism == {"a": 3, "b": 3}


def test_a_checkpoint_is_taken_first_so_that_little_is_done_twice(world: World) -> None:
    run(world)
    before = len(world.the_job().snapshots)
    process = Process(world)
    known: list[int] = []

    def look(call: Call) -> bool:
        if PUT(call):
            known.append(len(world.the_job().snapshots))
        return False

    process.inject(Fault.LOST, look)
    process.ensure(world.wish(parallelism=4), world.wish())
    assert known == [before + 1]


def test_the_intent_is_in_the_ledger_before_flink_is_asked(world: World) -> None:
    run(world)
    known: list[object] = []

    def look(call: Call) -> bool:
        step = world.record().open if PUT(call) else None
        if step is not None and step.scaling is not None:
            known.append((step.what, step.scaling.run.parallelism, step.scaling.wanted))
        return False

    process = Process(world)
    process.inject(Fault.LOST, look)
    process.ensure(world.wish(parallelism=4), world.wish())
    assert known == [("rescale", 4, {"a": 4, "b": 4})]


def test_it_is_stable_only_with_a_checkpoint_after_the_rescale(world: World) -> None:
    run(world)
    rescale(world)
    job = world.the_job()
    assert job.snapshots[-1].at > job.started


def test_flink_2_is_asked_for_the_checkpoint_at_which_it_rescales(world: World) -> None:
    world.flink.version = "2.3.0"
    run(world, cluster=ref(version="2.3.0"))
    rescale(world, cluster=ref(version="2.3.0"))
    assert world.the_job().parallelism == {"a": 4, "b": 4}


@pytest.mark.parametrize(
    "changes",
    [
        {"args": ["fraud", "--more"]},
        {"restart": "tuesday"},
        {"config": {"pipeline.object-reuse": True}},
    ],
)
def test_with_any_other_change_it_is_restarted_with_a_savepoint(
    world: World, changes: dict[str, object]
) -> None:
    run(world)
    process = rescale(world, **changes)
    assert len(stops(process)) == 2
    assert world.the_job().parallelism == {"a": 4, "b": 4}


def test_without_the_adaptive_scheduler_it_is_restarted_with_a_savepoint(world: World) -> None:
    run(world)
    world.flink.adaptive = False
    rescale(world)
    assert world.storage.starts[-1].savepoint == world.record().restore.path  # type: ignore[union-attr]
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest > 0


def test_before_a_checkpoint_has_completed_it_is_restarted_with_a_savepoint(world: World) -> None:
    run(world)
    world.the_job().snapshots.clear()
    world.flink.savepoint(world.the_job().id, "file:/mine")
    process = rescale(world)
    assert len(stops(process)) == 2
    assert world.the_job().rescaled == 0


def test_a_checkpoint_that_a_later_one_has_just_replaced_is_one_too(world: World) -> None:
    run(world)
    world.the_job().snapshots[-1].discarded = True
    rescale(world)
    assert world.the_job().rescaled == 1


def test_without_checkpointing_it_is_restarted_with_a_savepoint(world: World) -> None:
    world.flink.interval = None
    run(world)
    world.flink.checkpoint(world.the_job().id)
    process = rescale(world)
    assert len(stops(process)) == 2
    assert world.the_job().rescaled == 0


def test_a_job_graph_that_changes_with_the_parallelism_is_a_restart(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(unchained_from=4)
    run(world)
    process = rescale(world)
    assert len(stops(process)) == 2
    assert world.the_job().parallelism == {"a": 4, "b": 4, "c": 4}
    assert "the job graph changes with the parallelism, so the job is restarted for it" in (
        process.said
    )


def test_without_slots_nothing_is_asked_of_the_job(world: World) -> None:
    run(world)
    before = world.record()
    process = Process(world)
    with pytest.raises(StepFailed) as error:
        process.ensure(world.wish(parallelism=12), world.wish())
    assert str(error.value) == (
        "4 of 10 slots were missing for 20 s, so the job was not rescaled, and nothing was "
        "changed: add TaskManagers, then run `pulumi up` again"
    )
    assert [call for call in process.wire.calls if PUT(call)] == []
    assert "waiting for slots before it is rescaled: 4 missing" in process.said
    assert (world.record().run, world.record().phase) == (before.run, Phase.STABLE)


def test_slots_that_come_are_waited_for(world: World) -> None:
    run(world)
    process = Process(world)

    def add_slots(call: Call) -> bool:
        if call.path.endswith("/proxy/overview"):
            world.flink.slots += 1
        return False

    process.inject(Fault.LOST, add_slots)
    process.ensure(world.wish(parallelism=12), world.wish())
    assert world.the_job().parallelism == {"a": 12, "b": 12}


def test_one_that_does_not_become_stable_gets_back_what_it_had(world: World) -> None:
    run(world)
    world.the_job().behaviour = Behaviour(never_rescales=True)
    with pytest.raises(StepFailed) as error:
        rescale(world)
    assert str(error.value) == (
        "the job was not rescaled to 4: not within 20 s. Its old parallelism was put back, and "
        "the job is RUNNING as before"
    )
    record, job = world.record(), world.the_job()
    assert (job.bounds, job.parallelism) == ({"a": (1, 2), "b": (1, 2)}, {"a": 2, "b": 2})
    assert record.run is not None
    assert (record.run.revision, record.phase, record.open) == (1, Phase.STABLE, None)
    assert [failure.revision for failure in record.failures] == [2]


def test_one_that_completes_no_checkpoint_afterwards_gets_back_what_it_had(world: World) -> None:
    run(world)
    process = Process(world)

    def break_checkpoints(call: Call) -> bool:
        if PUT(call):
            world.the_job().behaviour = Behaviour(checkpoint_fails="x.Disk: full")
        return False

    process.inject(Fault.LOST, break_checkpoints)
    with pytest.raises(StepFailed, match=r"Disk: full\. Its old parallelism was put back"):
        process.ensure(world.wish(parallelism=4), world.wish())
    assert world.the_job().parallelism == {"a": 2, "b": 2}
    assert world.record().run.revision == 1  # type: ignore[union-attr]


def test_a_checkpoint_that_fails_before_it_leaves_everything_as_it_was(world: World) -> None:
    run(world)
    world.the_job().behaviour = Behaviour(checkpoint_fails="x.Disk: full")
    with pytest.raises(StepFailed) as error:
        rescale(world)
    assert str(error.value) == (
        "the job was not rescaled, and nothing was changed: no checkpoint completed: within 20 s; "
        "Disk: full"
    )
    assert world.the_job().rescaled == 0


def test_what_flink_refuses_changes_nothing(world: World) -> None:
    run(world)
    process = Process(world)
    process.inject(Answer(400, {"errors": ["Caused by: x.Bounds: too high"]}), PUT)
    with pytest.raises(
        StepFailed, match=r"^Flink can't be asked to rescale the job: Bounds: too high\. "
    ):
        process.ensure(world.wish(parallelism=4), world.wish())
    assert (world.record().phase, world.record().open) == (Phase.STABLE, None)
    assert world.the_job().parallelism == {"a": 2, "b": 2}


def test_one_that_can_not_be_taken_back_either_is_gone_on_with_by_the_next_up(
    world: World,
) -> None:
    run(world)
    process = Process(world)
    asked: list[Call] = []

    def the_second(call: Call) -> bool:
        asked.extend([call] if PUT(call) else [])
        return PUT(call) and len(asked) == 2

    def break_checkpoints(call: Call) -> bool:
        if PUT(call):
            world.the_job().behaviour = Behaviour(checkpoint_fails="x.Disk: full")
        return False

    process.inject(Fault.LOST, break_checkpoints)
    process.inject(Answer(500, {"errors": ["Caused by: x.Boom: 1"]}), the_second)
    with pytest.raises(AnswerLost, match="could not be put back: the job is RUNNING; run"):
        process.ensure(world.wish(parallelism=4), world.wish())
    assert world.record().open is not None
    world.the_job().behaviour = Behaviour()
    Process(world).ensure(world.wish(), world.wish())
    assert world.the_job().parallelism == {"a": 2, "b": 2}
    assert world.record().run.fingerprint == world.wish().fingerprint  # type: ignore[union-attr]


def test_a_right_that_is_missing_is_named_and_changes_nothing(world: World) -> None:
    run(world)
    process = Process(world)
    forbidden = 'services "etl-r1-rest:8081" is forbidden: cannot update "services/proxy"'
    process.inject(Answer(*status(403, "Forbidden", forbidden)), PUT, times=2)
    with pytest.raises(StepFailed) as error:
        process.ensure(world.wish(parallelism=4), world.wish())
    assert str(error.value) == (
        "Flink can't be asked to rescale the job: the API server refused the way to Flink: "
        f"{forbidden}. The job is RUNNING as before"
    )
    assert (world.record().phase, world.record().open) == (Phase.STABLE, None)


def test_a_job_that_fails_by_it_is_not_started_from_an_older_point(world: World) -> None:
    run(world)
    process = Process(world)

    def fail(call: Call) -> bool:
        if PUT(call) and world.active():
            world.flink.fail(world.the_job().id, "x.Memory: none")
        return False

    process.inject(Fault.LOST, fail)
    with pytest.raises(StepFailed, match=r"\. The job is FAILED: `pulumi up` says"):
        process.ensure(world.wish(parallelism=4), world.wish())
    Process(world).ensure(world.wish(), world.wish())
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest > 0


def test_an_outage_that_lasts_leaves_the_step_open_for_the_next_up(world: World) -> None:
    run(world)
    process = Process(world)
    asked: list[int] = []

    def from_the_put_on(call: Call) -> bool:
        asked.extend([1] if PUT(call) else [])
        return bool(asked) and "/proxy/" in call.path

    process.inject(Fault.REFUSED, from_the_put_on, times=10_000)
    with pytest.raises(AnswerLost, match=r"run `pulumi up` again, which goes on from there$"):
        process.ensure(world.wish(parallelism=4), world.wish())
    assert world.record().open is not None
    rescale(world)
    assert world.the_job().parallelism == {"a": 4, "b": 4}
    assert world.record().phase is Phase.STABLE


def die_after_the_request(world: World) -> None:
    victim = Process(world)
    victim.inject(Fault.KILLED_AFTER, PUT)
    with pytest.raises(Killed):
        victim.ensure(world.wish(parallelism=4), world.wish())


def test_one_that_was_taken_back_after_a_death_ends_as_declared(world: World) -> None:
    run(world)
    die_after_the_request(world)
    record = Process(world).ensure(world.wish(), world.wish())
    assert world.the_job().parallelism == {"a": 2, "b": 2}
    assert record.run is not None
    assert record.run.fingerprint == world.wish().fingerprint
    assert (record.phase, record.open) == (Phase.STABLE, None)


def test_a_request_that_arrives_late_does_not_undo_what_was_declared_meanwhile(
    world: World,
) -> None:
    run(world)
    victim = Process(world)
    victim.inject(Fault.KILLED_LATE, PUT)
    with pytest.raises(Killed):
        victim.ensure(world.wish(parallelism=4), world.wish())
    process = Process(world)
    process.ensure(world.wish(parallelism=3), world.wish())
    world.advance(300)
    assert world.the_job().parallelism == {"a": 3, "b": 3}
    assert "s in case an earlier request to rescale still arrives" in "\n".join(process.said)


def test_a_job_is_deleted_with_its_savepoint_after_a_death(world: World) -> None:
    run(world)
    die_after_the_request(world)
    Process(world).release(world.wish())
    assert world.active() == []
    assert world.record().restore is not None


def test_the_next_upgrade_that_fails_leads_back_to_the_rescaled_job(world: World) -> None:
    run(world)
    rescale(world)
    world.advance(5)
    world.flink.behaviours["org.acme.Next"] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(StepFailed, match=r"Boom: 1\. The old revision 2 runs again from"):
        Process(world).ensure(
            world.wish(parallelism=4, entry_class="org.acme.Next"), world.wish(parallelism=4)
        )
    job, record = world.the_job(), world.record()
    assert (job.entry_class, job.parallelism) == ("org.acme.Fraud", {"a": 4, "b": 4})
    assert record.run is not None
    assert (record.run.revision, record.run.attempt) == (2, 3)
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest > 0


def test_the_next_restart_has_a_new_job_id(world: World) -> None:
    run(world)
    first = world.the_job().id
    rescale(world)
    world.advance(5)
    Process(world).ensure(world.wish(parallelism=4, args=["fraud", "2"]), world.wish(parallelism=4))
    assert world.the_job().id != first
    assert world.record().run.attempt == 2  # type: ignore[union-attr]


def test_a_rolled_back_job_can_be_rescaled(world: World) -> None:
    run(world)
    world.flink.behaviours["org.acme.Next"] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(StepFailed):
        Process(world).ensure(world.wish(entry_class="org.acme.Next"), world.wish())
    world.advance(5)
    rescale(world)
    assert world.the_job().rescaled == 1
    assert world.record().phase is Phase.STABLE
