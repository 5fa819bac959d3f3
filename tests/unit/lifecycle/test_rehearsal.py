"""The jar and the dry run, which need not wait for the lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.work import Workshop
from tests.unit.doubles.wire import Answer, Fault
from tests.unit.doubles.world import Process, World, at_once, calls_to


def running(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish())


def numbers(process: Process, method: str, ending: str) -> list[int]:
    """When the calls were made."""
    when = calls_to(method, ending)
    return [call.number for call in process.wire.calls if when(call)]


def lock(process: Process) -> int:
    """When the lock was taken: the first write of the ledger."""
    puts = [call for call in process.wire.calls if call.method == "PUT" and "-ledger" in call.path]
    return puts[0].number


def test_an_upgrade_to_a_jar_that_is_there_makes_its_one_dry_run_before_the_lock(
    world: World,
) -> None:
    running(world)
    process = Process(world)
    process.ensure(world.wish(args=["fraud", "--new"]), world.wish())
    (dry_run,) = numbers(process, "POST", "/plan")
    assert dry_run < lock(process)


def test_a_jar_is_uploaded_under_the_lock_only(world: World) -> None:
    running(world)
    process = Process(world)
    process.ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    (upload,) = numbers(process, "POST", "/upload")
    (dry_run,) = numbers(process, "POST", "/plan")
    assert lock(process) < upload < dry_run


def test_a_program_that_does_not_change_is_not_run_dry(world: World) -> None:
    running(world)
    process = Process(world)
    process.ensure(world.wish(description="new"), world.wish())
    assert numbers(process, "POST", "/plan") == []


def test_a_job_that_is_suspended_with_a_new_program_is_not_run_dry(world: World) -> None:
    running(world)
    process = Process(world)
    process.ensure(world.wish(args=["fraud", "--new"], state="suspended"), world.wish())
    assert numbers(process, "POST", "/plan") == []


@pytest.mark.parametrize("what", [Answer(503, {}), Fault.REFUSED, Fault.LOST], ids=str)
def test_one_that_failed_is_made_again_under_the_lock(what: Answer | Fault, world: World) -> None:
    running(world)
    process = Process(world)
    process.inject(what, calls_to("POST", "/plan"))
    process.ensure(world.wish(args=["fraud", "--new"]), world.wish())
    assert len(numbers(process, "POST", "/run")) == 1
    assert lock(process) < numbers(process, "POST", "/plan")[-1]


def test_one_that_fails_again_is_refused_before_anything_is_stopped(world: World) -> None:
    running(world)
    process = Process(world)
    process.inject(Answer(400, {"errors": ["main() failed"]}), calls_to("POST", "/plan"), times=2)
    with pytest.raises(Refused, match=r"nothing was changed: main\(\) failed"):
        process.ensure(world.wish(args=["fraud", "--new"]), world.wish())
    assert numbers(process, "POST", "/stop") == []


def test_a_jar_that_was_removed_since_is_uploaded_again(world: World) -> None:
    running(world)
    process = Process(world)

    def and_then_the_jar_goes(work: Callable[[], Any]) -> Future[Any]:
        done = at_once(work)
        world.flink.jars.clear()
        return done

    process.shop = Workshop(process, world.clock, process.said.append, and_then_the_jar_goes)
    process.ensure(world.wish(args=["fraud", "--new"]), world.wish())
    assert len(world.active()) == 1
    assert world.flink.uploads == 2


class Later(Future[Any]):
    """Work that takes until its result is asked for."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def result(self, timeout: float | None = None) -> Any:
        """Does the work."""
        return self._work()


def test_the_lock_does_not_wait_for_it(world: World) -> None:
    running(world)
    process = Process(world)
    process.shop = Workshop(process, world.clock, process.said.append, Later)
    process.ensure(world.wish(args=["fraud", "--new"]), world.wish())
    (dry_run,) = numbers(process, "POST", "/plan")
    assert lock(process) < dry_run
    assert len(world.active()) == 1
