"""A person takes an application back to the revision before, whose objects were removed."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from flink_components.lifecycle.errors import LifecycleError, Refused, StepFailed
from flink_components.lifecycle.ledger import lease_name
from flink_components.lifecycle.starting_by_hand import rollback_by_hand
from flink_components.plan.record import Phase, Run
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Fault, Killed
from tests.unit.doubles.world import KEY, NAMESPACE, Process
from tests.unit.lifecycle.applications import BROKEN, run

SECRET = lease_name("programs", KEY)


@pytest.fixture
def world(tmp_path: Path) -> ApplicationWorld:
    """With an application that was upgraded once, of which only revision 2 is there."""
    made = ApplicationWorld(tmp_path)
    run(made)
    run(made, "v2")
    return made


def rollback(world: ApplicationWorld, process: Process | None = None, **how: Any) -> Run:
    process = process or Process(world)
    found = rollback_by_hand(process.shop, process.ledger(), **how).run
    world.advance(5)
    assert found is not None
    return found


def revisions_of_objects(world: ApplicationWorld) -> set[str]:
    return {name.split("-")[1] for name in world.objects_of_revisions()}


def test_the_revision_before_goes_on_with_all_the_state(world: ApplicationWorld) -> None:
    found = rollback(world)
    assert (found.revision, found.attempt, found.rolled_back_from) == (1, 3, 2)
    assert world.the_job().entry_class == "v1"
    start = world.storage.starts[-1]
    assert str(start.savepoint).startswith("file:/savepoints/payments/fraud/2-2/")
    assert start.events == start.newest
    assert world.record().phase is Phase.STABLE
    stable = world.kube.objects[("Service", NAMESPACE, "fraud-rest")]
    assert stable["spec"]["selector"] == {"flink-components/revision": "1"}


def test_state_is_left_out_only_where_that_is_accepted_and_the_ledger_keeps_why(
    world: ApplicationWorld,
) -> None:
    assert rollback(world).may_lose is None
    found = rollback(world, may_lose="a wrong window")
    assert (found.revision, found.may_lose) == (2, True)
    assert [(one.operator, one.version, one.reason) for one in world.record().accepted] == [
        ("*", "rollback from revision 1", "a wrong window")
    ]


def test_its_objects_are_made_as_they_were(world: ApplicationWorld) -> None:
    rollback(world)
    service = world.kube.objects[("Service", NAMESPACE, "fraud-r1-rest")]
    assert service["spec"] == {"selector": {}}
    assert ("RoleBinding", NAMESPACE, "fraud-r1-flink") in world.kube.objects


def test_the_revision_that_is_left_keeps_its_objects_without_pods(
    world: ApplicationWorld,
) -> None:
    rollback(world)
    assert revisions_of_objects(world) == {"r1", "r2"}
    assert world.revisions[2].replicas("jobmanager") == 0
    assert world.revisions[2].replicas("taskmanager") == 0


def test_the_next_up_goes_to_the_declared_program_again(world: ApplicationWorld) -> None:
    rollback(world)
    process = Process(world)
    world.up(process, "v2", world.wish_of(2, "v2"))
    world.advance(5)
    record = world.record()
    assert record.run is not None
    assert (record.run.revision, record.run.rolled_back_from) == (2, None)
    assert world.the_job().entry_class == "v2"
    assert revisions_of_objects(world) == {"r2"}


def test_a_better_program_leaves_nothing_of_either(world: ApplicationWorld) -> None:
    rollback(world)
    world.up(Process(world), "v3", world.wish_of(2, "v2"))
    world.advance(5)
    assert world.the_job().entry_class == "v3"
    assert revisions_of_objects(world) == {"r3"}


def test_a_rollback_of_a_rollback_goes_to_what_the_first_one_has_left(
    world: ApplicationWorld,
) -> None:
    rollback(world)
    assert (rollback(world).revision, world.the_job().entry_class) == (2, "v2")


def test_an_upgrade_that_failed_is_no_revision_to_go_back_to(world: ApplicationWorld) -> None:
    world.behaviours["v3"] = BROKEN
    with pytest.raises(StepFailed):
        run(world, "v3")
    assert rollback(world).revision == 1


def test_one_that_is_not_stable_leads_back_to_the_present_one(world: ApplicationWorld) -> None:
    world.behaviours["v1"] = Behaviour(refuses="java.lang.IllegalStateException: broken")
    with pytest.raises(StepFailed, match=r"broken. The old revision 2 runs again from"):
        rollback(world)
    assert world.record().phase is Phase.ROLLED_BACK
    assert world.the_job().entry_class == "v2"


def test_without_an_earlier_revision_it_is_refused(tmp_path: Path) -> None:
    world = ApplicationWorld.running(tmp_path)
    with pytest.raises(Refused, match=r"^no revision that was stable before revision 1 of"):
        rollback(world)


def test_what_was_edited_by_hand_is_said(world: ApplicationWorld) -> None:
    secret = world.kube.objects[("Secret", NAMESPACE, SECRET)]
    secret["data"]["revisions"] = base64.b64encode(b"no").decode()
    with pytest.raises(LifecycleError, match="can't be read: they were edited by hand; delete it"):
        rollback(world)
    assert world.the_job().entry_class == "v2"


def test_rights_that_are_about_to_go_with_the_old_service_are_waited_for(tmp_path: Path) -> None:
    world = ApplicationWorld(tmp_path)
    run(world)
    world.revisions[1].collected_after = 20
    run(world, "v2")
    rollback(world)
    role = world.kube.objects[("Role", NAMESPACE, "fraud-r1-flink")]
    service = world.kube.objects[("Service", NAMESPACE, "fraud-r1-rest")]
    assert role["metadata"]["ownerReferences"][0]["uid"] == service["metadata"]["uid"]


def test_a_destroy_removes_what_was_kept(world: ApplicationWorld) -> None:
    process = Process(world)
    process.release(world.wish_of(2, "v2"))  # type: ignore[arg-type]
    assert ("Secret", NAMESPACE, SECRET) not in world.kube.objects


def test_a_death_at_any_call_is_made_good_by_the_same_command(tmp_path: Path) -> None:
    def prepared(folder: Path) -> ApplicationWorld:
        folder.mkdir()
        made = ApplicationWorld(folder)
        run(made)
        run(made, "v2")
        return made

    world = prepared(tmp_path / "whole")
    process = Process(world)
    rollback(world, process)
    deaths = [call.number for call in process.wire.calls if call.method != "GET"]
    wrong = []
    for number in deaths:
        world = prepared(tmp_path / str(number))
        victim = Process(world)
        victim.kill(Fault.KILLED_AFTER, number)
        with pytest.raises(Killed):
            rollback(world, victim)
        world.advance(25)
        try:
            rollback(world)
            if world.record().run.revision != 1:  # type: ignore[union-attr]
                rollback(world)
            world.advance(25)
            assert world.the_job().entry_class == "v1"
            assert world.record().phase is Phase.STABLE
        except Exception as error:
            wrong.append(f"{process.wire.calls[number - 1]}: {type(error).__name__}: {error}")
    assert wrong == []
