"""An application: started, upgraded beside what runs, suspended, resumed, finished, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flink_components.lifecycle.anchoring import release
from flink_components.lifecycle.application import ensure_application
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.history import book_of
from flink_components.lifecycle.revisions import write_revision
from flink_components.plan.record import Phase
from tests.unit.doubles.application_world import NAME, ApplicationWorld
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer, Call, Fault
from tests.unit.doubles.world import KEY, NAMESPACE, OWNER, Process, calls_to
from tests.unit.lifecycle.applications import failing, new_revision, run


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApplicationWorld]:
    made = ApplicationWorld(tmp_path)
    yield made
    assert made.storage.violations == []
    starts = [start for start in made.storage.starts if made.active()]
    assert [start.events for start in starts] == [start.newest for start in starts]


# -- start and upgrade ------------------------------------------------------------------------


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
        "fraud-r2-rpc",
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
    record = world.record()
    switch = record.last_switch
    assert switch is not None
    assert sorted(switch.steps) == ["go", "prepare", "run", "stable", "stop"]
    assert switch.down == pytest.approx(sum(switch.steps[name] for name in ("stop", "go", "run")))
    assert record.restore is not None
    taken = world.storage.snapshots[record.restore.path]
    assert switch.size == 1000 + taken.events
    history = book_of(Process(world).ledger()).read()
    assert [(one.revision, one.down is None) for one in history.switches] == [(1, True), (2, False)]
    events = [body for (kind, _, _), body in world.kube.objects.items() if kind == "Event"]
    assert [event["involvedObject"]["name"] for event in events] == ["fraud-rest", "fraud-rest"]
    assert events[1]["message"].startswith("revision 2 runs as attempt 2 (prepare ")


def test_a_job_that_did_not_run_before_was_not_down(world: ApplicationWorld) -> None:
    run(world)
    run(world, state="suspended")
    run(world)
    switch = world.record().last_switch
    assert switch is not None
    assert (switch.attempt, switch.down) == (2, None)


@pytest.mark.parametrize(
    ("what", "warning"),
    [
        ("'Event'", "payments/fraud: no Event says how the switch went: "),
        ("history-payments", "payments/fraud: how the switch went is not in its history: "),
    ],
)
def test_what_may_not_be_written_about_a_switch_is_a_warning(
    world: ApplicationWorld, what: str, warning: str
) -> None:
    process = Process(world)
    warned: list[str] = []
    process.shop = replace(process.shop, warn=warned.append)
    forbidden = Answer(403, {"message": "not allowed"})
    process.inject(forbidden, lambda call: call.method == "POST" and what in str(call.body))
    world.up(process, "v1")
    assert world.record().phase is Phase.STABLE
    assert [text.startswith(warning) for text in warned] == [True]


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


# -- before anything is stopped ---------------------------------------------------------------


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


# -- down -------------------------------------------------------------------------------------


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


def test_a_job_that_was_just_taken_back_is_stopped_once_all_its_tasks_run(
    world: ApplicationWorld,
) -> None:
    run(world)
    world.the_job().behaviour.slots_missing = 1
    began = world.clock.now()
    said = failing(world, "v2")
    assert "Not all required tasks are currently running" in said
    assert 30 <= world.clock.now() - began < 60
    assert world.the_job().entry_class == "v1"


# -- by hand ----------------------------------------------------------------------------------


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

    ensure_application(process.shop, world.wish_of(1, "v1"), world.wish_of(1, "v1"), last)
    world.revisions[1].exit(137)
    world.advance(30)
    assert world.claim()["attempt"] == 1
    assert [start.job_id for start in world.storage.starts] == [job]


# -- the ledger -------------------------------------------------------------------------------


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
