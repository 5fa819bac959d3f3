"""Two clones of one program: stacks of one name, so one owner, each in a backend of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from flink_components import SessionJob
from flink_components.lifecycle.session_job import Wish
from sandbox.engine import ensure
from sandbox.engine import environment as engine_environment
from tests.cluster.stacks import JobStack
from tests.conformance.lab import Program
from tests.faults.struck_job import StruckJob
from tests.lifecycle.kubernetes import until

END_SECONDS = 15
"""How long the slow program takes to end: three times the pause between renewals of a lock."""


def clones_of(job: StruckJob, home: Path, kubeconfig: str) -> tuple[JobStack, JobStack]:
    """Two stacks of the job's program that know nothing of each other."""

    def clone(name: str) -> JobStack:
        folder = home / job.name / name
        variables = {**engine_environment(folder), "KUBECONFIG": kubeconfig}
        return JobStack(folder / "program", ensure(), variables, job.name)

    return clone("one"), clone("two")


def slow_to_end(job: StruckJob) -> Wish:
    """A program that holds up for a while whoever stops it with a savepoint."""
    slow = str(END_SECONDS * 1000)
    jar = job.jar(0, "slow-to-cancel")
    return job.wish(jar, "--name", job.name, "--cancel-delay-ms", slow)


def declaring(job: StruckJob, wish: Wish) -> Program:
    """The program that declares it."""

    def declare() -> None:
        SessionJob(
            job.name,
            {
                "cluster": job.ref.to_json(),
                "key": job.key,
                "jar": wish.spec.jar,
                "args": list(wish.spec.args),
                "savepoint_dir": job.savepoints.as_uri(),
                "deadlines": {"stable": "2 min"},
            },
        )

    return declare


@contextmanager
def standing_still(processes: Sequence[int]) -> Iterator[None]:
    """Processes that do nothing until the end of the block, as on a machine that is asleep."""
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        until("processes that stand still", 10, lambda: all(map(_stands_still, processes)))
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def _stands_still(process: int) -> bool:
    status = Path(f"/proc/{process}/stat").read_text()
    return status.rpartition(")")[2].split()[0] == "T"
