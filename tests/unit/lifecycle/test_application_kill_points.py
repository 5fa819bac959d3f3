"""The process that changes an application dies at any one of its calls, and the next run brings it
to where it belongs. Meanwhile the guards of its JobManagers do what they do by themselves.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.plan.record import Phase
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.wire import Fault, Killed
from tests.unit.doubles.world import Process
from tests.unit.lifecycle.application_scenarios import SCENARIOS, Scenario


def a_world(scenario: Scenario, folder: Path) -> ApplicationWorld:
    world = ApplicationWorld(folder)
    world.ha, world.version = scenario.ha, scenario.version
    scenario.prepare(world)
    return world


def deaths(scenario: Scenario, folder: Path) -> list[tuple[Fault, int, str]]:
    """Every moment at which a death makes a difference; each write may also arrive late."""
    world = a_world(scenario, folder)
    process = Process(world)
    scenario.do(world, process)
    changing = [call for call in process.wire.calls if call.method != "GET"]
    return [
        (Fault.KILLED_BEFORE, 1, "the first call"),
        *((Fault.KILLED_AFTER, call.number, str(call)) for call in changing),
        *((Fault.KILLED_LATE, call.number, str(call)) for call in changing),
    ]


def die_and_do_again(
    scenario: Scenario, folder: Path, fault: Fault, number: int, pause: float
) -> None:
    world = a_world(scenario, folder)
    victim = Process(world)
    victim.kill(fault, number)
    with pytest.raises(Killed):
        scenario.do(world, victim)
    world.advance(pause)
    scenario.do(world, Process(world))
    if fault is Fault.KILLED_LATE and world.record().phase is Phase.DEPLOYED:
        world.advance(5)
        scenario.do(world, Process(world))
    world.advance(150)
    scenario.check(world)
    assert world.storage.violations == []


@pytest.mark.parametrize("pause", [0.0, 120.0], ids=["at once", "two minutes later"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_death_at_any_call_is_made_good_by_the_next_run(
    scenario: Scenario, pause: float, tmp_path: Path
) -> None:
    failures = []
    # a third is enough for what differs only by what the guards have done meanwhile
    for fault, number, label in deaths(scenario, tmp_path)[:: 3 if pause else 1]:
        try:
            die_and_do_again(scenario, tmp_path, fault, number, pause)
        except BaseException as error:
            failures.append(f"{fault.name} {label}: {type(error).__name__}: {error}"[:400])
    assert failures == []
