"""Programs with a fleet of jobs on a cluster that a test serves, and what an engine did with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flink_components import Fleet, SessionJob
from sandbox.engine import ensure, environment
from tests.cluster.stacks import JobStack
from tests.conformance.lab import Run
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.served import Served
from tests.unit.doubles.world import ref

SIX = ("daily", "dedup", "fraud", "hourly", "rules", "totals")
WITHOUT_STATE = {"upgrade_mode": "stateless"}
"""A change that is refused: it would give up state, and nobody said that it may."""


@dataclass
class Ground:
    """A stack of its own on a served cluster."""

    served: Served
    home: Path
    name: str = "fleet"
    version: int = 1
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.served.world.flink.slots = 500
        self.variables = {**environment(self.home), "KUBECONFIG": str(self.served.kubeconfig)}
        folder = self.home / "stacks" / self.name
        self.stack = JobStack(folder, ensure(), self.variables, self.name)

    def program(
        self,
        version: int,
        jobs: Sequence[str] = SIX,
        each: Mapping[str, Mapping[str, Any]] | None = None,
        **fleet: Any,
    ) -> Callable[[], None]:
        """Jobs of one fleet; another `version` restarts each."""

        def run() -> None:
            os.environ.update(self.variables)
            payments = Fleet("payments", fleet)  # type: ignore[arg-type]
            for name in jobs:
                more = {"fleet": payments, **(each or {}).get(name, {})}
                SessionJob(name, {**self.arguments(name, version), **more})  # type: ignore[typeddict-item]

        return run

    def arguments(self, name: str, version: int) -> dict[str, Any]:
        """What is declared of a job."""
        return {
            "cluster": ref(),
            "jar": self.served.world.jar(),
            "entry_class": entry_class(name),
            "args": [name, str(version)],
            "savepoint_dir": "file:///savepoints",
            "deadlines": {"stable": "5 s"},
        }

    def up(self, program: Callable[[], None], **options: Any) -> Run:
        """`pulumi up --skip-preview`, counted anew."""
        self.served.forget()
        return self.stack.up(program, **options)

    def preview(self, program: Callable[[], None], **options: Any) -> Run:
        """`pulumi preview`, counted anew."""
        self.served.forget()
        return self.stack.preview(program, **options)

    def next(self) -> int:
        """Another version of all jobs; what runs until now is as declared, and nothing fails."""
        self.fails()
        if set(self.versions().values()) != {self.version}:
            made = self.up(self.program(self.version))
            assert made.ok, made.error
        self.version += 1
        return self.version

    def fails(self, *names: str) -> None:
        """From now on the programs of these jobs fail, and of no others."""
        self.served.world.flink.behaviours = {
            entry_class(name): Behaviour(fails="out of memory") for name in names
        }

    def versions(self) -> dict[str, int]:
        """What runs: the version of each job."""
        active = self.served.world.flink.active()
        return {job.group: int(job.args[1]) for job in sorted(active, key=lambda job: job.group)}


def entry_class(name: str) -> str:
    """The main class of a job."""
    return f"org.acme.{name.replace('-', '_')}"


def row(run: Run) -> str:
    """What the row of the fleet says."""
    return "\n".join(text for kind, text, who in run.messages if who == "payments")


def refusals(run: Run) -> list[str]:
    """The rows that say an error, and that they did."""
    return sorted({who for kind, _, who in run.messages if kind == "error" and who})
