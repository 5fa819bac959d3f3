"""Processes that do one operation each, so that one can be killed and the next one goes on."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from tests.faults.operations import OPERATIONS
from tests.faults.struck_job import StruckJob, struck_job
from tests.faults.switch import Strike, Switch

_SECONDS = 240.0
# A server without threads that has all modules loaded: a process costs a fork, not a start.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.faults.processes", "kubernetes.config"])


@dataclass(frozen=True)
class Outcome:
    """What became of a process: whether it was killed, its error, and the points it came to."""

    killed: bool
    error: str = ""
    points: tuple[str, ...] = ()


def perform(job: StruckJob, operation: str, number: int, strike: Strike | None = None) -> Outcome:
    """Does the operation in a process of its own, and waits for its end."""
    here, there = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(
        target=_act, args=(there, job.place, operation, number, strike), daemon=True
    )
    process.start()
    there.close()
    try:
        said: tuple[str, tuple[str, ...]] | None = here.recv() if here.poll(_SECONDS) else None
    except EOFError:
        said = None
    process.join(5 if said else 0.5)
    if process.exitcode is None:
        process.kill()
        process.join()
        return Outcome(killed=False, error=f"it did not end within {_SECONDS:.0f} s")
    if said is None:
        assert process.exitcode == -signal.SIGKILL, process.exitcode
        return Outcome(killed=True)
    return Outcome(False, *said)


def _act(
    answer: Connection,
    place: Mapping[str, Any],
    operation: str,
    number: int,
    strike: Strike | None,
) -> None:
    switch, error = Switch(strike), ""
    try:
        OPERATIONS[operation].act(struck_job(place, switch), number)
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
    answer.send((error, tuple(switch.points)))
    answer.close()
