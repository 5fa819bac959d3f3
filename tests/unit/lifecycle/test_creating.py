"""A job that is run for the first time."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.plan.record import Phase
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Call, Fault
from tests.unit.doubles.world import KEY, NAMESPACE, OWNER, Process, World, ref


def create(world: World, **changes: object) -> Process:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(**changes))
    return process


def test_it_is_stable_when_all_vertices_run_and_a_checkpoint_completed(world: World) -> None:
    create(world)
    record = world.record()
    assert record.phase is Phase.STABLE
    assert record.owner == OWNER
    assert record.run is not None
    assert (record.run.revision, record.run.attempt) == (1, 1)
    assert record.run.job_id == world.the_job().id == "98608e1c4c34f0bdda85523292d1b592"
    assert len(world.the_job().snapshots) == 1


def asked(process: Process, ending: str) -> int:
    """How often a path that ends so was read."""
    return sum(call.method == "GET" and call.path.endswith(ending) for call in process.wire.calls)


def test_whether_it_runs_is_not_asked_where_flink_answers_from_a_cache(world: World) -> None:
    process = create(world)
    assert asked(process, "/jobs/overview") == 1
    assert asked(process, f"/jobs/{world.the_job().id}") == 0


def test_a_cluster_that_runs_many_jobs_is_asked_for_this_one_alone(world: World) -> None:
    world.flink.slots = 100
    for number in range(21):
        world.flink.run_by_hand(f"{number:032x}", [f"other-{number}"])
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(slots_missing=1)
    process = Process(world)
    process.anchor()
    with pytest.raises(StepFailed, match="not stable within"):
        process.ensure(world.wish())
    assert asked(process, "/jobs/overview") == 1


def test_the_attempt_is_in_the_ledger_before_it_is_submitted(world: World) -> None:
    seen: list[tuple[str | None, str | None]] = []

    def look(call: Call) -> bool:
        if call.path.endswith("/run"):
            record = world.record()
            step = record.open
            seen.append((step.what if step else None, record.run.job_id if record.run else None))
        return False

    process = Process(world)
    process.anchor()
    process.inject(Fault.LOST, look)
    process.ensure(world.wish())
    assert seen == [("submit", "98608e1c4c34f0bdda85523292d1b592")]


def test_flink_is_given_what_was_declared(world: World) -> None:
    create(world, args=["fraud", "--rate=3"], parallelism=4, config={"a.b": True, "c": 3})
    assert world.the_job().request == {
        "entryClass": "org.acme.Fraud",
        "programArgsList": ["fraud", "--rate=3"],
        "parallelism": 4,
        "flinkConfiguration": {"a.b": "true", "c": "3"},
        "jobId": "98608e1c4c34f0bdda85523292d1b592",
    }


def test_the_ledger_holds_no_arguments_and_no_configuration(world: World) -> None:
    create(world, args=["fraud", "--password=hush"], config={"s3.secret-key": "hush"})
    (name,) = world.kube.names("Lease", NAMESPACE)
    assert "hush" not in str(world.kube.objects[("Lease", NAMESPACE, name)])


def test_the_same_declaration_again_changes_nothing(world: World) -> None:
    create(world)
    again = Process(world)
    again.ensure(world.wish(), world.wish())
    assert [call.method for call in again.wire.calls if "/proxy/" in call.path] == ["GET"] * 3
    assert len(world.storage.starts) == 1


def test_a_job_without_checkpointing_is_stable_when_it_runs(world: World) -> None:
    world.flink.interval = None
    create(world)
    assert world.record().phase is Phase.STABLE
    assert world.the_job().snapshots == []


def test_a_bounded_job_that_finishes_counts_as_stable(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(finishes=True)
    create(world)
    assert world.record().phase is Phase.FINISHED


def test_a_finished_job_is_left_alone_by_the_next_up(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(finishes=True)
    create(world)
    Process(world).ensure(world.wish())
    assert len(world.storage.starts) == 1


def test_a_version_that_triggers_no_checkpoints_waits_for_one_of_the_jobs_own(
    world: World,
) -> None:
    world.flink.version = "1.16.3"
    world.flink.interval = 3.0
    create(world, cluster=ref(version="1.16.3"))
    assert world.record().phase is Phase.STABLE
    assert world.clock.now() - world.the_job().started > 3.0


def test_one_that_checkpoints_too_seldom_and_can_not_be_asked_is_stable_when_it_runs(
    world: World,
) -> None:
    world.flink.version, world.flink.interval = "1.16.3", 600.0
    process = create(world, cluster=ref(version="1.16.3"))
    assert world.record().phase is Phase.STABLE
    assert "no checkpoint was waited for: its interval is longer than 20 s" in process.said[-1]


def test_one_that_fails_is_removed_and_says_flinks_root_cause(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(
        fails="org.acme.BadTopic: topic payments is not there"
    )
    with pytest.raises(StepFailed) as error:
        create(world)
    assert str(error.value) == (
        "BadTopic: topic payments is not there. "
        "The job was removed from the cluster; it had no state yet"
    )
    record = world.record()
    assert world.active() == []
    assert (record.phase, record.open) == (Phase.FAILED, None)
    assert [f.reason for f in record.failures] == ["BadTopic: topic payments is not there"]


def test_one_that_flink_refuses_says_why_and_leaves_a_true_ledger(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(refuses="java.lang.Error: no")
    with pytest.raises(StepFailed, match=r"^Error: no\. The job was removed"):
        create(world)
    assert (world.record().phase, world.record().open) == (Phase.FAILED, None)


def test_one_that_gets_no_slots_is_cancelled_at_the_deadline(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(slots_missing=1)
    with pytest.raises(StepFailed, match=r"^not stable within 20 s: RUNNING: 0/2 vertices running"):
        create(world)
    assert world.active() == []
    assert world.flink.jobs["98608e1c4c34f0bdda85523292d1b592"].state == "CANCELED"


def test_one_whose_checkpoints_fail_is_not_stable(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(checkpoint_fails="x.Full: disk is full")
    with pytest.raises(StepFailed, match=r"^no checkpoint completed within 20 s"):
        create(world)
    assert world.active() == []


def test_one_that_had_a_checkpoint_before_it_failed_goes_on_from_there(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(fails="x.Boom: 1", after_checkpoint=True)
    with pytest.raises(StepFailed, match=r"may have committed output.* goes on from file:/check"):
        create(world)
    world.flink.behaviours.clear()
    Process(world).ensure(world.wish())
    assert "/98608e1c4c34f0bdda85523292d1b592/chk-1" in str(world.the_job().restored)


def test_after_a_failure_the_same_revision_is_tried_with_a_new_attempt(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(StepFailed):
        create(world)
    world.flink.behaviours.clear()
    run = Process(world).ensure(world.wish()).run
    assert run is not None
    assert (run.revision, run.attempt) == (1, 2)


def test_a_job_whose_main_fails_is_refused_before_anything_is_submitted(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(plan_refused="x.Usage: --topic is missing")
    with pytest.raises(Refused) as error:
        create(world)
    assert str(error.value) == (
        "the job can't start, and nothing was changed: Usage: --topic is missing"
    )
    assert world.flink.jobs == {}


def test_a_lost_pulumi_state_adopts_the_job_that_runs(world: World) -> None:
    create(world)
    job_id = world.the_job().id
    create(world)
    assert world.the_job().id == job_id
    assert len(world.storage.starts) == 1


def test_a_lost_pulumi_state_and_a_new_jar_upgrade_the_job_with_its_state(world: World) -> None:
    create(world)
    create(world, jar=world.jar(entries="2"))
    assert [s.events == s.newest for s in world.storage.starts] == [True, True]
    assert world.the_job().restored is not None


def test_without_a_ledger_nothing_is_done(world: World) -> None:
    process = Process(world)
    with pytest.raises(Exception, match=r"the ledger of payments/fraud .* is not there") as error:
        process.ensure(world.wish())
    assert "\n" not in str(error.value)
    assert world.flink.jobs == {}


def test_a_deleted_ledger_is_made_good_by_what_pulumi_remembers(world: World) -> None:
    create(world)
    last = world.record().run
    (name,) = world.kube.names("Lease", NAMESPACE)
    del world.kube.objects[("Lease", NAMESPACE, name)]
    process = Process(world)
    process.anchor()
    record = process.ensure(world.wish(jar=world.jar(entries="2")), world.wish(), last)
    assert record.run is not None
    assert (record.run.revision, record.run.attempt) == (2, 2)
    assert world.storage.starts[-1].events == world.storage.starts[-1].newest > 0


def test_a_deleted_ledger_and_a_job_that_ended_meanwhile_are_not_started_empty(
    world: World,
) -> None:
    create(world)
    last = world.record().run
    (name,) = world.kube.names("Lease", NAMESPACE)
    del world.kube.objects[("Lease", NAMESPACE, name)]
    world.flink.restart()
    process = Process(world)
    process.anchor()
    with pytest.raises(Refused, match="set restore_from"):
        process.ensure(world.wish(), world.wish(), last)
    assert world.active() == []


def test_another_stacks_key_is_refused(world: World) -> None:
    create(world)
    other = OWNER.model_copy(update={"stack": "acme/flink/dev"})
    with pytest.raises(Refused) as error:
        Process(world).anchor(owner=other)
    assert str(error.value) == (
        "the job payments/fraud is managed by the stack acme/flink/prod: choose another key, or "
        "take it over with adopt=True and remove it from that stack's program"
    )


def test_another_stacks_key_is_taken_over_on_request(world: World) -> None:
    create(world)
    other = OWNER.model_copy(update={"stack": "acme/flink/dev"})
    Process(world).anchor(owner=other, adopt=True)
    assert world.record(KEY).owner == other


def test_one_that_fails_before_its_first_checkpoint_says_why(world: World) -> None:
    slow = Behaviour(checkpoint_fails="x.Full: disk is full", fails="x.Boom: 1", fails_after=5.0)
    world.flink.behaviours["org.acme.Fraud"] = slow
    with pytest.raises(
        StepFailed, match=r"^the job ended as FAILED before a checkpoint was complete: Boom: 1"
    ):
        create(world)
