"""An upgrade dies at any one of its calls, and a person goes on by hand, without Pulumi."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flink_components.lifecycle.errors import LifecycleError, Refused
from flink_components.lifecycle.starting_by_hand import resume_by_hand, rollback_by_hand
from flink_components.plan.record import Phase
from tests.unit.doubles.wire import Fault, Killed
from tests.unit.doubles.world import Process, World
from tests.unit.lifecycle.scenarios import (
    SCENARIOS,
    Scenario,
    every_savepoint_is_in_the_history,
    every_start_had_all_the_state,
    one_stable_job,
    upgraded,
)
from tests.unit.lifecycle.test_kill_points import deaths


def update(world: World, process: Process) -> None:
    process.ensure(world.wish(jar=world.jar(entries="3")), world.wish(jar=world.jar(entries="2")))


UPDATE = Scenario("update", update, one_stable_job, upgraded)
(SUSPEND,) = [scenario for scenario in SCENARIOS if scenario.name == "suspend by hand"]


def resume(process: Process) -> None:
    """Where the job never went down, there is nothing to do."""
    try:
        resume_by_hand(process.shop, process.ledger())
    except Refused as error:
        if "payments/fraud runs already" not in str(error):
            raise


def rollback(process: Process) -> None:
    rollback_by_hand(process.shop, process.ledger())


def die_and_go_on(
    scenario: Scenario, folder: Path, death: tuple[Fault, int], by_hand: Callable[[Process], None]
) -> World:
    world = World(folder)
    scenario.prepare(world)
    victim = Process(world)
    victim.kill(*death)
    with pytest.raises(Killed):
        scenario.do(world, victim)
    try:
        by_hand(Process(world))
    except LifecycleError:
        # What was sent arrived only now: the line says so, and to do it again.
        world.advance(300)
        by_hand(Process(world))
    world.advance(300)
    one_stable_job(world)
    every_start_had_all_the_state(world)
    every_savepoint_is_in_the_history(world)
    assert world.storage.violations == []
    return world


def test_a_resume_starts_what_the_upgrade_has_left(tmp_path: Path) -> None:
    found = []
    for fault, number, label in deaths(UPDATE, tmp_path):
        try:
            die_and_go_on(UPDATE, tmp_path, (fault, number), resume)
        except BaseException as error:
            found.append(f"{fault.name} {label}: {type(error).__name__}: {error}"[:400])
    assert found == []


def test_a_resume_starts_what_a_suspend_has_left(tmp_path: Path) -> None:
    found = []
    for fault, number, label in deaths(SUSPEND, tmp_path):
        try:
            die_and_go_on(SUSPEND, tmp_path, (fault, number), resume)
        except BaseException as error:
            found.append(f"{fault.name} {label}: {type(error).__name__}: {error}"[:400])
    assert found == []


def test_a_rollback_ends_with_an_earlier_program_and_all_the_state(tmp_path: Path) -> None:
    found = []
    for fault, number, label in deaths(UPDATE, tmp_path):
        try:
            world = die_and_go_on(UPDATE, tmp_path, (fault, number), rollback)
            run = world.record().run
            assert run is not None
            assert world.record().phase is Phase.STABLE
            assert run.jar in [world.wish(jar=world.jar(entries=e)).content for e in ("1", "2")]
        except BaseException as error:
            found.append(f"{fault.name} {label}: {type(error).__name__}: {error}"[:400])
    assert found == []
