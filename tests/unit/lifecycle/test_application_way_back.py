"""An application whose upgrade fails, or whose runner or JobManager is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flink_components.lifecycle.errors import LockLost, StepFailed
from flink_components.lifecycle.history import book_of
from flink_components.plan.record import Phase
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer, Call, Fault
from tests.unit.doubles.world import NAMESPACE, Process
from tests.unit.lifecycle.applications import BROKEN, failing, new_revision, run


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApplicationWorld]:
    made = ApplicationWorld(tmp_path)
    yield made
    assert made.storage.violations == []
    starts = [start for start in made.storage.starts if made.active()]
    assert [start.events for start in starts] == [start.newest for start in starts]


# -- the way back -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.20.3", "2.3.0"])
@pytest.mark.parametrize("ha", [False, True])
def test_a_start_that_fails_is_told_by_its_cause_and_the_old_revision_runs_again(
    world: ApplicationWorld, version: str, ha: bool
) -> None:
    world.version, world.ha = version, ha
    run(world)
    world.behaviours["v2"] = BROKEN
    said = failing(world, "v2")
    assert said.startswith(
        "IllegalStateException: no operator takes its state. The old revision 1 runs again from "
        "file:/savepoints/payments/fraud/1-1/"
    )
    record = world.record()
    assert (record.phase, record.run.revision, record.run.attempt) == (  # type: ignore[union-attr]
        Phase.ROLLED_BACK,
        1,
        3,
    )
    assert world.the_job().entry_class == "v1"
    assert world.revisions[2].replicas("jobmanager") == 0


def test_the_way_back_does_not_wait_until_kubernetes_starts_an_ended_container_again(
    world: ApplicationWorld,
) -> None:
    run(world)
    world.revisions[1].back_off = 300
    world.behaviours["v2"] = BROKEN
    assert "The old revision 1 runs again" in failing(world, "v2")
    assert world.the_job().entry_class == "v1"


def test_a_guard_that_dies_after_its_answer_costs_a_wait_and_the_old_revision_runs_again(
    world: ApplicationWorld,
) -> None:
    run(world)
    process = Process(world)

    def dies(call: Call) -> bool:
        if call.path.endswith("/stop"):
            world.revisions[2].silent = True
        return False

    process.inject(Fault.LOST, dies)
    with pytest.raises(StepFailed) as error:
        world.up(process, "v2", world.wish_of(1, "v1"))
    assert str(error.value).startswith(
        "no JobManager of revision 2 of payments/fraud has started within 90 s: "
        "fraud-r2-jobmanager-0: Running. The old revision 1 runs again from"
    )


def test_a_guard_that_claims_at_the_last_moment_is_not_taken_back(world: ApplicationWorld) -> None:
    run(world)
    process, revision = Process(world), new_revision(world)

    def wakes_up(call: Call) -> bool:
        if call.path.endswith("/stop"):
            revision.silent = True
        withdraws = call.method == "PUT" and '"state":"down"' in str(call.body)
        if withdraws and revision.silent:
            revision.silent = False
            assert revision.jvm is not None
            revision.jvm.next_look = 0.0
            revision.tick()
        return False

    process.inject(Fault.LOST, wakes_up)
    world.up(process, "v2", world.wish_of(1, "v1"))
    assert world.the_job().entry_class == "v2"
    assert world.record().phase is Phase.STABLE


def test_a_new_job_that_has_completed_a_checkpoint_is_not_taken_back(
    world: ApplicationWorld,
) -> None:
    run(world)
    world.behaviours["v2"] = Behaviour(
        fails="java.lang.IllegalStateException: late", after_checkpoint=True
    )
    said = failing(world, "v2")
    assert "It had completed a checkpoint of its own, so it may have committed output" in said
    record = world.record()
    assert record.phase is Phase.FAILED
    assert "/chk-" in record.restore.path  # type: ignore[union-attr]
    assert world.go() == {"state": "down"}


def test_without_the_log_of_a_jobmanager_that_ended_nobody_knows_what_its_job_has_done(
    world: ApplicationWorld,
) -> None:
    run(world)
    world.behaviours["v2"] = BROKEN
    process = Process(world)
    forbidden = Answer(403, {"message": "pods/log is forbidden"})
    process.inject(forbidden, lambda call: call.path.endswith("/log"), times=100)
    with pytest.raises(StepFailed) as error:
        world.up(process, "v2", world.wish_of(1, "v1"))
    assert str(error.value).startswith("its JobManager ended with exit status 2. It had completed")
    assert "its log can't be read, so it may have completed a checkpoint" in process.said
    assert world.active() == []


def test_three_failures_and_a_success_leave_no_litter(world: ApplicationWorld) -> None:
    run(world)
    for program in ("v2", "v3", "v4"):
        world.behaviours[program] = BROKEN
        failing(world, program)
        assert world.the_job().entry_class == "v1"
    run(world, "v5")
    assert world.record().revisions == {"5": "v5"}
    assert {name[:8] for name in world.objects_of_revisions()} == {"fraud-r5"}


def test_another_try_takes_the_same_revision_under_the_next_attempt(
    world: ApplicationWorld,
) -> None:
    run(world)
    world.behaviours["v2"] = BROKEN
    failing(world, "v2")
    world.behaviours.clear()
    run(world, "v2")
    run_ = world.record().run
    assert run_ is not None
    assert (run_.revision, run_.attempt) == (2, 4)


def test_a_revert_after_a_failure_is_a_revision_of_its_own(world: ApplicationWorld) -> None:
    run(world)
    world.behaviours["v2"] = BROKEN
    failing(world, "v2")
    run(world, "v1")
    run_ = world.record().run
    assert run_ is not None
    assert (run_.revision, run_.fingerprint) == (3, "v1")
    assert {name[:8] for name in world.objects_of_revisions()} == {"fraud-r3"}


# -- nobody there to finish -------------------------------------------------------------------


def frozen_after_the_stop(world: ApplicationWorld, process: Process, seconds: float) -> None:
    """The runner does nothing for so long, just before it would say go."""
    frozen: list[bool] = []

    def freezes(call: Call) -> bool:
        if not frozen and call.method == "PUT" and '"what":"submit"' in str(call.body):
            frozen.append(True)
            world.advance(seconds)
        return False

    process.inject(Fault.LOST, freezes)
    world.up(process, "v2", world.wish_of(1, "v1"))


def test_a_job_whose_runner_froze_is_taken_back_and_the_runner_can_do_nothing_more(
    world: ApplicationWorld,
) -> None:
    run(world)
    with pytest.raises(LockLost):
        frozen_after_the_stop(world, Process(world), 60.0)
    job = world.the_job()
    assert (job.entry_class, world.claim()["attempt"]) == ("v1", 2)
    assert str(job.restored).startswith("file:/savepoints/payments/fraud/1-1/")
    record = world.record()
    assert (record.phase, record.run.job_id, record.attempts) == (  # type: ignore[union-attr]
        Phase.DEPLOYED,
        job.id,
        2,
    )


def test_the_next_up_goes_on_from_what_was_taken_back(world: ApplicationWorld) -> None:
    run(world)
    with pytest.raises(LockLost):
        frozen_after_the_stop(world, Process(world), 60.0)
    run(world, "v2")
    run_ = world.record().run
    assert run_ is not None
    assert (run_.revision, run_.attempt) == (2, 3)
    paths = [point.path for point in book_of(Process(world).ledger()).read().points]
    assert [path.split("/")[4] for path in paths] == ["1-1", "1-2"]


def test_a_short_pause_is_no_reason_to_take_it_back(world: ApplicationWorld) -> None:
    run(world)
    frozen_after_the_stop(world, Process(world), 15.0)
    assert world.the_job().entry_class == "v2"


def test_a_jobmanager_that_dies_while_the_job_is_stopped_goes_on_and_is_stopped_again(
    world: ApplicationWorld,
) -> None:
    world.ha = True
    run(world)
    world.revisions[1].flink.checkpoint(world.the_job().id)
    process, died = Process(world), []

    def dies(call: Call) -> bool:
        if call.path.endswith("/stop") and not died:
            died.append(True)
            world.revisions[1].exit(137)
        return False

    process.inject(Fault.LOST, dies)
    world.up(process, "v2", world.wish_of(1, "v1"))
    assert world.the_job().entry_class == "v2"


# -- a JobManager that is lost ----------------------------------------------------------------


def test_without_high_availability_a_lost_job_needs_a_declaration_to_go_on(
    world: ApplicationWorld,
) -> None:
    run(world)
    world.revisions[1].exit(137)
    world.advance(5)
    assert world.active() == []
    said = failing(world, "v1")
    assert said.startswith(
        "the job is lost with its cluster, and where its latest checkpoint is can't be asked any "
        "more (there is none below "
    ) or said.startswith("the job is lost with its cluster, and where its latest checkpoint is")
    assert world.active() == []


def lost_with_a_checkpoint(world: ApplicationWorld) -> None:
    run(world, upgrade_mode="last_state")
    revision = world.revisions[1]
    folder = world.folder / "checkpoints"
    revision.flink.keep_checkpoints_in(folder)
    options = world.kube.objects[("ConfigMap", NAMESPACE, "fraud-r1-config")]["data"]
    options["config.yaml"] += f"execution.checkpointing.dir: file:{folder}\n"
    revision.flink.checkpoint(world.the_job().id)
    revision.exit(137)
    world.advance(5)


def test_a_lost_job_goes_on_from_its_last_state_once_no_pod_of_it_is_left(
    world: ApplicationWorld,
) -> None:
    lost_with_a_checkpoint(world)
    pods: list[list[str]] = []

    def look(call: Call) -> bool:
        if call.method == "PUT" and '"what":"submit"' in str(call.body):
            pods.append([n for n in world.kube.names("Pod", NAMESPACE) if "-r1-" in n])
        return False

    process = Process(world)
    process.inject(Fault.LOST, look)
    world.up(process, "v2", world.wish_of(1, "v1"), upgrade_mode="last_state")
    assert pods[0] == []
    assert "/chk-" in str(world.the_job().restored)


def test_a_pod_that_does_not_end_keeps_a_lost_job_from_being_started_twice(
    world: ApplicationWorld,
) -> None:
    lost_with_a_checkpoint(world)
    world.revisions[1].stuck = True
    said = failing(world, "v2", upgrade_mode="last_state")
    assert said.startswith("the pods fraud-r1-jobmanager-0, fraud-r1-taskmanager-0, ")
    assert world.active() == []
