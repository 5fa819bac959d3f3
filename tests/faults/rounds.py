"""Strikes a job's processes round after round, and says what was not made good."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from tests.faults.kinds import KINDS, Struck
from tests.faults.processes import Performance, perform
from tests.faults.struck_job import KIND as SESSION_JOB
from tests.faults.switch import KILLS, Fault, Strike

_WORTH_ONE_MORE = 3
"""So many strikes take longer than another job to strike takes to begin."""

NewJob = Callable[[], Any]
"""Makes a job that was never declared: a StruckJob or a StruckApplication."""


class Rounds:
    """Jobs that one operation is done to again and again; one that is not well is replaced."""

    def __init__(self, new_job: NewJob, operation: str, kind: str = SESSION_JOB) -> None:
        self._new_job = new_job
        self._name = operation
        self._kind = KINDS[kind]
        self._operation = self._kind.operations[operation]
        self._job: Struck | None = None
        self._numbers = count(1)

    def points(self) -> tuple[str, ...]:
        """The points of the operation where nothing is struck."""
        job, number = self._next()
        outcome = perform(job, self._name, number)
        wrong = [outcome.error] if outcome.error else self._problems(job)
        assert wrong == [], f"{self._name}, where nothing was struck: {wrong}"
        self._operation.after(job, number)
        return outcome.points

    def strike(self, strike: Strike) -> list[str]:
        """What was wrong after a strike and the run that followed it.

        It follows at once, or, after each second death, once what goes on by itself is over.
        A call that is late may arrive in the midst of that run; all have arrived before the job
        is looked at.
        """
        job, number = self._next()
        performance = Performance(job, self._name, number, strike)
        struck = performance.outcome()
        if struck.ended_before(strike):
            performance.end()
            print(f"{self._name}: done this time before its point #{strike.number}")
            wrong = self._problems(job)
        elif struck.killed is not (strike.fault in KILLS):
            performance.end()
            wrong = [f"something else happened: {struck}"]
        else:
            if strike.fault in KILLS and strike.number % 2:
                self._kind.left_alone(job)
            again = perform(job, self._name, number)
            performance.end()
            wrong = [again.error] if again.error else self._problems(job)
        if wrong:
            self._leave()
        else:
            self._operation.after(job, number)
        return wrong

    def _problems(self, job: Struck) -> list[str]:
        return self._kind.problems(job, self._operation)

    def _next(self) -> tuple[Struck, int]:
        if self._job is None or self._operation.alone:
            self._leave()
            self._job, self._numbers = self._new_job(), count(1)
            if not self._operation.alone:
                self._kind.operations["create"].act(self._job, 0)
                self._job.written("v1", 20)
        number = next(self._numbers)
        self._operation.before(self._job, number)
        return self._job, number

    def _leave(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.end()

    def close(self) -> None:
        """Ends the job."""
        self._leave()


def sample(
    points: Sequence[str],
    faults: Sequence[Fault],
    share: int,
    seed: int,
    not_at_reads: Sequence[Fault] = (Fault.LATE,),
) -> list[Strike]:
    """One in `share` of all strikes at these points, drawn at random.

    `not_at_reads`: a late read changes nothing.
    """
    every = [
        Strike(number, fault)
        for number, point in enumerate(points)
        for fault in faults
        if fault not in not_at_reads or not point.startswith("GET ")
    ]
    return sorted(
        random.Random(seed).sample(every, -(-len(every) // share)), key=lambda one: one.number
    )


def strike_some(
    new_job: NewJob,
    operation: str,
    faults: Sequence[Fault],
    share: int,
    seed: int,
    kind: str = SESSION_JOB,
) -> list[str]:
    """Counts the operation's points, strikes one in `share`, and says what was not made good."""
    rounds = Rounds(new_job, operation, kind)
    points = rounds.points()
    strikes = sample(points, faults, share, seed, KINDS[kind].not_at_reads)
    print(f"{operation}: {len(points)} points, {len(strikes)} strikes, seed {seed}")
    side_by_side = min(KINDS[kind].side_by_side, len(strikes) // _WORTH_ONE_MORE + 1)
    begun = [rounds, *(Rounds(new_job, operation, kind) for _ in range(1, side_by_side))]
    return strike_all(begun, operation, points, strikes)


def strike_all(
    side_by_side: Sequence[Rounds], operation: str, points: Sequence[str], strikes: Sequence[Strike]
) -> list[str]:
    """What was not made good, each with the point and the fault."""

    def some(number: int) -> Iterator[str]:
        rounds = side_by_side[number]
        for strike in strikes[number :: len(side_by_side)]:
            where = f"{operation}: {strike.fault.value}: #{strike.number} {points[strike.number]}"
            try:
                wrong = rounds.strike(strike)
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
            yield from (f"{where}: {problem}" for problem in wrong)
        rounds.close()

    numbers = range(len(side_by_side))
    with ThreadPoolExecutor(len(side_by_side)) as pool:
        found = pool.map(lambda number: list(some(number)), numbers)
        return [problem for part in found for problem in part]
