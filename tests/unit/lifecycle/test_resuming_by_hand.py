"""A job that is down is started by a person who has neither its program nor Pulumi."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from flink_components.flink.errors import FlinkUnreachable
from flink_components.kube.api import Forbidden
from flink_components.lifecycle.by_hand import suspend_by_hand
from flink_components.lifecycle.errors import LifecycleError, Refused, StepFailed
from flink_components.lifecycle.planning import plan
from flink_components.lifecycle.starting_by_hand import resume_by_hand
from flink_components.plan.record import Phase
from flink_components.spec.base import SpecError
from tests.unit.doubles.fake_kube import status
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer, Fault, Killed
from tests.unit.doubles.world import KEY, NAMESPACE, Process, World, calls_to, mutating, ref
from tests.unit.lifecycle.scenarios import GIVEN, a_savepoint_of_an_older_job, listed, running

NAME = "programs-payments-fraud-9cb4b7a5-ledger"


def suspend(world: World) -> str:
    process = Process(world)
    return suspend_by_hand(process.shop, process.ledger()).path


def resume(
    world: World, origin: str | None = None, jar: str | None = None, process: Process | None = None
) -> None:
    by = process or Process(world)
    resume_by_hand(by.shop, by.ledger(), origin, jar)


def headline(world: World, **changes: Any) -> str:
    """What a preview says of a program."""
    wish = world.wish(**changes)
    inputs = {**world.inputs(), **changes, "jar_content": wish.content}
    return plan(Process(world).shop, wish, inputs).headline


def edit(world: World, **changes: Any) -> None:
    """Someone edits what is kept."""
    found = world.kube.objects[("Secret", NAMESPACE, NAME)]
    programs = json.loads(base64.b64decode(found["data"]["programs"]))
    programs["kept"][-1].update(changes)
    found["data"]["programs"] = base64.b64encode(json.dumps(programs).encode()).decode()


def test_after_a_suspend_by_hand_it_goes_on_from_there(world: World) -> None:
    running(world)
    path = suspend(world)
    resume(world)
    record = world.record()
    assert (record.phase, world.the_job().restored) == (Phase.STABLE, path)
    assert record.run is not None
    assert (record.run.revision, record.run.attempt) == (1, 2)


def test_the_next_up_of_the_same_program_does_nothing(world: World) -> None:
    running(world)
    suspend(world)
    resume(world)
    before = world.the_job().id
    assert headline(world) == "RUNS ON"
    process = Process(world)
    process.ensure(world.wish(), world.wish())
    assert world.the_job().id == before
    assert [call for call in process.wire.calls if mutating(call)] == []


def test_one_that_is_declared_suspended_runs_until_the_next_up(world: World) -> None:
    running(world)
    Process(world).ensure(world.wish(state="suspended"), world.wish())
    resume(world)
    assert world.record().phase is Phase.STABLE
    assert headline(world, state="suspended") == "IS SUSPENDED WITH A SAVEPOINT"
    Process(world).ensure(world.wish(state="suspended"), world.wish(state="suspended"))
    assert world.active() == []


def test_a_job_that_has_failed_goes_on_from_its_latest_checkpoint(world: World) -> None:
    running(world)
    taken = world.flink.checkpoint(world.the_job().id)
    world.flink.fail(world.the_job().id, "java.lang.Exception: x")
    resume(world)
    assert world.the_job().restored == taken.path


def test_its_line_in_the_history_says_who_stopped_it(world: World) -> None:
    running(world)
    path = suspend(world)
    resume(world)
    assert listed(world) == [path]


class TestFromAGivenSnapshot:
    @pytest.fixture(autouse=True)
    def _there_is_one(self, world: World) -> None:
        running(world)
        a_savepoint_of_an_older_job(world)

    def test_it_is_restored_and_the_next_up_does_not_start_it_again(self, world: World) -> None:
        suspend(world)
        resume(world, GIVEN)
        before = world.the_job()
        assert before.restored == GIVEN
        assert headline(world) == "RUNS ON"
        Process(world).ensure(world.wish(), world.wish())
        assert world.the_job().id == before.id

    def test_a_program_that_names_it_afterwards_does_not_start_it_again(self, world: World) -> None:
        suspend(world)
        resume(world, GIVEN)
        before = world.the_job().id
        Process(world).ensure(world.wish(restore_from=GIVEN), world.wish())
        assert world.the_job().id == before

    def test_a_slash_at_its_end_makes_no_difference_also_when_it_is_done_again(
        self, world: World
    ) -> None:
        suspend(world)
        victim = Process(world)
        victim.inject(Fault.KILLED_AFTER, calls_to("POST", "/run"))
        with pytest.raises(Killed):
            resume(world, GIVEN + "/", process=victim)
        resume(world, GIVEN + "/")
        assert world.the_job().restored == GIVEN
        assert world.record().phase is Phase.STABLE

    def test_a_start_that_another_has_begun_is_not_stopped_for_it(self, world: World) -> None:
        suspend(world)
        victim = Process(world)
        victim.inject(Fault.KILLED_AFTER, calls_to("POST", "/run"))
        with pytest.raises(Killed):
            victim.ensure(world.wish(), world.wish())
        before = world.the_job().id
        with pytest.raises(Refused, match="payments/fraud runs already"):
            resume(world, GIVEN)
        assert world.the_job().id == before

    def test_the_one_that_the_program_has_named_long_ago_is_not_asked_for_again(
        self, world: World
    ) -> None:
        declared = world.flink.savepoint(world.the_job().id, "file:/given").path
        Process(world).ensure(world.wish(restore_from=declared), world.wish())
        assert world.the_job().restored == declared
        suspend(world)
        resume(world, GIVEN)
        changed = {"restore_from": declared, "parallelism": 2}
        Process(world).ensure(world.wish(**changed), world.wish(restore_from=declared))
        restored = world.the_job().restored
        assert restored is not None
        assert restored.startswith("file:/savepoints/payments/fraud/1-3/")

    def test_it_counts_though_the_program_had_named_it_before(self, world: World) -> None:
        Process(world).ensure(world.wish(restore_from=GIVEN), world.wish())
        suspend(world)
        resume(world, GIVEN)
        assert world.the_job().restored == GIVEN

    def test_without_one_it_goes_on_from_where_it_stopped_whatever_the_program_names(
        self, world: World
    ) -> None:
        Process(world).ensure(world.wish(restore_from=GIVEN), world.wish())
        path = suspend(world)
        resume(world)
        assert world.the_job().restored == path

    def test_the_one_that_the_program_names_stays_done_with(self, world: World) -> None:
        Process(world).ensure(world.wish(restore_from=GIVEN), world.wish())
        suspend(world)
        resume(world)
        changed = world.wish(restore_from=GIVEN, parallelism=2)
        Process(world).ensure(changed, world.wish(restore_from=GIVEN))
        assert str(world.the_job().restored).startswith("file:/savepoints/payments/fraud/1-3/")

    def test_one_that_an_up_was_refused_with_is_not_started_from(self, world: World) -> None:
        world.flink.behaviours["org.acme.Fraud"] = Behaviour(plan_refused="java.lang.Exception: x")
        with pytest.raises(Refused):
            Process(world).ensure(world.wish(restore_from=GIVEN), world.wish())
        world.flink.behaviours.clear()
        path = suspend(world)
        resume(world)
        assert world.the_job().restored == path

    def test_it_is_never_claimed(self, world: World) -> None:
        declared = {"restore_from": GIVEN, "claim_mode": "CLAIM"}
        Process(world).ensure(world.wish(**declared), world.wish())
        path = suspend(world)
        resume(world, path)
        assert world.the_job().request["claimMode"] == "NO_CLAIM"

    def test_one_that_is_not_there_leaves_the_job_down_with_its_state(self, world: World) -> None:
        path = suspend(world)
        with pytest.raises(StepFailed, match="FileNotFoundException"):
            resume(world, "file:///nowhere/savepoint-1")
        assert world.active() == []
        restore = world.record().restore
        assert restore is not None
        assert restore.path == path
        resume(world)
        assert world.the_job().restored == path

    def test_what_is_no_uri_is_refused(self, world: World) -> None:
        suspend(world)
        with pytest.raises(SpecError, match=r"^restore_from: is not the URI of a snapshot"):
            resume(world, "savepoint-1")

    def test_a_job_that_runs_is_not_touched(self, world: World) -> None:
        with pytest.raises(Refused, match="payments/fraud runs already: revision 1 is RUNNING"):
            resume(world, GIVEN)
        assert world.the_job().restored is None


class TestRefused:
    def test_a_job_that_runs(self, world: World) -> None:
        running(world)
        with pytest.raises(Refused) as error:
            resume(world)
        assert str(error.value) == "payments/fraud runs already: revision 1 is RUNNING"

    def test_a_job_that_never_ran(self, world: World) -> None:
        Process(world).anchor()
        with pytest.raises(
            Refused, match=r"^payments/fraud has never run: start it by `pulumi up`$"
        ):
            resume(world)

    def test_a_job_that_was_deleted(self, world: World) -> None:
        running(world)
        Process(world).release(world.wish())
        with pytest.raises(Refused, match=r"^payments/fraud was deleted meanwhile"):
            resume(world)

    def test_a_job_that_was_renamed(self, world: World) -> None:
        running(world)
        Process(world).anchor("payments/fraud-2", previous_key=KEY)
        with pytest.raises(Refused, match=r"^payments/fraud was renamed to payments/fraud-2"):
            resume(world)

    def test_a_job_that_has_finished_its_work(self, world: World) -> None:
        running(world)
        world.flink.finish(world.the_job().id)
        with pytest.raises(Refused) as error:
            resume(world)
        assert str(error.value) == (
            "payments/fraud has finished its bounded work: there is nothing to resume"
        )

    def test_a_program_that_was_not_kept(self, world: World) -> None:
        running(world)
        suspend(world)
        del world.kube.objects[("Secret", NAMESPACE, NAME)]
        with pytest.raises(Refused) as error:
            resume(world)
        assert str(error.value) == (
            "the program of payments/fraud was not kept: run `pulumi up`, which starts the job"
        )

    def test_a_person_who_may_not_read_it(self, world: World) -> None:
        running(world)
        suspend(world)
        process = Process(world)
        answer = Answer(*status(403, "Forbidden", "secrets is forbidden"))
        process.inject(answer, lambda call: "/secrets" in call.path)
        with pytest.raises(Forbidden, match=r"^secrets is forbidden$"):
            resume(world, process=process)

    @pytest.mark.parametrize(
        "changes",
        [{"spec": {"jar": "hunter2"}}, {"spec": 1}, {"content": "other"}],
        ids=["a bad field", "no spec", "another content"],
    )
    def test_a_program_that_was_edited_by_hand(self, world: World, changes: dict[str, Any]) -> None:
        running(world)
        suspend(world)
        edit(world, **changes)
        with pytest.raises(LifecycleError, match="edited by hand") as error:
            resume(world)
        assert "hunter2" not in str(error.value)
        assert world.active() == []

    def test_a_cluster_that_can_not_be_reached(self, world: World) -> None:
        running(world)
        suspend(world)
        world.flink.up = False
        with pytest.raises(FlinkUnreachable) as error:
            resume(world)
        assert str(error.value) == (
            "Flink can't be reached by the API server's proxy: no endpoints available for service"
        )
        assert world.record().phase is Phase.SUSPENDED


class TestTheJar:
    @pytest.fixture(autouse=True)
    def _it_is_gone_from_the_cluster(self, world: World) -> None:
        running(world)
        Process(world).ensure(world.wish(state="suspended"), world.wish())
        assert world.flink.jars == {}

    def test_it_comes_again_from_where_it_came_from(self, world: World) -> None:
        resume(world)
        assert len(world.flink.jars) == 1

    def test_where_it_is_gone_there_too_it_is_asked_for(self, world: World) -> None:
        Path(world.jar()).unlink()
        with pytest.raises(Refused) as error:
            resume(world)
        assert str(error.value).startswith(
            "the jar of payments/fraud is not on its cluster any more: give it with --jar FILE ("
        )
        assert world.record().jar_wanted is None

    def test_where_it_was_built_again_with_other_classes_it_is_asked_for(
        self, world: World
    ) -> None:
        Path(world.jar(entries="2")).replace(world.jar())
        with pytest.raises(Refused, match=r"give it with --jar FILE .*it was changed since"):
            resume(world)

    def test_a_file_with_the_same_content_is_taken(self, world: World, tmp_path: Path) -> None:
        given = Path(world.jar()).replace(tmp_path / "found.jar")
        resume(world, jar=str(given))
        assert world.record().phase is Phase.STABLE
        (kept,) = world.flink.jars
        assert kept.endswith(f"_fc-{world.record().run.jar}.jar")  # type: ignore[union-attr]

    def test_a_file_with_another_content_is_refused(self, world: World) -> None:
        content = world.wish().content
        with pytest.raises(Refused) as error:
            resume(world, jar=world.jar(entries="2"))
        assert str(error.value) == (
            f"{world.jar(entries='2')} is not the jar that payments/fraud is to run (content "
            f"{content}): give the build that was deployed"
        )
        assert world.flink.jars == {}

    def test_a_file_that_is_not_there_is_refused(self, world: World) -> None:
        with pytest.raises(Refused, match="there is no such file here"):
            resume(world, jar="nowhere.jar")


class TestOfAClusterThatIsGone:
    @pytest.fixture(autouse=True)
    def _there_is_a_next_one(self, world: World) -> None:
        running(world)
        world.add_cluster("etl", 2)

    def test_a_job_that_was_down_starts_on_the_one_that_is_declared(self, world: World) -> None:
        Process(world).ensure(world.wish(state="suspended"), world.wish())
        declared = {"state": "suspended", "cluster": ref(revision=2)}
        Process(world).ensure(world.wish(**declared), world.wish(state="suspended"))
        del world.kube.objects[("Service", NAMESPACE, "etl-r1-rest")]
        resume(world)
        run = world.record().run
        assert run is not None
        assert run.cluster["revision"] == 2

    def test_a_job_that_may_still_run_there_is_not_started(self, world: World) -> None:
        refused = Behaviour(plan_refused="java.lang.Exception: x")
        world.clusters[(NAMESPACE, "etl-r2-rest")].behaviours["org.acme.Fraud"] = refused
        with pytest.raises(Refused):
            Process(world).ensure(world.wish(cluster=ref(revision=2)), world.wish())
        refused.plan_refused = None
        del world.kube.objects[("Service", NAMESPACE, "etl-r1-rest")]
        with pytest.raises(FlinkUnreachable, match="etl-r1-rest"):
            resume(world, GIVEN)
        assert world.the_job().restored is None


def test_one_that_does_not_become_stable_is_down_again_with_its_state(world: World) -> None:
    running(world)
    path = suspend(world)
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(fails="java.lang.Exception: broken")
    with pytest.raises(StepFailed) as error:
        resume(world)
    assert str(error.value) == (
        f"Exception: broken. The job is down; `pulumi up` goes on from {path}"
    )
    world.flink.behaviours.clear()
    resume(world)
    assert world.the_job().restored == path


class TestAfterAnUpThatWasRefused:
    def test_it_runs_where_it_ran(self, world: World) -> None:
        running(world)
        world.add_cluster("etl", 2).behaviours["org.acme.Fraud"] = Behaviour(
            plan_refused="java.lang.Exception: x"
        )
        with pytest.raises(Refused):
            Process(world).ensure(world.wish(cluster=ref(revision=2)), world.wish())
        suspend(world)
        resume(world)
        assert len(world.flink.active()) == 1

    def test_the_restart_that_it_asked_for_is_still_to_be_done(self, world: World) -> None:
        running(world)
        world.flink.behaviours["org.acme.Fraud"] = Behaviour(plan_refused="java.lang.Exception: x")
        with pytest.raises(Refused):
            Process(world).ensure(world.wish(restart="tuesday"), world.wish())
        world.flink.behaviours.clear()
        suspend(world)
        resume(world)
        assert headline(world, restart="tuesday") == "RESTARTS WITH ITS STATE"


def test_state_is_never_given_up_by_hand_though_the_program_accepts_it(world: World) -> None:
    running(world)
    loss = {"operator": "*", "version": "2", "reason": "a new format"}
    declared = {"upgrade_mode": "stateless", "version": "2", "accept": [loss]}
    Process(world).ensure(world.wish(**declared), world.wish())
    path = suspend(world)
    with pytest.raises(Refused, match=f"^the state in {path} would be lost"):
        resume(world)
    resume(world, path)
    assert world.the_job().restored == path
