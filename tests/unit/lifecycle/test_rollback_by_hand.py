"""A person takes a job back to the program it had before, without that program and Pulumi."""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.lifecycle.by_hand import suspend_by_hand
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.planning import plan
from flink_components.lifecycle.starting_by_hand import resume_by_hand, rollback_by_hand
from flink_components.plan.record import Phase, Run
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Fault, Killed
from tests.unit.doubles.world import NAMESPACE, Process, World, calls_to, ref
from tests.unit.lifecycle.scenarios import running, upgraded


def rollback(
    world: World, jar: str | None = None, last_state: bool = False, may_lose: str = ""
) -> Run:
    process = Process(world)
    run = rollback_by_hand(process.shop, process.ledger(), jar, last_state, may_lose).run
    assert run is not None
    return run


def upgrade(world: World, entries: str, before: str) -> None:
    declared = world.wish(jar=world.jar(entries=before))
    Process(world).ensure(world.wish(jar=world.jar(entries=entries)), declared)
    world.advance(5)


def content(world: World, entries: str) -> str:
    return world.wish(jar=world.jar(entries=entries)).content


def test_the_earlier_program_goes_on_with_all_the_state(world: World) -> None:
    upgraded(world)
    run = rollback(world)
    assert (run.jar, run.revision, run.rolled_back_from) == (content(world, "1"), 3, 2)
    start = world.storage.starts[-1]
    assert start.savepoint is not None
    assert start.savepoint.startswith("file:/savepoints/payments/fraud/2-2/")
    assert start.events == start.newest
    assert world.record().phase is Phase.STABLE


def test_state_is_left_out_only_where_that_is_accepted_and_the_ledger_keeps_why(
    world: World,
) -> None:
    upgraded(world)
    rollback(world)
    assert world.the_job().request["allowNonRestoredState"] is False
    upgrade(world, "3", "2")
    rollback(world, may_lose="a wrong window")
    assert world.the_job().request["allowNonRestoredState"] is True
    assert [(one.operator, one.version, one.reason) for one in world.record().accepted] == [
        ("*", "rollback from revision 4", "a wrong window")
    ]


def test_the_next_up_goes_to_the_declared_program_again_and_its_preview_says_so(
    world: World,
) -> None:
    upgraded(world)
    rollback(world)
    declared = world.wish(jar=world.jar(entries="2"))
    inputs = {**world.inputs(), "jar": world.jar(entries="2"), "jar_content": declared.content}
    shown = plan(Process(world).shop, declared, inputs)
    assert (shown.headline, shown.new_revision) == ("RESTARTS WITH ITS STATE", 4)
    record = Process(world).ensure(declared, declared)
    assert record.run is not None
    assert (record.run.jar, record.run.rolled_back_from) == (content(world, "2"), None)


def test_a_rollback_of_a_rollback_brings_the_later_program_back(world: World) -> None:
    upgraded(world)
    rollback(world)
    run = rollback(world)
    assert (run.jar, run.revision, run.rolled_back_from) == (content(world, "2"), 4, 3)


def test_it_skips_what_never_was_stable(world: World) -> None:
    upgraded(world)
    world.flink.behaviours["org.acme.Broken"] = Behaviour(fails="java.lang.Exception: broken")
    declared = world.wish(jar=world.jar(entries="2"))
    with pytest.raises(StepFailed):
        Process(world).ensure(world.wish(entry_class="org.acme.Broken"), declared)
    upgrade(world, "3", "2")
    assert rollback(world).jar == content(world, "2")


def test_it_goes_to_what_ran_before_and_not_to_what_was_written_last(world: World) -> None:
    upgraded(world)
    rollback(world)
    upgrade(world, "3", "1")
    assert rollback(world).jar == content(world, "1")


def test_how_the_job_is_run_stays_as_it_was_declared_last(world: World) -> None:
    running(world)
    changed = {"jar": world.jar(entries="2"), "args": ["fraud", "--fast"]}
    elsewhere = {**changed, "savepoint_dir": "file:///elsewhere", "restart": "tuesday"}
    Process(world).ensure(world.wish(**changed), world.wish())
    Process(world).ensure(world.wish(**elsewhere), world.wish(**changed))
    run = rollback(world)
    assert world.the_job().args == ["fraud"]
    assert (run.savepoint_dir, run.restart) == ("file:///elsewhere", "tuesday")
    assert str(run.restored_from).startswith("file:/elsewhere/payments/fraud/")


