"""The kinds of jobs that are struck: what is done to them, and how they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults import application_judge, application_operations, judge, operations
from tests.faults.operations import Operation, nothing
from tests.faults.struck_application import KIND as APPLICATION
from tests.faults.struck_application import struck_application
from tests.faults.struck_job import KIND as SESSION_JOB
from tests.faults.struck_job import struck_job
from tests.faults.switch import Fault, Switch

Struck = Any
"""A StruckJob or a StruckApplication."""


@dataclass(frozen=True)
class Kind:
    """`made` is how another process gets it of its place, `problems` what is wrong with it.

    `side_by_side` is how many are struck at the same time, `not_at_reads` are the faults that
    make no difference there. `left_alone` waits for what becomes of it without any process that
    works on it.
    """

    operations: Mapping[str, Operation[Any]]
    made: Callable[[Mapping[str, Any], Switch], Struck]
    problems: Callable[[Struck, Operation[Any]], list[str]]
    side_by_side: int
    not_at_reads: tuple[Fault, ...] = (Fault.LATE,)
    left_alone: Callable[[Struck], None] = lambda job: nothing(job, 0)


KINDS = {
    SESSION_JOB: Kind(operations.OPERATIONS, struck_job, judge.problems, 4),
    APPLICATION: Kind(
        application_operations.OPERATIONS,
        struck_application,
        application_judge.problems,
        2,
        # A death after a read is one before the next call: each round takes several seconds.
        (Fault.LATE, Fault.KILLED_AFTER),
        application_judge.left_alone,
    ),
}
"""By what a place says of it."""
