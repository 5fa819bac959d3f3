"""A clock that stands still unless someone waits."""

from flink_components.lifecycle.waiting import Clock

START = 1_800_000_000.0


class FakeClock(Clock):
    """Waiting takes no time: it moves the clock."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