def test_it_stays_on_the_cluster_where_it_runs(world: World) -> None:
    running(world)
    world.add_cluster("etl", 2)
    moved = {"jar": world.jar(entries="2"), "cluster": ref(revision=2)}
    Process(world).ensure(world.wish(**moved), world.wish())
    assert rollback(world).cluster["revision"] == 2


def test_one_that_is_not_stable_leads_back_to_the_present_one(world: World) -> None:
    process = Process(world)
    process.anchor()
    older = world.wish(entry_class="org.acme.Older")
    process.ensure(older)
    process.ensure(world.wish(), older)
    world.flink.behaviours["org.acme.Older"] = Behaviour(fails="java.lang.Exception: broken")
    with pytest.raises(StepFailed, match=r"^Exception: broken. The old revision 2 runs again from"):
        rollback(world)
    record = world.record()
    assert (record.phase, world.the_job().entry_class) == (Phase.ROLLED_BACK, "org.acme.Fraud")


def test_a_suspended_job_starts_with_the_earlier_program(world: World) -> None:
    upgraded(world)
    process = Process(world)
    path = suspend_by_hand(process.shop, process.ledger()).path
    assert rollback(world).restored_from == path


def test_a_suspended_job_stays_down_where_the_earlier_program_is_not_stable(world: World) -> None:
    upgraded(world)
    process = Process(world)
    path = suspend_by_hand(process.shop, process.ledger()).path
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(fails="java.lang.Exception: broken")
    with pytest.raises(StepFailed) as error:
        rollback(world)
    assert str(error.value) == (
        f"Exception: broken. The job is down; `pulumi up` goes on from {path}"
    )
    assert world.active() == []
    world.flink.behaviours.clear()
    run = rollback(world)
    assert (run.jar, run.restored_from) == (content(world, "2"), path)


def test_a_resume_after_it_runs_the_program_it_went_to(world: World) -> None:
    upgraded(world)
    rollback(world)
    process = Process(world)
    suspend_by_hand(process.shop, process.ledger())
    record = resume_by_hand(process.shop, process.ledger())
    assert record.run is not None
    assert (record.run.jar, record.run.revision) == (content(world, "1"), 3)
    assert record.run.rolled_back_from == 2


class TestAnUpAfterIt:
    """Pulumi knows of the job what was declared before the rollback."""

    def test_that_fails_leads_back_to_what_the_rollback_has_left(self, world: World) -> None:
        upgraded(world)
        rollback(world)
        world.flink.behaviours["org.acme.Broken"] = Behaviour(fails="java.lang.Exception: broken")
        declared = world.wish(jar=world.jar(entries="2"))
        with pytest.raises(StepFailed, match="The old revision 3 runs again from file:"):
            Process(world).ensure(world.wish(entry_class="org.acme.Broken"), declared)
        run = world.record().run
        assert run is not None
        assert (run.jar, run.revision) == (content(world, "1"), 3)

    def test_that_fails_leaves_the_job_down_where_that_was_not_kept(self, world: World) -> None:
        upgraded(world)
        rollback(world)
        (name,) = world.kube.names("Secret", NAMESPACE)
        del world.kube.objects[("Secret", NAMESPACE, name)]
        world.flink.behaviours["org.acme.Broken"] = Behaviour(fails="java.lang.Exception: broken")
        declared = world.wish(jar=world.jar(entries="2"))
        with pytest.raises(StepFailed, match="The job is down; `pulumi up` goes on from file:"):
            Process(world).ensure(world.wish(entry_class="org.acme.Broken"), declared)


