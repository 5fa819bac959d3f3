"""How long the steps of a switch took, and how long nothing ran meanwhile."""

from flink_components.lifecycle.waiting import Clock
from flink_components.plan.record import Run, Switch


class Stopwatch:
    """Notes when each step was done, each once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: float | None = None
        self.steps: dict[str, float] = {}

    def begin(self) -> None:
        """The first step begins."""
        self._last, self.steps = self._clock.monotonic(), {}

    def done(self, step: str) -> None:
        """A step is done, and the next one begins."""
        now = self._clock.monotonic()
        if self._last is not None and step not in self.steps:
            self.steps[step] = round(now - self._last, 3)
            self._last = now

    def switch(self, run: Run, stopped: bool) -> Switch:
        """What was measured. `stopped`: a job ran before, from whose stop on nothing ran."""
        down = [self.steps[name] for name in ("stop", "go", "run") if name in self.steps]
        return Switch(
            revision=run.revision,
            attempt=run.attempt,
            at=self._clock.now(),
            steps=self.steps,
            down=round(sum(down), 3) if stopped else None,
        )
