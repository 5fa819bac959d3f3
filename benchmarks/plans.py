"""`pulumi preview` of jobs that all change, with a state verdict for each.

Each job has a jar, a job graph and a checkpoint of its own: the files that a real Flink wrote, five
operators whose state is in files beside `_metadata`. API server and Flink are doubles on loopback,
so what is timed is the engine, the program and the reading of snapshots: on this machine, or in an
S3 that takes 50 ms to answer each call. The command is timed from its start to its end, and must
have printed a verdict for each job.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.changed import PROGRAM, VARIABLE
from benchmarks.installed import variables
from benchmarks.measuring import Report, compare, seconds_of
from benchmarks.project import Project, PulumiError
from benchmarks.slow_s3 import BUCKET, SlowStore, slow_s3
from sandbox import engine
from tests.unit.doubles.job_graphs import graph
from tests.unit.doubles.judged_job import SAME, SNAPSHOT
from tests.unit.doubles.served import Served, served
from tests.unit.doubles.world import NAMESPACE, ref

_FEW, _MANY = 100, 400
_DELAY = 0.05
_LIMIT_SECONDS = 15.0
_HERE = f"preview, {_FEW} changed jobs, state on this machine"
_FAR = f"preview, {_FEW} changed jobs, state in an S3 that takes 50 ms"
_GROWS = f"preview, {_MANY} changed jobs against {_FEW}"
_GOALS = {_HERE: 1.0, _FAR: 1.0, _GROWS: 4.4}


@dataclass
class Changed:
    """A project of so many jobs, which run; its program declares another jar for each."""

    world: Served
    work: Path
    count: int
    environment: Mapping[str, str]

    def __post_init__(self) -> None:
        self.folder = self.work / f"jobs-{self.count}"
        self.project = Project(self.folder, self._with("new"), PROGRAM)

    def begin(self) -> None:
        """Starts the jobs, gives each a real checkpoint and the next program its job graph."""
        self.project.create()
        old, new = self._declared(1), self._declared(2)
        for name, arguments in new.items():
            wish = self.world.world.wish(
                **arguments, name=name, key=f"{NAMESPACE}/{name}", namespace=NAMESPACE
            )
            made = graph(*SAME, jar_content=wish.content, program=wish.fingerprint)
            path = self.folder / f"{name}.json"
            path.write_text(made.to_json())
            arguments["job_graph"] = str(path)
        for which, jobs in (("old", old), ("new", new)):
            (self.folder / which).write_text(json.dumps(jobs))
        Project(self.folder, self._with("old"), PROGRAM).run("up", "--yes", "--skip-preview")
        for name in new:
            shutil.copytree(SNAPSHOT, self._checkpoint(name))
        self.keep_state(self.folder.as_uri())

    def keep_state(self, base: str) -> None:
        """The checkpoints of the jobs are there."""
        flink = self.world.world.flink
        with self.world.world.mutex:
            for job in flink.active():
                if job.group.startswith(f"{self.folder.name}-"):
                    flink.checkpoint(job.id).path = f"{base}/checkpoints/{job.group}"

    def copy_state(self, store: SlowStore) -> str:
        """Copies the checkpoints into S3; where they are."""
        for path in sorted(self.folder.glob("checkpoints/*/*")):
            key = f"{self.folder.name}/{path.relative_to(self.folder)}"
            store.client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
        return f"s3://{BUCKET}/{self.folder.name}"

    def preview(self) -> float:
        """How long it takes. Raises PulumiError where a verdict is missing."""
        said: list[str] = []
        seconds = seconds_of(lambda: said.append(self.project.run("preview")))
        full = said[0].count("FULL: 5 of 5 stateful operators find theirs")
        if full != self.count:
            raise PulumiError(f"{full} of {self.count} jobs have a verdict:\n{said[0][-3000:]}")
        return seconds

    def _with(self, which: str) -> Mapping[str, str]:
        return {**self.environment, VARIABLE: str(self.folder / which)}

    def _checkpoint(self, name: str) -> Path:
        return self.folder / "checkpoints" / name

    def _declared(self, version: int) -> dict[str, dict[str, Any]]:
        return {name: self._arguments(name, version) for name in self._names()}

    def _names(self) -> list[str]:
        return [f"{self.folder.name}-{number}" for number in range(self.count)]

    def _arguments(self, name: str, version: int) -> dict[str, Any]:
        return {
            "cluster": ref(),
            "jar": self.world.world.jar(name, str(version)),
            "entry_class": "org.acme.Job",
            "args": [name],
            "version": str(version),
            "savepoint_dir": (self.work / "savepoints").as_uri(),
        }


def measure(repetitions: int) -> Report:
    """Measures previews against the limit, and of many jobs against one of few."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flink-benchmark-")))
        world = stack.enter_context(served(work / "world"))
        world.world.flink.slots = _FEW + _MANY
        store = stack.enter_context(slow_s3())
        environment = {
            **variables(work),
            **engine.environment(work / "engine"),
            **store.variables,
            "KUBECONFIG": str(world.kubeconfig),
        }
        few, many = (Changed(world, work, count, environment) for count in (_FEW, _MANY))
        for one in (few, many):
            sys.stderr.write(f"up of {one.count} jobs: {seconds_of(one.begin):.0f} s\n")
        far = few.copy_state(store)

        def ours() -> Mapping[str, float]:
            few.keep_state(far)
            store.seconds = _DELAY
            slow = few.preview()
            few.keep_state(few.folder.as_uri())
            return {_HERE: few.preview(), _FAR: slow, _GROWS: many.preview()}

        def theirs() -> Mapping[str, float]:
            return {_HERE: _LIMIT_SECONDS, _FAR: _LIMIT_SECONDS, _GROWS: few.preview()}

        found = compare(ours, theirs, _GOALS, repetitions)
    return Report("Plans", "flink_components", f"limit, or {_FEW} jobs", found)
