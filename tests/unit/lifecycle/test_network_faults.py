"""The network fails at any one call: what was begun is found again, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from flink_components.flink.errors import FlinkError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.errors import LifecycleError
from flink_components.plan.record import Phase, Record
from tests.unit.doubles.fake_kube import status
from tests.unit.doubles.wire import Answer, Call, Fault, When
from tests.unit.doubles.world import Process, World, mutating
from tests.unit.lifecycle.scenarios import SCENARIOS, Scenario

UNAVAILABLE = Answer(*status(503, "ServiceUnavailable", "the service is not available"))
FAULTS = {
    "no connection": Fault.REFUSED,
    "lost answer": Fault.LOST,
    "late arrival": Fault.LATE,
    "unavailable": UNAVAILABLE,
}
OUTAGE_CALLS = 15


def calls_of(scenario: Scenario, folder: Path) -> list[Call]:
    world = World(folder)
    scenario.prepare(world)
    process = Process(world)
    scenario.do(world, process)
    return process.wire.calls


def do_until_done(scenario: Scenario, world: World, process: Process) -> None:
    """What a person does: runs it again after an error that says so, twice at most."""
    for attempt in (process, Process(world), Process(world)):
        try:
            scenario.do(world, attempt)
        except (LifecycleError, KubeError, FlinkError):
            world.advance(30)
            continue
        if is_settled(world.record(scenario.key)):
            return


def is_settled(record: Record) -> bool:
    return record.open is None and (
        record.deleted or record.phase in (Phase.STABLE, Phase.ROLLED_BACK)
    )


def failures(
    scenario: Scenario, folder: Path, faults: Sequence[tuple[Fault | Answer, int, int]]
) -> Iterator[str]:
    for fault, number, times in faults:
        world = World(folder)
        scenario.prepare(world)
        process = Process(world)
        process.inject(fault, lambda call, n=number: call.number >= n, times)  # type: ignore[misc]
        try:
            do_until_done(scenario, world, process)
            world.advance(300)
            scenario.check(world)
            assert world.storage.violations == []
        except Exception as error:
            yield f"{process.wire.calls[number - 1]}: {type(error).__name__}: {error}"[:400]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_fault_at_any_call_to_flink_that_changes_something_is_made_good(
    scenario: Scenario, fault: Fault | Answer, tmp_path: Path
) -> None:
    calls = [call for call in calls_of(scenario, tmp_path) if mutating(call)]
    assert list(failures(scenario, tmp_path, [(fault, call.number, 1) for call in calls])) == []


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST], ids=["no connection", "lost answer"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_fault_at_any_write_of_the_ledger_is_made_good(
    scenario: Scenario, fault: Fault, tmp_path: Path
) -> None:
    writes = [c for c in calls_of(scenario, tmp_path) if c.method != "GET" and "/leases" in c.path]
    assert list(failures(scenario, tmp_path, [(fault, c.number, 1) for c in writes])) == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_an_outage_that_begins_at_any_change_is_made_good(
    scenario: Scenario, tmp_path: Path
) -> None:
    calls = [call for call in calls_of(scenario, tmp_path) if call.method != "GET"]
    outages = [(Fault.REFUSED, call.number + 1, OUTAGE_CALLS) for call in calls[:-1]]
    assert list(failures(scenario, tmp_path, outages)) == []


PATIENT = {"deadlines": {"stable": "5 min", "savepoint": "5 min", "cancel": "5 min"}}


@pytest.mark.parametrize("seconds", [12, 60])
def test_an_upgrade_that_has_begun_goes_on_after_an_outage_of_all_servers(
    seconds: int, tmp_path: Path
) -> None:
    for number in range(_first_step(tmp_path), _upgrade(World(tmp_path)).wire.calls[-1].number):
        world = World(tmp_path)
        back: list[float] = []

        def away(call: Call, after: int = number, world: World = world, b: Any = back) -> bool:
            if call.number < after:
                return False
            b.append(world.clock.now() + seconds)
            return world.clock.now() < b[0]

        process = _upgrade(world, away)
        assert back, process.wire.calls[number - 1]
        run = world.record().run
        assert run is not None
        where = f"{process.wire.calls[number - 1]}: {world.record()}"
        assert (world.record().phase, run.revision) == (Phase.STABLE, 2), where
        assert [job.id for job in world.active()] == [run.job_id], where
        assert world.storage.violations == []


def _upgrade(world: World, away: When = lambda _: False) -> Process:
    """The process that upgrades a job that runs, with an outage."""
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(**PATIENT))
    process = Process(world)
    process.inject(Fault.REFUSED, away, times=100_000)
    process.ensure(world.wish(jar=world.jar(entries="2"), **PATIENT), world.wish(**PATIENT))
    return process


def _first_step(folder: Path) -> int:
    """The write of the stop, before which nothing has begun."""
    calls = _upgrade(World(folder)).wire.calls
    stop = next(call.number for call in calls if call.path.endswith("/stop"))
    return max(call.number for call in calls if call.method == "PUT" and call.number < stop)
