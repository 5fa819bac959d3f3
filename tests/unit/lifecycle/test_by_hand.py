"""What a person does to a job without its program."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.by_hand import (
    lock_of,
    savepoint_by_hand,
    suspend_by_hand,
    unlock,
)
from flink_components.lifecycle.errors import LifecycleError, Locked, LockLost, Refused
from flink_components.plan.record import Phase
from tests.unit.doubles.world import Process, World
from tests.unit.lifecycle.scenarios import listed, running


def suspend(world: World) -> str:
    process = Process(world)
    return suspend_by_hand(process.shop, process.ledger()).path


def test_a_job_that_was_suspended_by_hand_is_down_with_its_savepoint(world: World) -> None:
    running(world)
    path = suspend(world)
    record = world.record()
    assert (record.phase, record.reason, world.active()) == (Phase.SUSPENDED, "by hand", [])
    assert listed(world) == [path]


def test_the_next_up_starts_it_from_there(world: World) -> None:
    running(world)
    path = suspend(world)
    Process(world).ensure(world.wish(), world.wish())
    assert world.the_job().restored == path


def test_the_savepoint_goes_where_the_program_says_last(world: World) -> None:
    running(world)
    Process(world).ensure(world.wish(savepoint_dir="file:///elsewhere"), world.wish())
    assert suspend(world).startswith("file:/elsewhere/payments/fraud/")


def test_a_job_without_a_place_for_savepoints_is_not_touched(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(savepoint_dir=None, upgrade_mode="stateless"))
    with pytest.raises(Refused, match="payments/fraud has no savepoint_dir"):
        suspend(world)
    assert len(world.active()) == 1


def test_a_job_that_is_suspended_stays_as_it_is(world: World) -> None:
    running(world)
    assert suspend(world) == suspend(world)


def test_a_job_that_has_failed_is_not_suspended(world: World) -> None:
    running(world)
    world.flink.fail(world.the_job().id, "java.lang.Exception: x")
    with pytest.raises(Refused, match="is FAILED, so it can't be stopped with a savepoint"):
        suspend(world)


def test_a_job_that_never_ran_is_refused(world: World) -> None:
    Process(world).anchor()
    with pytest.raises(Refused, match="payments/fraud has never run"):
        suspend(world)


def test_a_savepoint_by_hand_is_in_the_history_and_the_job_runs_on(world: World) -> None:
    running(world)
    before = world.the_job().id
    process = Process(world)
    path = savepoint_by_hand(process.shop, process.ledger(), None).path
    assert (listed(world), world.the_job().id) == ([path], before)


def test_a_key_without_a_ledger_says_how_to_find_the_others(world: World) -> None:
    with pytest.raises(LifecycleError) as error:
        lock_of(Process(world).ledger("payments/none"))
    assert str(error.value) == (
        "there is no job payments/none in namespace payments: `flink-components jobs --namespace "
        "payments` lists those that there are"
    )


def test_a_lock_that_nobody_holds_needs_no_unlock(world: World) -> None:
    running(world)
    assert lock_of(Process(world).ledger()) is None
    assert unlock(Process(world).ledger()) is None


def test_a_living_holder_keeps_its_lock(world: World) -> None:
    running(world)
    with (
        Process(world).ledger().lock("up of payments/fraud"),
        pytest.raises(Locked, match="which is alive"),
    ):
        unlock(Process(world).ledger())


def test_a_holder_whose_lock_was_taken_fails_at_its_next_call(world: World) -> None:
    running(world)
    with Process(world).ledger().lock("up of payments/fraud") as held:
        taken = unlock(Process(world).ledger(), force=True)
        assert taken is not None
        assert taken.holder.endswith(" up of payments/fraud")
        with pytest.raises(LockLost, match="done, or it was unlocked by hand"):
            held.fence()
