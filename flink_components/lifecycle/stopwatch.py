"""How long the steps of a start took, for how long nothing ran, how large the savepoint was."""

from concurrent.futures import Future
from contextlib import suppress

from flink_components.flink.answers import same_path
from flink_components.flink.errors import FlinkError
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import RUNS, Run, Switch

_WITHOUT_A_JOB = ("stop", "go", "run")


class Stopwatch:
    """Notes when each step was done, each once."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._last: float | None = None
        self._before: Run | None = None
        self._replaces = False
        self._size: Future[int | None] | None = None
        self.steps: dict[str, float] = {}

    def begin(self, held: HeldRecord) -> None:
        """The first step begins; what the ledger says runs is what may be stopped."""
        self._last, self.steps = self._shop.clock.monotonic(), {}
        self._before = held.record.run
        self._replaces = held.record.phase in RUNS

    def done(self, step: str) -> None:
        """A step is done, and the next one begins."""
        now = self._shop.clock.monotonic()
        if self._last is not None and step not in self.steps:
            self.steps[step] = round(now - self._last, 3)
            self._last = now

    def weigh(self, origin: str | None, seconds: float) -> None:
        """Asks beside the rest how large `origin` is, from which something starts.

        Flink answers from a cache, so it is asked again until it knows, or `seconds` have passed.
        """
        before = self._before
        if before is not None and origin is not None and self._size is None:
            self._size = self._shop.beside(lambda: _size(self._shop, before, origin, seconds))

    def switch(self, run: Run) -> Switch:
        """What was measured; nothing ran from the stop of what ran before on, if something did."""
        down = [self.steps[name] for name in _WITHOUT_A_JOB if name in self.steps]
        return Switch(
            revision=run.revision,
            attempt=run.attempt,
            at=self._shop.clock.now(),
            steps=self.steps,
            down=round(sum(down), 3) if self._replaces else None,
            size=self._size.result() if self._size is not None else None,
        )


def _size(shop: Workshop, run: Run, path: str, seconds: float) -> int | None:
    """Bytes of the savepoint that an attempt has taken last, as its Flink says, if it is this."""

    def read() -> int | None:
        with suppress(FlinkError):
            taken = shop.flink(run.cluster).checkpoints(run.job_id).savepoint
            if taken is not None and same_path(taken.path, path):
                return taken.size
        return None

    return poll(shop.clock, read, lambda size: size is not None, seconds, pause=0.1)[0]
