"""The plan in the demo: what a preview says of the state, for four next versions of the job."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.images import DEFAULT_VERSIONS, distribution

_BUILD = "examples/jobs/build"
_FLINK = DEFAULT_VERSIONS[0]


@dataclass(frozen=True)
class Next:
    """What is declared of the job of a version, and the file with the graph of its program."""

    version: str
    jar: str
    config: Mapping[str, str | int] = field(default_factory=dict)
    accept: tuple[Mapping[str, str], ...] = ()

    @property
    def graph(self) -> str:
        """Where the graph is, in the project's folder."""
        build = "-".join([self.jar.rpartition("-")[2], *map(str, self.config.values())])
        return f"{_BUILD}/graph-{build}.json"

    def declared(self) -> dict[str, Any]:
        """Its part of the entry in `flink:jobs`; None: nothing is declared any more."""
        return {
            "version": self.version,
            "jar": f"{_BUILD}/{self.jar}.jar",
            "job_graph": self.graph,
            "config": dict(self.config) or None,
            "accept": [dict(loss) for loss in self.accept] or None,
        }


FIRST = Next("1", "stateful-v1")
FULL = Next("2", "stateful-v2")
PARTIAL = Next("3", "stateful-v3")
ACCEPTED = Next(
    "3",
    "stateful-v3",
    accept=(
        {
            "operator": "uid-largest",
            "up_to": "1Mi",
            "version": "3",
            "reason": "nobody asks for the largest number any more",
        },
    ),
)
INCOMPATIBLE = Next("2", "stateful-v2", {"pipeline.max-parallelism": 64})


def make_graphs(project: Path, args: Sequence[str]) -> None:
    """Makes the job graph of each program, as the build of a jar would. Raises CalledProcessError.

    args: those that the job has.
    """
    variables = {**os.environ, "FLINK_HOME": str(distribution(_FLINK))}
    for one in (FIRST, FULL, PARTIAL, INCOMPATIBLE):
        options = [f"--config={name}={value}" for name, value in one.config.items()]
        words = ["graph", f"{_BUILD}/{one.jar}.jar", "--args", shlex.join(args), *options]
        words += ["-o", one.graph]
        print(f"$ flink-components {shlex.join(words)}", flush=True)
        command = [sys.executable, "-m", "flink_components.cli", *words]
        subprocess.run(command, cwd=project, env=variables, check=True)
