"""What a plan says of the time after the stop: how long, what counts as stable, the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.observing import observe
from flink_components.lifecycle.planning import plan, plan_application
from flink_components.plan.outcome import RestoreKind
from flink_components.plan.plan import Origin, Plan
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.world import Process, World, ref
from tests.unit.lifecycle.applications import run as run_application
from tests.unit.lifecycle.scenarios import running

NEXT = "org.acme.Next"
ACCEPTED = {
    "upgrade_mode": "stateless",
    "version": "2",
    "accept": [{"operator": "*", "version": "2", "reason": "new"}],
}


def planned(world: World, before: dict[str, Any] | None = None, **changes: Any) -> Plan:
    """What a preview says of these changes of the job."""
    old = world.wish(**(before or {}))
    inputs = {**old.spec.model_dump(mode="json"), "jar_content": old.content}
    return plan(Process(world).shop, world.wish(**changes), inputs)


def line(found: Plan, label: str) -> str:
    (text,) = (one for one in found.text().splitlines() if one.startswith(f"    {label:<9} "))
    return text.removeprefix(f"    {label:<9} ")


def upgrade(world: World, entries: str) -> None:
    Process(world).ensure(world.wish(jar=world.jar(entries=entries)), world.wish())
    world.advance(5)


def test_a_job_that_was_never_upgraded_has_no_interruption_to_tell(world: World) -> None:
    running(world)
    assert planned(world, jar=world.jar(entries="2")).down == ()
    assert "down" not in planned(world, jar=world.jar(entries="2")).text()


def test_the_last_three_interruptions_of_a_session_job_are_told(world: World) -> None:
    running(world)
    for entries in "2345":
        upgrade(world, entries)
    down = world.record().downs
    assert len(down) == 3
    assert all(one > 0 for one in down)
    found = planned(world, jar=world.jar(entries="6"))
    assert found.down == down
    assert line(found, "down").startswith("~")
    assert "(last three: " in line(found, "down")


def test_a_start_that_interrupts_nothing_is_not_one_of_them(world: World) -> None:
    running(world)
    assert world.record().downs == ()


def test_an_application_tells_its_interruptions_too(tmp_path: Path) -> None:
    world = ApplicationWorld(tmp_path)
    run_application(world)
    run_application(world, "v2")
    switch = world.record().last_switch
    assert switch is not None
    found = plan_application(Process(world).shop, world.wish_of(3, "v3"), {"image": "3"}, {})
    assert found.down == (switch.down,)


def test_an_application_shows_the_steps_in_their_order(tmp_path: Path) -> None:
    world = ApplicationWorld(tmp_path)
    run_application(world)
    found = plan_application(Process(world).shop, world.wish_of(2, "v2"), {"image": "2"}, {})
    assert found.order == (
        "new pods",
        "stop with a savepoint",
        "start",
        "stable",
        "remove old pods",
    )
    assert found.way_back == "r1 again from that savepoint, unless r2 has completed a checkpoint"
    assert found.if_it_fails == "r1 runs on"


def test_what_counts_as_stable_names_the_limit(world: World) -> None:
    running(world)
    found = planned(world, jar=world.jar(entries="2"), deadlines={"stable": "14 min"})
    assert line(found, "stable") == (
        "every task RUNNING, restored = that savepoint, 1 checkpoint if checkpointing is on; "
        "limit 14 min"
    )


def test_with_a_fallback_the_plan_says_what_it_goes_on_from_without_a_savepoint(
    world: World,
) -> None:
    running(world)
    taken = world.flink.checkpoint(world.the_job().id)
    world.advance(38)
    found = planned(world, jar=world.jar(entries="2"), fallback="last_state")
    name = taken.path.rpartition("/")[2]
    assert found.if_it_fails == f"it goes on from its latest checkpoint, now {name} (38 s old)"
    assert f"              if it fails: {found.if_it_fails}" in found.text().splitlines()


def test_of_a_savepoint_that_is_yet_to_be_taken_the_latest_checkpoint_tells_the_size(
    world: World,
) -> None:
    running(world)
    world.flink.checkpoint(world.the_job().id)
    run = world.record().run
    assert run is not None
    latest = observe(Process(world).shop, run).checkpoint
    assert latest is not None
    found = planned(world, jar=world.jar(entries="2"))
    assert found.origin == Origin(RestoreKind.NEW_SAVEPOINT, size=latest.size)


def test_a_given_snapshot_is_named_as_such(world: World) -> None:
    running(world)
    found = planned(world, restore_from="file:///given")
    assert found.origin == Origin(RestoreKind.GIVEN, "file:///given")


WAYS_BACK = [
    ({}, "r1 again from that savepoint, unless r2 has completed a checkpoint"),
    (
        {"upgrade_mode": "last_state"},
        "r1 again from that checkpoint, unless r2 has completed a checkpoint",
    ),
    (ACCEPTED, "r1 again empty, unless r2 has completed a checkpoint"),
]


@pytest.mark.parametrize(("changes", "said"), WAYS_BACK)
def test_the_way_back_that_is_planned_is_the_one_that_is_gone(
    world: World, changes: dict[str, Any], said: str
) -> None:
    running(world)
    world.flink.checkpoint(world.the_job().id)
    found = planned(world, entry_class=NEXT, **changes)
    assert found.way_back == said
    world.flink.behaviours[NEXT] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(StepFailed):
        Process(world).ensure(world.wish(entry_class=NEXT, **changes), world.wish())
    run, point = world.record().run, world.record().restore
    assert run is not None
    assert run.revision == 1
    assert run.restored_from == (point.path if point else None)
    assert (point is None) == ("empty" in said)


def test_a_restart_of_the_same_program_has_no_other_to_go_back_to(world: World) -> None:
    running(world)
    found = planned(world, restart="tuesday")
    assert found.way_back == "it stays down, and the next up goes on from that savepoint"
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(StepFailed):
        Process(world).ensure(world.wish(restart="tuesday"), world.wish())
    assert world.active() == []
    assert world.record().restore is not None


def test_a_first_start_has_nothing_to_go_back_to(world: World) -> None:
    process = Process(world)
    process.anchor()
    found = plan(process.shop, world.wish(), None)
    assert found.way_back == "it stays down, and has no state yet"
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(StepFailed):
        process.ensure(world.wish())
    assert world.active() == []


def test_a_savepoint_that_fails_leaves_the_job_running_as_the_plan_says(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(savepoint_fails="x.Boom: disk")
    running(world)
    job = world.the_job().id
    assert planned(world, jar=world.jar(entries="2")).if_it_fails == "r1 runs on"
    with pytest.raises((StepFailed, Refused)):
        Process(world).ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    assert world.the_job().id == job


def test_a_job_that_moves_can_come_back(world: World) -> None:
    running(world)
    world.add_cluster("etl", 2)
    found = planned(world, cluster=ref("etl", 2))
    assert found.way_back == "r1 again from that savepoint, unless r1 has completed a checkpoint"


def test_what_is_refused_promises_nothing(world: World) -> None:
    running(world)
    found = planned(world, upgrade_mode="stateless", jar=world.jar(entries="2"))
    assert found.refused is not None
    assert (found.restore, found.stable, found.way_back, found.down, found.order) == (
        ("", "", "", (), ())
    )


def test_nothing_is_planned_of_a_job_that_is_only_suspended(world: World) -> None:
    running(world)
    found = planned(world, state="suspended")
    assert (found.stable, found.way_back, found.order) == ("", "", ("stop with a savepoint",))
    assert found.if_it_fails == "r1 runs on"
