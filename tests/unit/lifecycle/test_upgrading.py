"""A job that is changed while it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.plan.record import Phase
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer, Call, Fault
from tests.unit.doubles.world import Process, World, calls_to, ref

GIVE_UP = [{"operator": "*", "version": "2", "reason": "a new model"}]


def run(world: World, **changes: object) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(**changes))
    world.advance(5)


def upgrade(world: World, before: dict[str, object] | None = None, **changes: object) -> Process:
    process = Process(world)
    changes.setdefault("jar", world.jar(entries="2"))
    process.ensure(world.wish(**changes), world.wish(**(before or {})))
    return process


def test_an_upgrade_is_measured(world: World) -> None:
    run(world)
    first = world.record().last_switch
    assert first is not None
    assert (first.attempt, first.down, first.size) == (1, None, None)
    upgrade(world)
    switch = world.record().last_switch
    assert switch is not None
    assert sorted(switch.steps) == ["go", "prepare", "run", "stable", "stop"]
    assert switch.down == pytest.approx(sum(switch.steps[name] for name in ("stop", "go", "run")))


def test_it_is_stopped_with_a_native_savepoint_in_a_directory_of_its_own(world: World) -> None:
    run(world)
    process = upgrade(world)
    (stop,) = [call for call in process.wire.calls if call.path.endswith("/stop")]
    trigger = stop.body["triggerId"]
    assert len(trigger) == 32
    assert stop.body == {
        "targetDirectory": f"file:///savepoints/payments/fraud/1-1/{trigger}",
        "drain": False,
        "triggerId": trigger,
        "formatType": "NATIVE",
    }


def test_it_starts_from_that_savepoint_without_claiming_it(world: World) -> None:
    run(world)
    upgrade(world)
    request = world.the_job().request
    point = world.record().restore
    assert point is not None
    assert point.path.startswith("file:/savepoints/payments/fraud/1-1/")
    assert request["savepointPath"] == point.path
    assert request["claimMode"] == "NO_CLAIM"
    assert request["allowNonRestoredState"] is False


def test_the_savepoint_is_in_the_ledger_before_the_new_one_is_submitted(world: World) -> None:
    run(world)
    known: list[str | None] = []

    def look(call: Call) -> bool:
        if call.path.endswith("/run"):
            point = world.record().restore
            known.append(point.path if point else None)
        return False

    process = Process(world)
    process.inject(Fault.LOST, look)
    process.ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    assert known == [world.the_job().request["savepointPath"]]


def test_a_canonical_savepoint_and_a_drain_are_made_on_request(world: World) -> None:
    run(world)
    process = upgrade(world, savepoint_format="canonical", drain=True)
    (stop,) = [call for call in process.wire.calls if call.path.endswith("/stop")]
    assert (stop.body["formatType"], stop.body["drain"]) == ("CANONICAL", True)


def test_a_change_in_place_restarts_nothing(world: World) -> None:
    run(world)
    job_id = world.the_job().id
    upgrade(world, jar=world.jar(), description="for people", drain=True, on_delete="keep")
    assert world.the_job().id == job_id


def test_a_rebuilt_jar_of_the_same_content_restarts_nothing(world: World) -> None:
    run(world)
    other = world.folder / "rebuilt.jar"
    other.write_bytes((world.folder / "fraud-1.jar").read_bytes())
    upgrade(world, jar=str(other))
    assert len(world.storage.starts) == 1


def test_a_savepoint_that_fails_leaves_the_job_running(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(savepoint_fails="x.Denied: s3 says no")
    run(world)
    job_id = world.the_job().id
    with pytest.raises(StepFailed) as error:
        upgrade(world)
    assert str(error.value) == (
        "the savepoint failed, and the job runs on unchanged: Denied: s3 says no"
    )
    record = world.record()
    assert (record.phase, record.open) == (Phase.STABLE, None)
    assert world.the_job().id == job_id


def test_after_a_savepoint_that_failed_the_next_up_can_use_another_directory(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(savepoint_fails="x.Denied: s3 says no")
    run(world)
    with pytest.raises(StepFailed):
        upgrade(world)
    world.the_job().behaviour = Behaviour()
    world.flink.behaviours.clear()
    upgrade(world, savepoint_dir="file:///elsewhere")
    assert str(world.the_job().restored).startswith("file:/elsewhere/payments/fraud/1-1/")


def test_a_stop_that_flink_refuses_leaves_the_job_running_and_no_open_step(world: World) -> None:
    run(world)
    process = Process(world)
    process.inject(
        Answer(400, {"errors": ["Caused by: x.Config: no savepoint directory"]}),
        calls_to("POST", "/stop"),
    )
    with pytest.raises(StepFailed, match=r"runs on unchanged: Config: no savepoint directory$"):
        process.ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    assert (world.record().phase, world.record().open) == (Phase.STABLE, None)
    upgrade(world)
    assert world.record().run.revision == 2  # type: ignore[union-attr]


def test_a_job_that_fails_with_its_savepoint_is_not_taken_to_an_older_one(world: World) -> None:
    run(world)
    upgrade(world, jar=world.jar(entries="2"))
    world.the_job().behaviour = Behaviour(savepoint_fails="x.Half: 1", savepoint_ends=True)
    world.flink.checkpoint(world.the_job().id)
    with pytest.raises(StepFailed, match=r"^the savepoint failed, and the job is FAILED: Half: 1"):
        upgrade(world, jar=world.jar(entries="3"))
    with pytest.raises(Refused, match='upgrade_mode="last_state" to go on from file:/checkpoints'):
        upgrade(world, jar=world.jar(entries="3"))
    upgrade(world, jar=world.jar(entries="3"), upgrade_mode="last_state")
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest


def failed_over(world: World) -> str:
    """A job that fails over with the savepoint of its upgrade; what the upgrade said."""
    run(world)
    world.the_job().behaviour = Behaviour(
        savepoint_fails="x.Denied: s3 says no", savepoint_restarts=True
    )
    with pytest.raises(StepFailed) as error:
        upgrade(world)
    return str(error.value)


def test_a_job_that_fails_over_with_its_savepoint_is_not_said_to_run_on(world: World) -> None:
    said = failed_over(world)
    job_id = world.the_job().id
    assert said == (
        "the savepoint failed, and Flink restarts the job from its latest checkpoint: "
        "Denied: s3 says no"
    )
    record = world.record()
    assert (record.phase, record.reason) == (Phase.DEPLOYED, "Denied: s3 says no")
    assert (record.open, record.run.job_id) == (None, job_id)  # type: ignore[union-attr]


def fails_by_itself(world: World, *times: str) -> None:
    """Job runs, and will fail over so many times just when a savepoint of it is asked for."""
    run(world)
    world.the_job().behaviour = Behaviour(
        savepoint_fails="x.Suspending: 1",
        savepoint_restarts=True,
        restarts_for=tuple(f"java.lang.Exception: {lost} is lost" for lost in times),
    )


def test_a_job_that_fails_by_itself_during_the_savepoint_is_upgraded_when_it_runs_again(
    world: World,
) -> None:
    fails_by_itself(world, "TaskManager 7")
    process = upgrade(world)
    stops = [call.body["triggerId"] for call in process.wire.calls if call.path.endswith("/stop")]
    assert len(set(stops)) == 2
    assert (world.record().phase, world.record().run.revision) == (Phase.STABLE, 2)  # type: ignore[union-attr]
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest
    assert (
        "the job failed while its savepoint was taken, and Flink restarts it from its latest "
        "checkpoint: Exception: TaskManager 7 is lost (of the savepoint Flink says: "
        "Suspending: 1); stopping it once it runs again"
    ) in process.said


def test_a_job_that_fails_by_itself_during_the_second_savepoint_too_is_left_to_flink(
    world: World,
) -> None:
    fails_by_itself(world, "TaskManager 7", "TaskManager 8")
    with pytest.raises(StepFailed, match=r"checkpoint: Exception: TaskManager 8 is lost \("):
        upgrade(world)
    assert (world.record().phase, world.record().open) == (Phase.DEPLOYED, None)
    assert len(world.flink.active()) == 1


def test_a_job_that_does_not_run_again_is_not_stopped_a_second_time(world: World) -> None:
    fails_by_itself(world, "TaskManager 7")
    world.flink.restart_seconds = 10_000.0
    with pytest.raises(StepFailed, match=r"checkpoint: Exception: TaskManager 7 is lost \("):
        upgrade(world)


def test_a_job_that_failed_over_with_its_savepoint_is_stable_again_after_the_next_up(
    world: World,
) -> None:
    failed_over(world)
    Process(world).ensure(world.wish(), world.wish())
    record = world.record()
    assert (record.phase, record.reason, record.attempts) == (Phase.STABLE, "", 1)
    assert world.the_job().state == "RUNNING"


def test_a_job_that_failed_over_with_its_savepoint_is_upgraded_once_savepoints_work_again(
    world: World,
) -> None:
    failed_over(world)
    world.the_job().behaviour = Behaviour()
    world.advance(5)
    upgrade(world)
    assert world.record().run.revision == 2  # type: ignore[union-attr]
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest


def test_last_state_goes_on_from_the_latest_checkpoint_not_from_an_older_savepoint(
    world: World,
) -> None:
    run(world)
    upgrade(world)
    world.advance(5)
    newest = world.flink.checkpoint(world.the_job().id)
    upgrade(world, jar=world.jar(entries="3"), upgrade_mode="last_state")
    assert world.the_job().restored == newest.path
    assert world.record().restore.kind == "checkpoint"  # type: ignore[union-attr]


def test_a_checkpoint_that_a_later_one_replaces_just_now_does_not_count_as_none(
    world: World,
) -> None:
    run(world)
    newest = world.flink.checkpoint(world.the_job().id)
    world.flink.is_asked_between_two_checkpoints(world.the_job().id)
    upgrade(world, upgrade_mode="last_state")
    assert world.the_job().restored == newest.path


def test_last_state_is_refused_where_a_cancel_deletes_the_checkpoints(world: World) -> None:
    world.flink.kept_on_cancel = False
    run(world)
    with pytest.raises(Refused, match="RETAIN_ON_CANCELLATION, or choose upgrade_mode savepoint"):
        upgrade(world, upgrade_mode="last_state")
    assert len(world.active()) == 1


def test_stateless_is_refused_where_state_would_be_lost(world: World) -> None:
    run(world)
    with pytest.raises(Refused) as error:
        upgrade(world, upgrade_mode="stateless", version="2")
    assert str(error.value) == (
        "the state of the job would be lost with upgrade_mode stateless: choose savepoint, or "
        'accept it once with version="2" and '
        'accept=[StateLoss(operator="*", version="2", reason="…")]'
    )
    assert len(world.active()) == 1


def test_stateless_starts_empty_where_the_loss_was_accepted_and_writes_it_down(
    world: World,
) -> None:
    run(world)
    upgrade(world, upgrade_mode="stateless", version="2", accept=GIVE_UP)
    assert world.the_job().restored is None
    record = world.record()
    assert [(a.operator, a.version, a.reason) for a in record.accepted] == [
        ("*", "2", "a new model")
    ]
    assert record.restore is None


def test_a_stateless_job_restarts_without_further_questions(world: World) -> None:
    run(world, upgrade_mode="stateless")
    upgrade(world, before={"upgrade_mode": "stateless"}, upgrade_mode="stateless")
    assert world.the_job().restored is None
    assert world.record().accepted == ()


@pytest.mark.parametrize("fault", [None, Fault.LOST])
def test_before_1_15_the_stop_is_asked_for_by_flinks_own_trigger_id(
    world: World, fault: Fault | None
) -> None:
    world.flink.version, world.flink.interval = "1.14.6", 3.0
    run(world, cluster=ref(version="1.14.6"))
    process = Process(world)
    if fault is not None:
        process.inject(fault, calls_to("POST", "/stop"))
    wish = world.wish(cluster=ref(version="1.14.6"), jar=world.jar(entries="2"))
    process.ensure(wish, world.wish())
    assert len([call for call in process.wire.calls if call.path.endswith("/stop")]) == 1
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest > 0


def test_before_1_15_a_stop_that_was_never_sent_is_given_up_at_the_deadline(world: World) -> None:
    world.flink.version, world.flink.interval = "1.14.6", 3.0
    run(world, cluster=ref(version="1.14.6"))
    process = Process(world)
    process.inject(Fault.REFUSED, calls_to("POST", "/stop"))
    wish = world.wish(cluster=ref(version="1.14.6"), jar=world.jar(entries="2"))
    with pytest.raises(StepFailed, match="the job runs on unchanged: the request was lost"):
        process.ensure(wish, world.wish())
    assert world.record().open is None


def test_a_move_stops_on_the_old_cluster_and_runs_on_the_new(world: World) -> None:
    run(world)
    new = world.add_cluster("etl", 2)
    upgrade(world, jar=world.jar(), cluster=ref(revision=2))
    assert world.flink.active() == []
    assert [job.restored for job in new.active()] == [world.record().restore.path]  # type: ignore[union-attr]


def test_a_restore_from_is_honoured_once(world: World) -> None:
    run(world)
    older = world.flink.savepoint(world.the_job().id, "file:/mine")
    world.advance(5)
    upgrade(world, jar=world.jar(), restore_from=older.path)
    assert world.the_job().restored == older.path
    upgrade(world, jar=world.jar(entries="3"), restore_from=older.path)
    assert world.the_job().restored != older.path
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest


def test_a_jar_that_was_changed_since_the_preview_is_refused_before_the_stop(world: World) -> None:
    run(world)
    jar = world.jar(entries="2")
    wish = world.wish(jar=jar)
    Path(jar).write_bytes(Path(world.jar(entries="3")).read_bytes())
    with pytest.raises(Refused, match="was changed since"):
        Process(world).ensure(wish, world.wish())
    assert len(world.storage.starts) == 1
    assert len(world.active()) == 1


def test_a_main_that_fails_is_refused_before_the_stop(world: World) -> None:
    run(world)
    job_id = world.the_job().id
    world.flink.behaviours["org.acme.Next"] = Behaviour(plan_refused="x.Usage: no")
    with pytest.raises(Refused, match=r"^the job can't start, and nothing was changed: Usage: no$"):
        upgrade(world, entry_class="org.acme.Next")
    assert world.the_job().id == job_id


def test_a_cluster_that_does_not_answer_is_refused_before_anything_is_done(world: World) -> None:
    run(world)
    world.flink.up = False
    with pytest.raises(Refused, match=r"^the cluster of the job can't be reached, so nobody knows"):
        upgrade(world)
    assert len(world.active()) == 1
