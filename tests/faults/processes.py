"""Processes that do one operation each, so that one can be killed and the next one goes on."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from tests.faults.kinds import KINDS, Struck
from tests.faults.switch import Strike, Switch

_SECONDS = 240.0
_LAST_CALL_SECONDS = 30.0
# where the fork server can't say any more how a process ended
_NOT_SAID = 255
# A server without threads that has all modules loaded: a process costs a fork, not a start.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.faults.processes", "kubernetes.config"])


@dataclass(frozen=True)
class Outcome:
    """What became of a process: whether it was killed, its error, and the points it came to."""

    killed: bool
    error: str = ""
    points: tuple[str, ...] = ()

    def ended_before(self, strike: Strike) -> bool:
        """It was done in fewer calls than the run whose points were counted.

        A job that has ended by the time it is looked at needs one write less.
        """
        return not self.killed and not self.error and len(self.points) <= strike.number


class Performance:
    """An operation that is done in a process of its own."""

    def __init__(
        self, job: Struck, operation: str, number: int, strike: Strike | None = None
    ) -> None:
        self._answer, there = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(
            target=_act, args=(there, job.place, operation, number, strike), daemon=True
        )
        self._process.start()
        there.close()

    def outcome(self) -> Outcome:
        """What became of the operation; its process may still have a late call to send."""
        try:
            said = self._answer.recv() if self._answer.poll(_SECONDS) else None
        except EOFError:
            said = None
        if said is not None:
            return Outcome(False, *said)
        self._process.join(0.5)
        if self._process.exitcode is None:
            self._kill()
            return Outcome(killed=False, error=f"it did not end within {_SECONDS:.0f} s")
        assert self._process.exitcode in (-signal.SIGKILL, _NOT_SAID), self._process.exitcode
        return Outcome(killed=True)

    def end(self) -> None:
        """Waits until the process is gone, so that nothing of it can arrive any more."""
        self._process.join(_LAST_CALL_SECONDS)
        if self._process.exitcode is None:
            self._kill()
            raise AssertionError(f"a process was there {_LAST_CALL_SECONDS:.0f} s after its end")

    def _kill(self) -> None:
        self._process.kill()
        self._process.join()


def perform(job: Struck, operation: str, number: int) -> Outcome:
    """Does the operation in a process of its own, and waits for its end."""
    performance = Performance(job, operation, number)
    outcome = performance.outcome()
    performance.end()
    return outcome


def _act(
    answer: Connection,
    place: Mapping[str, Any],
    operation: str,
    number: int,
    strike: Strike | None,
) -> None:
    switch, kind, error = Switch(strike), KINDS[place["kind"]], ""
    try:
        kind.operations[operation].act(kind.made(place, switch), number)
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
    answer.send((error, tuple(switch.points)))
    answer.close()
