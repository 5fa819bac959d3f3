"""How long a job is down in an upgrade: an application, a hand-written flow, a session cluster.

From the last record of the old job to the first of the new one, by the job's own output, on pods of
the sandbox's node. The hand-written flow has the same pods without the guard: new TaskManagers are
started and waited for, the job is stopped with a savepoint over REST, and a new JobManager is made
that starts from there by the image's own scripts. Beside them the recipe "a session cluster with
one job", by the package too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.hand_written import HandWritten
from benchmarks.measuring import Report, compare
from examples.jobs.check import check
from examples.jobs.jars import build
from flink_components import SessionJob
from sandbox.engine import ensure
from sandbox.engine import environment as engine_environment
from sandbox.paths import KUBECONFIG
from tests.cluster.applications import Application, applications
from tests.cluster.ground import Ground, cluster_in, counting, environment
from tests.cluster.stacks import JobStack
from tests.conformance.lab import Program
from tests.lifecycle.kubernetes import Kubernetes
from tests.output import written

_NAMESPACE = "benchmark-switch"
_APPLICATION = "an application"
_SESSION = "a session cluster with one job"
_GOALS = {_APPLICATION: 0.8, _SESSION: None}


def interruption(output: Path) -> float:
    """Seconds of the last one; nothing may be lost or there twice."""
    report = check(output)
    if not report.ok:
        raise AssertionError(str(report))
    return report.interruptions[-1].millis / 1000


@dataclass
class ApplicationWay:
    """An application, with another variable in its pods each time."""

    app: Application
    numbers: count[int] = field(default_factory=count)

    def upgrade(self) -> float:
        """One upgrade; the seconds without a record."""
        self.app.up(env=[*_java(self.app), {"name": "TURN", "value": str(next(self.numbers))}])
        self.app.goes_on("v1")
        return interruption(self.app.output)


def _java(app: Application) -> list[dict[str, str]]:
    return list(environment(app.namespace).session_cluster["env"])


@dataclass
class SessionWay:
    """A session job on a cluster of its own, with two jars in turn."""

    ground: Ground
    stack: JobStack
    numbers: count[int] = field(default_factory=count)

    def begin(self) -> None:
        """Its first start."""
        self.stack.up(self._declared(next(self.numbers)))
        self.goes_on()

    def upgrade(self) -> float:
        """One upgrade; the seconds without a record."""
        number = next(self.numbers)
        run = self.stack.up(self._declared(number))
        if not run.ok:
            raise AssertionError(run.error)
        self.goes_on()
        return interruption(self.output)

    @property
    def output(self) -> Path:
        """What the job commits."""
        return self.ground.output("session")

    def goes_on(self) -> None:
        """Waits for more records than there are now."""
        seen = check(self.output).records if any(self.output.glob("part-*.csv")) else 0
        written(self.output, "v1", seen + 20)

    def _declared(self, number: int) -> Program:
        args = {
            "cluster": dict(self.ground.ref),
            **counting("session", str(build()["stateful-v1"])),
        }
        args["config"] = {"pipeline.object-reuse": bool(number % 2)}
        env = environment(self.ground.namespace, self.ground.kubernetes.kubeconfig)

        def program() -> None:
            SessionJob("session", args, env=env)  # type: ignore[arg-type]

        return program


def measure(repetitions: int) -> Report:
    """Compares them, one upgrade of each in turn."""
    kubernetes = Kubernetes(str(KUBECONFIG))
    with tempfile.TemporaryDirectory(prefix="flink-benchmark-") as work:
        new_stack = _stacks(Path(work))
        with (
            applications(kubernetes, _NAMESPACE, new_stack) as new_application,
            cluster_in(_NAMESPACE, kubernetes, new_stack("cluster")) as ground,
        ):
            application = ApplicationWay(new_application("counts"))
            session = SessionWay(ground, new_stack("session"))
            hand_written = HandWritten(new_application("by-hand"))
            application.app.up()
            application.app.written("v1")
            hand_written.create()
            session.begin()

            def ours() -> Mapping[str, float]:
                return {_APPLICATION: application.upgrade(), _SESSION: session.upgrade()}

            def theirs() -> Mapping[str, float]:
                seconds = hand_written.upgrade()
                return {_APPLICATION: seconds, _SESSION: seconds}

            found = compare(ours, theirs, _GOALS, repetitions)
            application.app.stack.destroy()
            session.stack.destroy()
    return Report("Without a record in an upgrade", "flink_components", "hand-written", found)


def _stacks(folder: Path) -> Callable[..., Any]:
    def make(name: str, backend: str = "engine", kubeconfig: str | None = None) -> JobStack:
        variables = {**engine_environment(folder), "KUBECONFIG": kubeconfig or str(KUBECONFIG)}
        return JobStack(folder / backend / name, ensure(), variables, name)

    return make
