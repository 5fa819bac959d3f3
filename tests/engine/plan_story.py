"""A small project on disk whose jobs are in memory, and what the commands on it printed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flink_components.flink.job_graph import Operator
from flink_components.plan.record import Owner, Record
from sandbox.engine import environment
from tests.unit.doubles.job_graphs import graph, operator
from tests.unit.doubles.judged_job import NUMBERS, OFFSETS, RULES, SAME, SNAPSHOT, WINDOW
from tests.unit.doubles.served import RunningClock
from tests.unit.doubles.world import Process, World, ref

PROJECT = "payments"
STACK = f"organization/{PROJECT}/prod"
NAMES = ("counts", "dedup", "fraud", "rates")
FULL = (*SAME, operator("score", "remember"))
LESS = (NUMBERS, OFFSETS, WINDOW, operator("totals", "numbers"), RULES)
_PROGRAM = """
import json
from pathlib import Path

from flink_components import SessionJob

declared = json.loads(Path("jobs.json").read_text())
for name, args in declared["jobs"].items():
    SessionJob(name, {"cluster": declared["cluster"], **args})
"""


@dataclass(frozen=True)
class Printed:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str


@dataclass
class Project:
    """The project in `folder`; its jobs run in `world`, to which `kubeconfig` leads."""

    folder: Path
    world: World
    kubeconfig: Path
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        home = self.folder / "engine"
        self._variables = {**os.environ, **environment(home), "KUBECONFIG": str(self.kubeconfig)}
        (self.folder / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        (self.folder / "__main__.py").write_text(_PROGRAM)
        self.pulumi("stack", "init", "prod")

    def declare(self, **jobs: Mapping[str, Any] | None) -> None:
        """Changes the program; None: the job is not in it any more."""
        for name, args in jobs.items():
            if args is None:
                del self.jobs[name]
            else:
                self.jobs[name] = self._args(name, args)
        cluster = {**ref(), "connection": {"kubeconfig": str(self.kubeconfig)}}
        text = json.dumps({"cluster": cluster, "jobs": self.jobs})
        (self.folder / "jobs.json").write_text(text)

    def next(self, name: str, *operators: Operator) -> dict[str, Any]:
        """The next program of a job, with the file of its job graph."""
        jar = self.world.jar("job", "2")
        wish = self.world.wish(**{**self._args(name, {}), "key": f"payments/{name}", "jar": jar})
        path = f"{name}-graph.json"
        made = graph(*operators, jar_content=wish.content, program=wish.fingerprint)
        (self.folder / path).write_text(made.to_json())
        return {"jar": Path(jar).name, "job_graph": path, "version": "2"}

    def _args(self, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "jar": Path(self.world.jar("job")).name,
            "entry_class": "org.acme.Fraud",
            "args": [name],
            "savepoint_dir": "file:///savepoints",
            "deadlines": {"stable": "5 min"},
            **args,
        }

    def runs(self, name: str) -> None:
        """Starts a job as `up` would, with a real checkpoint."""
        process, key = Process(self.world), f"payments/{name}"
        process.anchor(key, Owner(stack=STACK, urn="urn:x"))
        process.ensure(
            self.world.wish(
                **{**self._args(name, {}), "key": key, "name": name, "jar": self.world.jar("job")}
            )
        )
        job = next(job for job in self.world.active(name))
        taken = self.world.flink.checkpoint(job.id)
        shutil.copytree(SNAPSHOT, taken.path.removeprefix("file:"), dirs_exist_ok=True)

    def record(self, name: str) -> Record:
        """The ledger of a job."""
        return self.world.record(f"payments/{name}")

    def pulumi(self, *arguments: str) -> Printed:
        """The engine, as a person types it."""
        return self._run(["pulumi", *arguments, "--non-interactive"])

    def plan(self, *arguments: str, stack: str = "prod") -> Printed:
        """`flink-components plan`."""
        command = [sys.executable, "-m", "flink_components.cli", "plan", "--stack", stack]
        return self._run([*command, *arguments])

    def _run(self, command: Sequence[str]) -> Printed:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return Printed(done.returncode, done.stdout, done.stderr)


def world_in(folder: Path) -> World:
    """A world whose time goes on, with checkpoints in the folder."""
    world = World(folder, RunningClock())
    world.flink.keep_checkpoints_in(folder / "checkpoints")
    return world