class TestOfAJobThatCanNotTakeASavepoint:
    def test_it_names_the_way(self, world: World) -> None:
        upgraded(world)
        world.flink.fail(world.the_job().id, "java.lang.Exception: x")
        with pytest.raises(Refused) as error:
            rollback(world)
        assert str(error.value) == (
            "payments/fraud is FAILED, so it can't take a savepoint: give --last-state to go on "
            "from its latest completed checkpoint"
        )

    def test_with_it_the_earlier_program_goes_on_from_the_checkpoint(self, world: World) -> None:
        upgraded(world)
        taken = world.flink.checkpoint(world.the_job().id)
        world.flink.fail(world.the_job().id, "java.lang.Exception: x")
        run = rollback(world, last_state=True)
        assert (run.jar, run.restored_from) == (content(world, "1"), taken.path)

    def test_one_that_restarts_again_and_again_is_cancelled_first(self, world: World) -> None:
        upgraded(world)
        taken = world.flink.checkpoint(world.the_job().id)
        world.the_job().state = "RESTARTING"
        run = rollback(world, last_state=True)
        assert (run.jar, run.restored_from) == (content(world, "1"), taken.path)


class TestRefused:
    def test_a_job_with_one_program_only(self, world: World) -> None:
        running(world)
        with pytest.raises(Refused) as error:
            rollback(world)
        assert str(error.value) == (
            "no program that was stable before revision 1 of payments/fraud is kept: put the "
            "earlier one into its Pulumi program, and run `pulumi up`"
        )

    def test_a_job_that_never_ran(self, world: World) -> None:
        Process(world).anchor()
        never = r"^payments/fraud has never run: start it by `pulumi up`$"
        with pytest.raises(Refused, match=never):
            rollback(world)

    def test_a_job_that_was_deleted(self, world: World) -> None:
        upgraded(world)
        Process(world).release(world.wish())
        with pytest.raises(Refused, match=r"^payments/fraud was deleted meanwhile"):
            rollback(world)

    def test_a_job_that_has_finished_its_work(self, world: World) -> None:
        upgraded(world)
        world.flink.finish(world.the_job().id)
        with pytest.raises(Refused) as error:
            rollback(world)
        assert str(error.value) == (
            "payments/fraud has finished its bounded work: there is nothing to roll back"
        )

    def test_a_program_whose_kept_ones_are_gone(self, world: World) -> None:
        upgraded(world)
        (name,) = world.kube.names("Secret", NAMESPACE)
        del world.kube.objects[("Secret", NAMESPACE, name)]
        with pytest.raises(Refused, match="is kept: put the earlier one into its Pulumi program"):
            rollback(world)

    def test_a_jar_that_is_not_to_be_had(self, world: World) -> None:
        upgraded(world)
        Path(world.jar()).unlink()
        before = world.the_job().id
        with pytest.raises(Refused, match="give it with --jar FILE"):
            rollback(world)
        assert world.the_job().id == before

    def test_a_file_that_is_the_jar_of_the_present_program(self, world: World) -> None:
        upgraded(world)
        before = world.the_job().id
        with pytest.raises(Refused, match="is not the jar that payments/fraud is to run"):
            rollback(world, jar=world.jar(entries="2"))
        assert world.the_job().id == before

    def test_a_program_that_can_not_start(self, world: World) -> None:
        upgraded(world)
        before = world.the_job().id
        world.flink.behaviours["org.acme.Fraud"] = Behaviour(plan_refused="java.lang.Exception: x")
        with pytest.raises(Refused, match="the job can't start, and nothing was changed"):
            rollback(world)
        assert world.the_job().id == before


def test_a_file_with_the_earlier_jar_is_taken(world: World, tmp_path: Path) -> None:
    upgraded(world)
    wanted = content(world, "1")
    given = Path(world.jar()).replace(tmp_path / "found.jar")
    assert rollback(world, jar=str(given)).jar == wanted


def test_no_other_job_removes_the_jar_meanwhile(world: World) -> None:
    upgraded(world)
    process = Process(world)
    process.inject(Fault.KILLED_BEFORE, calls_to("POST", "/jars/upload"))
    with pytest.raises(Killed):
        rollback_by_hand(process.shop, process.ledger())
    assert world.record().jars_in_use == (content(world, "2"), content(world, "1"))
