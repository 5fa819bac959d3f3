"""Jobs on clusters of each Flink version, declared and upgraded together by one stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi

from examples.jobs.check import Report
from flink_components import SessionJob
from flink_components.flink.answers import ENDED
from tests.cluster.session import Seen, StackOfJob
from tests.cluster.stacks import JobStack, NewStack
from tests.conformance.lab import Program
from tests.conformance.lab import Run as EngineRun

T = TypeVar("T")
Job = tuple[str, str]
"""What a job of a fleet is for, and the Flink version that it runs on."""

Wanted = Callable[[StackOfJob], dict[str, Any]]
"""The arguments of a job of a fleet."""


def runs(jar: str, *more: str, **changes: Any) -> Wanted:
    """Declares an example job, with further arguments of `main` and other changes."""

    def values(job: StackOfJob) -> dict[str, Any]:
        return job.values(jar, **{"args": job.arguments(*more), **changes})

    return values


@dataclass
class Fleet:
    """Jobs of one stack, by what they are for and their Flink version."""

    stack: JobStack
    jobs: Mapping[Job, StackOfJob]

    def program(self, wanted: Mapping[str, Wanted]) -> Program:
        """A program with the jobs that are wanted, by what they are for; exports their outputs."""
        values = {
            job.name: wanted[purpose](job)
            for (purpose, _), job in self.jobs.items()
            if purpose in wanted
        }

        def program() -> None:
            for name, given in values.items():
                export(name, SessionJob(name, given))  # type: ignore[arg-type]

        return program

    def up(self, wanted: Mapping[str, Wanted]) -> EngineRun:
        """`pulumi up` of that program; it must succeed."""
        run = self.stack.up(self.program(wanted))
        assert run.ok, run.error
        return run

    def each(self, look: Callable[[StackOfJob], T]) -> dict[Job, T]:
        """What is seen of each job."""
        return {which: look(job) for which, job in self.jobs.items()}

    def end(self) -> None:
        """Ends what runs of it, past the engine: for a story that is told to its end."""
        self.each(lambda job: [job.flink.cancel(left) for left in running(job)])

    def written(self, version: str = "v1", more_than: int = 20) -> dict[Job, Report]:
        """Waits until records of `version` are committed by each job; what they prove then."""
        return self.each(lambda job: job.written(version, more_than))


def fleet(
    name: str,
    which: Iterable[Job],
    refs: Mapping[str, Mapping[str, Any]],
    seen: Seen,
    new_stack: NewStack,
) -> Fleet:
    """A stack for jobs that were never declared."""
    stack = new_stack(name)
    jobs = {
        (purpose, version): StackOfJob(
            f"{name}-{purpose}-{version.replace('.', '-')}", stack, refs[version], seen
        )
        for purpose, version in which
    }
    return Fleet(stack, jobs)


def export(name: str, job: SessionJob) -> None:
    """Exports what a user would, under the job's name."""
    outputs = ("job_id", "revision", "state", "restored_from", "restore_point")
    pulumi.export(name, {output: getattr(job, output) for output in outputs})


def running(job: StackOfJob) -> list[str]:
    """Ids of the unfinished jobs of that name on its cluster."""
    found = job.flink.jobs()
    return [one.id for one in found if one.name == job.name and one.state not in ENDED]
