"""The provider process carries out as many calls at once as the engine asks for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError, Thread

from flink_components.providers.workers import AT_ONCE, widen

_SECONDS = 10.0


def _at_once(pool: ThreadPoolExecutor, count: int) -> bool:
    """So many calls are carried out at the same time."""
    meeting = Barrier(count)

    def meet() -> bool:
        try:
            meeting.wait(_SECONDS)
        except BrokenBarrierError:
            return False
        return True

    calls = [pool.submit(meet) for _ in range(count)]
    return all(call.result() for call in calls)


def test_calls_are_no_longer_limited_to_the_four_of_the_sdk() -> None:
    with ThreadPoolExecutor(max_workers=4) as pool:
        pool.submit(widen).result()
        assert _at_once(pool, 12)


def test_threads_are_limited() -> None:
    with ThreadPoolExecutor(max_workers=4) as pool:
        pool.submit(widen).result()
        assert pool._max_workers == AT_ONCE


def test_pool_that_is_larger_stays_as_it_is() -> None:
    with ThreadPoolExecutor(max_workers=AT_ONCE + 1) as pool:
        pool.submit(widen).result()
        assert pool._max_workers == AT_ONCE + 1


def test_any_other_thread_may_ask() -> None:
    thread = Thread(target=widen)
    thread.start()
    thread.join(_SECONDS)
    assert not thread.is_alive()
