"""Savepoints of a job that runs on, taken once by name."""

from __future__ import annotations

from contextlib import suppress

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.snapshot import dispose_of, snapshot
from flink_components.plan.record import Taken
from tests.unit.doubles.wire import Answer, Fault, Killed
from tests.unit.doubles.world import Process, World, calls_to
from tests.unit.lifecycle.scenarios import listed, running, suspended


def take(world: World, name: str = "before-the-sale", process: Process | None = None) -> Taken:
    process = process or Process(world)
    return snapshot(process.shop, process.ledger(), world.wish().spec, name)


def dispose(world: World, name: str = "before-the-sale") -> str:
    process = Process(world)
    return dispose_of(process.shop, process.ledger(), name)


def savepoints(world: World) -> list[str]:
    found = world.storage.snapshots.values()
    return [s.path for s in found if s.savepoint and not s.discarded]


def test_the_job_runs_on(world: World) -> None:
    running(world)
    before = world.the_job().id
    taken = take(world)
    assert savepoints(world) == [taken.path]
    assert (world.the_job().id, world.the_job().state) == (before, "RUNNING")


def test_it_is_taken_once(world: World) -> None:
    running(world)
    assert take(world).path == take(world).path
    assert len(savepoints(world)) == 1


def test_another_name_is_another_savepoint(world: World) -> None:
    running(world)
    take(world, "a")
    take(world, "b")
    assert len(savepoints(world)) == 2


def test_it_is_in_the_history(world: World) -> None:
    running(world)
    taken = take(world)
    assert listed(world) == [taken.path]
    assert (taken.why, taken.snapshot, taken.ours) == ("asked for", "before-the-sale", True)


def test_a_job_that_is_down_has_none(world: World) -> None:
    suspended(world)
    with pytest.raises(Refused, match="payments/fraud is FINISHED, so it can't take a savepoint"):
        take(world)


def test_a_savepoint_that_fails_has_flinks_cause_and_the_job_runs_on(world: World) -> None:
    running(world)
    world.the_job().behaviour.savepoint_fails = "java.io.IOException: no space left"
    with pytest.raises(StepFailed, match="payments/fraud failed: IOException: no space left"):
        take(world)
    assert world.the_job().state == "RUNNING"
    assert world.record().open is None


def test_a_death_at_any_call_leaves_one_savepoint_of_the_name(world: World) -> None:
    running(world)
    process = Process(world)
    take(world, "rehearsal", process)
    calls = len(process.wire.calls)
    for number in range(1, calls + 1):
        name = f"s{number}"
        victim = Process(world)
        victim.kill(Fault.KILLED_AFTER, number)
        with suppress(Killed):  # polls differ, so the last call of one is not that of another
            take(world, name, victim)
        world.advance(60)
        taken = take(world, name)
        world.advance(60)
        assert savepoints(world).count(taken.path) == 1
    assert len(savepoints(world)) == calls + 1


def test_the_next_upgrade_finishes_one_that_was_left_open(world: World) -> None:
    running(world)
    victim = Process(world)
    victim.inject(Fault.KILLED_AFTER, calls_to("POST", "/savepoints"))
    with pytest.raises(Killed):
        take(world, process=victim)
    world.advance(60)
    Process(world).ensure(world.wish(parallelism=2), world.wish())
    assert len(listed(world)) == 2


def test_a_refused_request_leaves_nothing_open(world: World) -> None:
    running(world)
    process = Process(world)
    refusal = Answer(500, {"errors": ["Caused by: java.lang.Exception: no"]})
    process.inject(refusal, calls_to("POST", "/savepoints"))
    with pytest.raises(StepFailed, match="Exception: no"):
        take(world, process=process)
    assert world.record().open is None


def test_its_files_go_when_it_is_disposed_of(world: World) -> None:
    running(world)
    taken = take(world)
    Process(world).ensure(world.wish(parallelism=2), world.wish())
    assert dispose(world) == f"removed {taken.path}"
    assert taken.path not in savepoints(world)
    assert dispose(world) == "nothing of it is left"


def test_one_that_the_job_would_go_on_from_is_not_disposed_of(world: World) -> None:
    running(world)
    taken = take(world)
    with pytest.raises(Refused, match=r"runs from .* or would go on from it: keep it"):
        dispose(world)
    assert savepoints(world) == [taken.path]


def test_retention_leaves_it_alone(world: World) -> None:
    running(world)
    taken = take(world)
    for number in range(3):
        wish = world.wish(restart=str(number), keep_savepoints={"count": 1})
        Process(world).ensure(wish, world.wish())
    assert taken.path in savepoints(world)
