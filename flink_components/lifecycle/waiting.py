"""Waits: short polls with a deadline of our own, on a clock that tests can replace."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Clock:
    """The real clock."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)


def poll(
    clock: Clock,
    read: Callable[[], T],
    done: Callable[[T], bool],
    seconds: float,
    pause: float = 0.025,
    longest: float = 0.5,
) -> tuple[T, bool]:
    """Reads until `done` or until `seconds` have passed: the last value, and whether it was done.

    At least one read is made; a pause is a quarter of the time waited so far, but not shorter than
    `pause` and not longer than `longest` seconds.
    """
    started = clock.monotonic()
    deadline = started + seconds
    while True:
        value = read()
        if done(value):
            return value, True
        now = clock.monotonic()
        if now >= deadline:
            return value, False
        clock.sleep(min(max(pause, (now - started) / 4), longest, deadline - now))
