"""Many jobs upgraded by one `pulumi up`, against a loop of plain REST calls over 4 connections.

Both have as many jobs of the same jar on one real Flink, each with a slot of its own. An upgrade
is a stop with a savepoint and a start from it, until a checkpoint of the new job is complete. What
is timed of the package is the command, from its start to its end.

It is measured with jobs that end at once, where both ways wait for two processors, and with jobs
whose tasks take some seconds to end, as they do where there is something to write.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import local

from benchmarks.fleet import Fleet, arguments
from benchmarks.ground import local_flink, namespace, reference
from benchmarks.measuring import Comparison, Report, compare, seconds_of
from benchmarks.project import Project, check_that_all_run, project
from benchmarks.raw_rest import RawFlink
from examples.jobs.jars import build

_NAMESPACE = "benchmark-upgrades"
_JOBS = 100
_CONNECTIONS = 4
_AT_ONCE = f"upgrade of {_JOBS} jobs that end at once"
_SLOW = f"upgrade of {_JOBS} jobs that take 4 s to end"
_SLOW_MS = 4000
_GOALS = {_AT_ONCE: 1.25, _SLOW: 1.25}
"""The rate of the package is to be at least 0.8 of the other."""


@dataclass
class Packaged:
    """The jobs of one project."""

    fleet: Fleet
    project: Project
    turns: int = 0

    def up(self) -> None:
        """Starts the jobs, or upgrades all of them."""
        self.turns += 1
        fleet = replace(self.fleet, restart=str(self.turns))
        environment = {**self.project.environment, **fleet.variables()}
        replace(self.project, environment=environment).run("up", "--yes", "--skip-preview")


@dataclass
class Raw:
    """The same jobs by plain REST calls, each connection with one job at a time."""

    url: str
    jar: Path
    folder: Path
    ends_in_ms: int = 0
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._of_thread = local()
        self._pool = ThreadPoolExecutor(_CONNECTIONS)

    def start(self) -> None:
        """Submits the jobs, with one upload of their jar."""
        first, *others = range(_JOBS)
        self.ids = [self._submit(first), *self._pool.map(self._submit, others)]

    def upgrade(self) -> None:
        """Upgrades all of them."""
        self.ids = list(self._pool.map(self._upgrade, range(_JOBS), self.ids))

    def _submit(self, number: int) -> str:
        return self._flink().submit(self.jar, self._arguments(number))

    def _upgrade(self, number: int, job: str) -> str:
        savepoints = (self.folder / "savepoints" / str(number)).as_uri()
        return self._flink().upgrade(job, self.jar, self._arguments(number), savepoints)

    def _arguments(self, number: int) -> list[str]:
        return arguments(f"{self.folder}/output/job-{number}", self.ends_in_ms)

    def _flink(self) -> RawFlink:
        if not hasattr(self._of_thread, "flink"):
            self._of_thread.flink = RawFlink(self.url)
        flink: RawFlink = self._of_thread.flink
        return flink


def measure(repetitions: int) -> Report:
    """Compares the two."""
    found = {
        **_compared(_AT_ONCE, "stateful-v1", 0, repetitions),
        **_compared(_SLOW, "slow-to-cancel", _SLOW_MS, repetitions),
    }
    return Report("Upgrades", "one pulumi up", f"REST calls, {_CONNECTIONS} at once", found)


def _compared(part: str, job: str, ends_in_ms: int, repetitions: int) -> Mapping[str, Comparison]:
    """With jobs that take so long to end."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flink-benchmark-")))
        space = stack.enter_context(namespace(_NAMESPACE))
        flink = stack.enter_context(local_flink(work / "flink", slots=2 * _JOBS))
        ref, jar = reference(flink, space).to_json(), build()[job]
        fleet = Fleet(
            "packaged", _JOBS, ref, str(jar), str(work / "packaged"), ends_in_ms=ends_in_ms
        )
        packaged = Packaged(fleet, project(work, fleet))
        raw = Raw(flink.url, jar, work / "raw", ends_in_ms)
        for name, begin in (("flink_components", packaged.up), ("REST calls", raw.start)):
            sys.stderr.write(f"{_JOBS} jobs started by {name}: {seconds_of(begin):.0f} s\n")
        check_that_all_run(flink.url, 2 * _JOBS)
        found = compare(
            lambda: {part: seconds_of(packaged.up)},
            lambda: {part: seconds_of(raw.upgrade)},
            {part: _GOALS[part]},
            repetitions,
        )
        check_that_all_run(flink.url, 2 * _JOBS)
    return found
