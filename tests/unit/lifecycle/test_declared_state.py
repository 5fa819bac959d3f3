"""A job that is declared to run, to be suspended, or to be cancelled."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.plan.record import Phase
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer
from tests.unit.doubles.world import Process, World, calls_to
from tests.unit.lifecycle.scenarios import running, suspended


def ensure(world: World, **changes: object) -> Process:
    process = Process(world)
    process.ensure(world.wish(**changes), world.wish())
    return process


def test_a_suspended_job_is_down_and_its_savepoint_is_the_restore_point(world: World) -> None:
    running(world)
    ensure(world, state="suspended")
    (taken,) = [s for s in world.storage.snapshots.values() if s.savepoint]
    record = world.record()
    assert world.active() == []
    assert (record.phase, record.restore.path) == (Phase.SUSPENDED, taken.path)  # type: ignore[union-attr]


def test_a_suspended_jobs_jar_is_removed_from_the_cluster(world: World) -> None:
    suspended(world)
    assert world.flink.jars == {}


def test_a_resumed_job_goes_on_from_where_it_was_suspended(world: World) -> None:
    suspended(world)
    ensure(world)
    (taken,) = [s for s in world.storage.snapshots.values() if s.savepoint]
    assert world.the_job().restored == taken.path
    assert world.record().run.attempt == 2  # type: ignore[union-attr]


def test_a_suspended_job_is_left_alone(world: World) -> None:
    suspended(world)
    again = ensure(world, state="suspended")
    assert [str(call) for call in again.wire.calls if "/proxy/" in call.path and call.body] == []


def test_a_program_that_changed_meanwhile_runs_when_the_job_resumes(world: World) -> None:
    suspended(world)
    ensure(world, state="suspended", jar=world.jar(entries="2"))
    assert world.active() == []
    ensure(world, jar=world.jar(entries="2"))
    record = world.record()
    assert record.run is not None
    assert (record.phase, record.run.revision) == (Phase.STABLE, 2)


def test_a_job_that_does_not_resume_is_not_replaced_by_one_that_was_not_running(
    world: World,
) -> None:
    suspended(world)
    world.flink.behaviours["org.acme.Broken"] = Behaviour(fails="java.lang.Exception: broken")
    process = Process(world)
    with pytest.raises(StepFailed, match="broken"):
        process.ensure(world.wish(entry_class="org.acme.Broken"), world.wish(state="suspended"))
    assert world.active() == []
    assert world.record().phase is Phase.FAILED


def test_a_job_that_is_declared_suspended_before_it_ever_ran_does_not_start(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(state="suspended"))
    assert (world.storage.starts, world.record().phase) == ([], Phase.SUSPENDED)


def test_a_cancelled_job_keeps_its_latest_checkpoint(world: World) -> None:
    running(world)
    world.flink.checkpoint(world.the_job().id)
    ensure(world, state="cancelled")
    record = world.record()
    assert record.restore is not None
    assert (record.phase, record.restore.kind) == (Phase.CANCELLED, "checkpoint")


def test_a_job_that_was_cancelled_by_hand_can_be_suspended_with_its_checkpoint(
    world: World,
) -> None:
    running(world)
    world.flink.checkpoint(world.the_job().id)
    world.flink.handle("PATCH", f"/jobs/{world.the_job().id}", "mode=cancel", None)
    world.advance(5)
    ensure(world, state="suspended")
    record = world.record()
    assert record.restore is not None
    assert (record.phase, record.restore.kind) == (Phase.SUSPENDED, "checkpoint")
    ensure(world)
    assert world.the_job().restored == record.restore.path


def test_a_job_that_its_cluster_forgot_is_noted_as_lost_when_it_is_suspended(world: World) -> None:
    running(world)
    world.flink.restart()
    ensure(world, state="suspended")
    assert world.record().phase is Phase.LOST


def test_a_job_that_was_forgotten_does_not_resume_from_an_older_point(world: World) -> None:
    running(world)
    world.flink.restart()
    ensure(world, state="suspended")
    with pytest.raises(Refused, match="look below the checkpoint directory"):
        ensure(world)


def test_a_changed_restart_restarts_once(world: World) -> None:
    running(world)
    for _ in range(2):
        ensure(world, restart="tuesday")
    assert world.record().run.attempt == 2  # type: ignore[union-attr]


def test_a_restart_that_was_taken_back_counts_again(world: World) -> None:
    running(world)
    ensure(world, restart="tuesday")
    ensure(world)
    ensure(world, restart="tuesday")
    assert world.record().run.attempt == 3  # type: ignore[union-attr]


def test_a_restore_from_that_was_taken_back_counts_again(world: World) -> None:
    running(world)
    given = world.flink.savepoint(world.the_job().id, "file:/mine").path
    for _ in range(2):
        ensure(world, restore_from=given)
        assert world.the_job().restored == given
        ensure(world)
    assert world.record().run.attempt == 3  # type: ignore[union-attr]


def test_only_what_restore_from_names_is_claimed(world: World) -> None:
    running(world)
    given = world.flink.savepoint(world.the_job().id, "file:/mine").path
    ensure(world, restore_from=given, claim_mode="CLAIM")
    assert world.the_job().request["claimMode"] == "CLAIM"
    ensure(world, restore_from=given, claim_mode="CLAIM", parallelism=2)
    assert world.the_job().request["claimMode"] == "NO_CLAIM"


REFUSED_SAVEPOINT = Answer(500, {"errors": ["Caused by: java.io.IOException: no space left"]})


def test_an_upgrade_without_a_savepoint_goes_on_from_the_last_state_where_that_was_allowed(
    world: World,
) -> None:
    running(world)
    checkpoint = world.flink.checkpoint(world.the_job().id)
    process = Process(world)
    process.inject(REFUSED_SAVEPOINT, calls_to("POST", "/stop"))
    process.ensure(world.wish(parallelism=2, fallback="last_state"), world.wish())
    assert world.the_job().restored == checkpoint.path


def test_a_job_that_fails_over_with_its_savepoint_goes_on_from_its_last_state_as_well(
    world: World,
) -> None:
    running(world)
    checkpoint = world.flink.checkpoint(world.the_job().id)
    world.the_job().behaviour = Behaviour(savepoint_fails="x.Denied: no", savepoint_restarts=True)
    ensure(world, parallelism=2, fallback="last_state")
    assert world.the_job().restored == checkpoint.path
    assert (world.record().phase, world.record().open) == (Phase.STABLE, None)


def test_an_upgrade_without_a_savepoint_fails_where_no_fallback_was_allowed(world: World) -> None:
    running(world)
    before = world.the_job().id
    process = Process(world)
    process.inject(REFUSED_SAVEPOINT, calls_to("POST", "/stop"))
    with pytest.raises(StepFailed, match="the job runs on unchanged: IOException: no space left"):
        process.ensure(world.wish(parallelism=2), world.wish())
    assert world.the_job().id == before


def test_a_checkpoint_that_is_too_old_is_refused(world: World) -> None:
    running(world)
    world.flink.checkpoint(world.the_job().id)
    world.advance(100)
    with pytest.raises(Refused, match="and max_restore_age is 1 min: wait for a newer one"):
        ensure(world, parallelism=2, upgrade_mode="last_state", max_restore_age="1 min")
