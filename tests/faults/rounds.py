"""Strikes a job's processes round after round, and says what was not made good."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

from flink_components.flink.errors import FlinkError
from tests.faults.judge import problems
from tests.faults.operations import OPERATIONS, create
from tests.faults.processes import Performance, perform
from tests.faults.struck_job import StruckJob
from tests.faults.switch import KILLS, Fault, Strike

NewJob = Callable[[], StruckJob]
SIDE_BY_SIDE = 4


class Rounds:
    """Jobs that one operation is done to again and again; one that is not well is replaced."""

    def __init__(self, new_job: NewJob, operation: str) -> None:
        self._new_job = new_job
        self._name = operation
        self._operation = OPERATIONS[operation]
        self._job: StruckJob | None = None
        self._numbers = count(1)

    def points(self) -> tuple[str, ...]:
        """The points of the operation where nothing is struck."""
        job, number = self._next()
        outcome = perform(job, self._name, number)
        wrong = [outcome.error] if outcome.error else problems(job, self._operation)
        assert wrong == [], f"{self._name}, where nothing was struck: {wrong}"
        self._operation.after(job, number)
        return outcome.points

    def strike(self, strike: Strike) -> list[str]:
        """What was wrong after a strike and the run that followed it at once.

        A call that is late may arrive in the midst of that run; all have arrived before the job
        is looked at.
        """
        job, number = self._next()
        performance = Performance(job, self._name, number, strike)
        struck = performance.outcome()
        if struck.ended_before(strike):
            performance.end()
            print(f"{self._name}: done this time before its point #{strike.number}")
            wrong = problems(job, self._operation)
        elif struck.killed is not (strike.fault in KILLS):
            performance.end()
            wrong = [f"something else happened: {struck}"]
        else:
            again = perform(job, self._name, number)
            performance.end()
            wrong = [again.error] if again.error else problems(job, self._operation)
        if wrong:
            self._leave()
        else:
            self._operation.after(job, number)
        return wrong

    def _next(self) -> tuple[StruckJob, int]:
        if self._job is None or self._operation.alone:
            self._leave()
            self._job, self._numbers = self._new_job(), count(1)
            if not self._operation.alone:
                create(self._job, 0)
                self._job.written("v1", 20)
        number = next(self._numbers)
        self._operation.before(self._job, number)
        return self._job, number

    def _leave(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            end(job)

    def close(self) -> None:
        """Ends the job."""
        self._leave()


def end(job: StruckJob) -> None:
    """Ends what runs of a job, past the package under test."""
    for job_id in job.running():
        with suppress(FlinkError):
            job.flink.cancel(job_id)


def sample(points: Sequence[str], faults: Sequence[Fault], share: int, seed: int) -> list[Strike]:
    """One in `share` of all strikes at these points, drawn at random."""
    every = [
        Strike(number, fault)
        for number, point in enumerate(points)
        for fault in faults
        if fault is not Fault.LATE or not point.startswith("GET ")  # a late read changes nothing
    ]
    return sorted(
        random.Random(seed).sample(every, -(-len(every) // share)), key=lambda one: one.number
    )


def strike_some(
    new_job: NewJob, operation: str, faults: Sequence[Fault], share: int, seed: int
) -> list[str]:
    """Counts the operation's points, strikes one in `share`, and says what was not made good."""
    rounds = Rounds(new_job, operation)
    points = rounds.points()
    rounds.close()
    strikes = sample(points, faults, share, seed)
    print(f"{operation}: {len(points)} points, {len(strikes)} strikes, seed {seed}")
    return strike_all(new_job, operation, points, strikes)


def strike_all(
    new_job: NewJob, operation: str, points: Sequence[str], strikes: Sequence[Strike]
) -> list[str]:
    """What was not made good, each with the point and the fault."""

    def some(part: Sequence[Strike]) -> Iterator[str]:
        rounds = Rounds(new_job, operation)
        for strike in part:
            where = f"{operation}: {strike.fault.value}: #{strike.number} {points[strike.number]}"
            try:
                wrong = rounds.strike(strike)
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
            yield from (f"{where}: {problem}" for problem in wrong)
        rounds.close()

    parts = [strikes[start::SIDE_BY_SIDE] for start in range(SIDE_BY_SIDE)]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = pool.map(lambda part: list(some(part)), [part for part in parts if part])
        return [problem for part in found for problem in part]
