"""The process dies at any one of its calls, and the next run brings the job to where it belongs.

What a call has changed is all that outlives a process, so a death after each call that changes
something, and one before the first, are all the deaths there are; but a call that was sent may
also arrive long after the process died.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.lifecycle.ledger import records
from flink_components.plan.record import Phase, Record
from tests.unit.doubles.wire import Fault, Killed
from tests.unit.doubles.world import NAMESPACE, Process, World, mutating
from tests.unit.lifecycle.scenarios import SCENARIOS, Scenario


def deaths(scenario: Scenario, folder: Path) -> list[tuple[Fault, int, str]]:
    """Every moment at which a death makes a difference."""
    world = World(folder)
    scenario.prepare(world)
    process = Process(world)
    scenario.do(world, process)
    changing = [call for call in process.wire.calls if call.method != "GET"]
    to_flink = [call for call in changing if mutating(call)]
    return [
        (Fault.KILLED_BEFORE, 1, "the first call"),
        *((Fault.KILLED_AFTER, call.number, str(call)) for call in changing),
        *((Fault.KILLED_LATE, call.number, str(call)) for call in to_flink),
    ]


def jars_that_nobody_needs(world: World) -> list[str]:
    """Jars on any cluster that no ledger names, be it to remove them at the next run."""
    api = Process(world).ledger().api
    ledgers = [found for found in records(api, NAMESPACE, "job", Record) if not found.deleted]
    needed = {jar for record in ledgers for jar in record.jars_in_use}
    needed |= {jar.content for record in ledgers for jar in record.jars_left}
    there = [jar for flink in world.clusters.values() for jar in flink.jars]
    return [jar for jar in there if jar.partition("fc-")[2].removesuffix(".jar") not in needed]


def die_and_do_again(
    scenario: Scenario, folder: Path, fault: Fault, number: int, pause: float
) -> None:
    world = World(folder)
    scenario.prepare(world)
    victim = Process(world)
    victim.kill(fault, number)
    with pytest.raises(Killed):
        scenario.do(world, victim)
    world.advance(pause)
    scenario.do(world, Process(world))
    if fault is Fault.KILLED_LATE and world.record(scenario.key).phase is Phase.DEPLOYED:
        world.advance(5)
        scenario.do(world, Process(world))  # what came late was found running
    world.advance(300)
    scenario.check(world)
    assert world.storage.violations == []
    assert jars_that_nobody_needs(world) == []


@pytest.mark.parametrize("pause", [0.0, 600.0], ids=["at once", "ten minutes later"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_death_at_any_call_is_made_good_by_the_next_run(
    scenario: Scenario, pause: float, tmp_path: Path
) -> None:
    failures = []
    for fault, number, label in deaths(scenario, tmp_path):
        try:
            die_and_do_again(scenario, tmp_path, fault, number, pause)
        except BaseException as error:
            failures.append(f"{fault.name} {label}: {type(error).__name__}: {error}"[:400])
    assert failures == []
