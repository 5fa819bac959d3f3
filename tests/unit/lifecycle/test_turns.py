"""Whose turn it is in a fleet, with threads as the provider process has them."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.turns import Turns
from flink_components.spec.fleet import FleetSpec
from tests.lifecycle.kubernetes import until

WAITS_SECONDS = 20


def fail(turns: Turns, key: str, spec: FleetSpec) -> None:
    with pytest.raises(StepFailed), turns.turn("payments", spec, key, lambda _: None):
        raise StepFailed("out of memory")


def begin(turns: Turns, key: str, spec: FleetSpec, said: list[str] | None = None) -> None:
    notes = said if said is not None else []
    with turns.turn("payments", spec, key, notes.append):
        pass


def test_no_more_jobs_than_wanted_have_their_turn_at_the_same_time() -> None:
    turns, spec, mutex = Turns(), FleetSpec(max_in_flight=2), threading.Lock()
    going, most, gate = 0, 0, threading.Barrier(2)

    def work(number: int) -> None:
        nonlocal going, most
        with turns.turn("payments", spec, f"payments/{number}", lambda _: None):
            with mutex:
                going += 1
                most = max(most, going)
            gate.wait(WAITS_SECONDS)
            with mutex:
                going -= 1

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, number) for number in range(8)]:
            done.result(WAITS_SECONDS)
    assert most == 2


def test_after_enough_failures_the_next_one_is_refused_with_what_to_do() -> None:
    turns, spec = Turns(), FleetSpec(stop_after_failures=2)
    fail(turns, "payments/a", spec)
    begin(turns, "payments/b", spec)
    fail(turns, "payments/c", spec)
    with pytest.raises(Refused) as refused:
        begin(turns, "payments/d", spec)
    assert str(refused.value) == (
        "payments/d was not touched: payments/a, payments/c failed, and fleet payments stops after "
        "2 failures: mend what is said there, and run `pulumi up` again, which goes on with the "
        "rest"
    )


def test_one_that_waits_is_refused_as_soon_as_the_other_fails() -> None:
    turns, spec, said = Turns(), FleetSpec(max_in_flight=1), list[str]()

    def first(pool: ThreadPoolExecutor, waiting: list[Future[None]]) -> None:
        with turns.turn("payments", spec, "payments/a", said.append):
            waiting.append(pool.submit(begin, turns, "payments/b", spec, said))
            until("the other waits", WAITS_SECONDS, lambda: said)
            raise StepFailed("out of memory")

    with ThreadPoolExecutor(1) as pool:
        waiting = list[Future[None]]()
        with pytest.raises(StepFailed):
            first(pool, waiting)
        with pytest.raises(Refused, match="payments/b was not touched: payments/a failed"):
            waiting[0].result(WAITS_SECONDS)
    assert said[0] == "waits for its turn in fleet payments, after payments/a"


def test_fleets_do_not_count_each_others_failures() -> None:
    turns, spec = Turns(), FleetSpec()
    fail(turns, "payments/a", spec)
    with turns.turn("reporting", spec, "reporting/a", lambda _: None):
        pass
