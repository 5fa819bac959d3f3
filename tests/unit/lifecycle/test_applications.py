"""An application: started, upgraded beside what runs, suspended, resumed, finished, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flink_components.lifecycle.anchoring import release
from flink_components.lifecycle.errors import LockLost, Refused, StepFailed
from flink_components.lifecycle.history import book_of
from flink_components.lifecycle.revisions import write_revision
from flink_components.lifecycle.starting_by_hand import rollback_by_hand
from flink_components.plan.record import Phase
from tests.unit.doubles.application_world import NAME, ApplicationWorld
from tests.unit.doubles.fake_application import FakeRevision
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer, Call, Fault
from tests.unit.doubles.world import KEY, NAMESPACE, OWNER, Process, calls_to

BROKEN = Behaviour(refuses="java.lang.IllegalStateException: no operator takes its state")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApplicationWorld]:
    made = ApplicationWorld(tmp_path)
    yield made
    assert made.storage.violations == []
    starts = [start for start in made.storage.starts if made.active()]
    assert [start.events for start in starts] == [start.newest for start in starts]


def run(world: ApplicationWorld, program: str = "v1", **changes: object) -> Process:
    process = Process(world)
    before = world.wish_of(1, "v1") if world.known else None
    world.up(process, program, before, **changes)
    world.advance(5)
    return process


def failing(world: ApplicationWorld, program: str, **changes: object) -> str:
    with pytest.raises((Refused, StepFailed)) as error:
        run(world, program, **changes)
    return str(error.value)


def new_revision(world: ApplicationWorld, program: str = "v2") -> FakeRevision:
    """The objects of the next one, before its switch."""
    write_revision(Process(world).ledger(), 2, program)
    return world.make(2, program)


# -- start and upgrade -----------------------------------------------------------------------


def test_the_first_start_claims_attempt_one_of_revision_one(world: ApplicationWorld) -> None:
    run(world)
    record = world.record()
    assert (record.phase, record.open) == (Phase.STABLE, None)
    assert world.the_job().id == record.run.job_id  # type: ignore[union-attr]
    assert (world.claim()["attempt"], world.claim()["revision"]) == (1, 1)


def test_an_upgrade_goes_on_from_a_savepoint_on_a_revision_of_its_own(
    world: ApplicationWorld,
) -> None:
    run(world)
    run(world, "v2")
    record, job = world.record(), world.the_job()
    assert (record.run.revision, record.run.attempt) == (2, 2)  # type: ignore[union-attr]
    assert job.entry_class == "v2"
    assert str(job.restored).startswith("file:/savepoints/payments/fraud/1-1/")


def test_nothing_of_the_old_revision_is_left_and_the_service_leads_to_the_new_one(
    world: ApplicationWorld,
) -> None:
    world.ha = True
    run(world)
    run(world, "v2")
    assert world.objects_of_revisions() == [
        "fraud-r2-config",
        "fraud-r2-guard",
        "fraud-r2-ha-cluster-config-map",
        "fraud-r2-jobmanager",
        "fraud-r2-jobmanager-0",
        "fraud-r2-rest",
        "fraud-r2-taskmanager",
        "fraud-r2-taskmanager-0",
        "fraud-r2-taskmanager-1",
    ]
    service = world.kube.objects[("Service", NAMESPACE, f"{NAME}-rest")]
    assert service["spec"]["selector"] == {"flink-components/revision": "2"}
    assert world.record().revisions == {"2": "v2"}


def test_the_same_declaration_again_changes_nothing(world: ApplicationWorld) -> None:
    run(world)
    job = world.the_job().id
    run(world)
    assert world.the_job().id == job
    assert len(world.storage.starts) == 1


def test_a_restart_stays_on_its_revision_under_the_next_attempt(world: ApplicationWorld) -> None:
    run(world)
    run(world, restart="tuesday")
    run_ = world.record().run
    assert run_ is not None
    assert (run_.revision, run_.attempt, world.claim()["attempt"]) == (1, 2, 2)


def test_a_switch_is_measured(world: ApplicationWorld) -> None:
    run(world)
    run(world, "v2")
    switch = world.record().last_switch
    assert switch is not None
    assert sorted(switch.steps) == ["go", "prepare", "run", "stable", "stop"]
    assert switch.down == pytest.approx(sum(switch.steps[name] for name in ("stop", "go", "run")))
    history = book_of(Process(world).ledger()).read()
    assert [(one.revision, one.down is None) for one in history.switches] == [(1, True), (2, False)]
    events = [body for (kind, _, _), body in world.kube.objects.items() if kind == "Event"]
    assert [event["involvedObject"]["name"] for event in events] == ["fraud-rest", "fraud-rest"]
    assert events[1]["message"].startswith("revision 2 runs as attempt 2 (prepare ")


def test_without_room_the_old_workers_stay_until_nobody_takes_the_job_back(
    world: ApplicationWorld,
) -> None:
    run(world)
    said: list[tuple[str, object]] = []

    def look(call: Call) -> bool:
        if call.method == "PATCH" and call.path.endswith("fraud-r1-taskmanager"):
            said.append((world.go()["state"], world.go()["revision"]))
        return False

    process = Process(world)
    process.inject(Fault.LOST, look)
    world.up(process, "v2", world.wish_of(1, "v1"), surge=False)
    assert said == [("go", 2)]


# -- before anything is stopped --------------------------------------------------------------


def test_pods_that_can_not_write_savepoints_stop_nothing(world: ApplicationWorld) -> None:
    run(world)
    job = world.the_job().id
    new_revision(world).unwritable = "AccessDenied: no PutObject"
    assert failing(world, "v2") == (
        "the pods of revision 2 of payments/fraud can't write to file:///savepoints: "
        "AccessDenied: no PutObject; nothing was stopped"
    )
    assert world.the_job().id == job
    assert world.record().phase is Phase.STABLE


def test_an_image_that_can_not_be_pulled_stops_nothing(world: ApplicationWorld) -> None:
    run(world)
    job = world.the_job().id
    new_revision(world).problem = "ImagePullBackOff"
    assert failing(world, "v2") == (
        "revision 2 of payments/fraud can't start, and nothing was stopped: "
        "fraud-r2-jobmanager-0: ImagePullBackOff it says why"
    )
    assert world.the_job().id == job


def test_a_quota_that_is_exceeded_stops_nothing(world: ApplicationWorld) -> None:
    run(world)
    revision = new_revision(world)
    deployment = world.kube.objects[("Deployment", NAMESPACE, "fraud-r2-jobmanager")]
    condition = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: memory"}
    deployment["status"] = {"conditions": [condition]}
    revision.replicas = lambda component: 0  # type: ignore[method-assign]
    assert failing(world, "v2") == (
        "revision 2 of payments/fraud can't start, and nothing was stopped: "
        "fraud-r2-jobmanager: exceeded quota: memory"
    )
    assert world.the_job().entry_class == "v1"


def test_a_guard_that_does_not_answer_stops_nothing(world: ApplicationWorld) -> None:
    run(world)
    new_revision(world).silent = True
    assert failing(world, "v2") == (
        "revision 2 of payments/fraud is not ready within 1 min, and nothing was stopped: "
        "its JobManager does not answer"
    )
    assert world.the_job().entry_class == "v1"


# -- the way back ----------------------------------------------------------------------------


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


# -- nobody there to finish ------------------------------------------------------------------


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


# -- a JobManager that is lost ---------------------------------------------------------------


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


# -- down ------------------------------------------------------------------------------------


def test_a_bounded_job_that_has_finished_is_never_started_again(world: ApplicationWorld) -> None:
    world.behaviours["v1"] = Behaviour(finishes=True)
    run(world)
    run(world)
    assert world.record().phase is Phase.FINISHED
    assert len(world.storage.starts) == 1
    assert world.revisions[1].replicas("jobmanager") == 0


def test_a_bounded_job_that_has_finished_keeps_its_pods_on_request(
    world: ApplicationWorld,
) -> None:
    world.behaviours["v1"] = Behaviour(finishes=True)
    run(world, cleanup="keep")
    run(world, cleanup="keep")
    assert world.revisions[1].replicas("jobmanager") == 1
    assert len(world.storage.starts) == 1


def test_before_1_15_the_end_of_a_bounded_job_is_in_the_log_alone(
    world: ApplicationWorld,
) -> None:
    world.version = "1.13.6"
    run(world)
    job = world.the_job()
    world.revisions[1].flink.finish(job.id)
    world.revisions[1].exit(0, f"Job {job.id} reached terminal state FINISHED.")
    world.advance(5)
    run(world)
    assert world.record().phase is Phase.FINISHED
    assert len(world.storage.starts) == 1


def test_a_first_start_that_was_killed_is_removed_by_a_delete(world: ApplicationWorld) -> None:
    process = Process(world)
    process.anchor()
    write_revision(process.ledger(), 1, "v1")
    world.make(1, "v1")
    wish = world.wish_of(1, "v1")
    assert release(process.shop, process.ledger(), OWNER, wish.spec) == "nothing ran"
    assert world.objects_of_revisions() == []


def test_a_delete_that_keeps_the_job_keeps_its_pods(world: ApplicationWorld) -> None:
    run(world)
    process, wish = Process(world), world.wish_of(1, "v1", on_delete="keep")
    release(process.shop, process.ledger(), OWNER, wish.spec)
    world.advance(5)
    assert len(world.active()) == 1
    assert world.go()["state"] == "go"


# -- by hand ---------------------------------------------------------------------------------


def test_a_rollback_by_hand_says_that_the_objects_are_gone(world: ApplicationWorld) -> None:
    run(world)
    with pytest.raises(Refused) as error:
        rollback_by_hand(Process(world).shop, Process(world).ledger())
    assert str(error.value) == (
        "payments/fraud is an application, and the objects of its earlier revisions were removed: "
        "put the earlier program into its Pulumi program, and run `pulumi up`"
    )


def test_an_application_keeps_its_key(world: ApplicationWorld) -> None:
    run(world)
    with pytest.raises(Refused, match=r"^payments/fraud is an application, whose pods look"):
        Process(world).anchor("payments/fraud-2", previous_key=KEY)


def test_a_ledger_that_was_deleted_is_made_again_and_its_job_is_not_started_twice(
    world: ApplicationWorld,
) -> None:
    run(world)
    job, last = world.the_job().id, world.record().run
    del world.kube.objects[("Lease", NAMESPACE, "job-payments-fraud-75428747-ledger")]
    process = Process(world)
    process.anchor()
    world.make(1, "v1")
    from flink_components.lifecycle.application import ensure_application

    ensure_application(process.shop, world.wish_of(1, "v1"), world.wish_of(1, "v1"), last)
    world.revisions[1].exit(137)
    world.advance(30)
    assert world.claim()["attempt"] == 1
    assert [start.job_id for start in world.storage.starts] == [job]


# -- the ledger ------------------------------------------------------------------------------


def test_what_a_guard_writes_meanwhile_is_kept(world: ApplicationWorld) -> None:
    run(world)
    with Process(world).ledger().lock("up of it") as held:
        lease = world.kube.objects[("Lease", NAMESPACE, held._ledger.name)]
        world.revisions[1]._write(lease, {"flink-components/probed": "x"})
        held.commit(reason="changed")
    annotations = world.kube.objects[("Lease", NAMESPACE, held._ledger.name)]["metadata"]
    assert annotations["annotations"]["flink-components/probed"] == "x"
    assert world.record().reason == "changed"


def test_the_answer_to_go_may_be_lost(world: ApplicationWorld) -> None:
    run(world)
    process = Process(world)
    process.inject(
        Fault.LOST, lambda call: call.method == "PUT" and '"what":"submit"' in str(call.body)
    )
    world.up(process, "v2", world.wish_of(1, "v1"))
    assert world.the_job().entry_class == "v2"
    assert len(world.storage.starts) == 2


def test_the_stop_is_sent_once(world: ApplicationWorld) -> None:
    run(world)
    process = Process(world)
    process.inject(Fault.LOST, calls_to("POST", "/stop"))
    world.up(process, "v2", world.wish_of(1, "v1"))
    assert len([s for s in world.storage.snapshots.values() if s.savepoint]) == 1
