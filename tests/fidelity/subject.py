"""One job that is changed again and again: each change is planned, and then carried out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import join
from typing import Any

import requests

from examples.jobs.jars import build
from flink_components.flink.errors import FlinkError
from flink_components.lifecycle.anchoring import anchor
from flink_components.lifecycle.by_hand import suspend_by_hand
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.history import book_of
from flink_components.lifecycle.planning import plan
from flink_components.lifecycle.session_job import Wish, ensure
from flink_components.plan.plan import Plan
from flink_components.plan.record import Run, Taken
from flink_components.plan.state.judgement import Judgement
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from sandbox.images import distribution
from tests import flink_jobs
from tests.fidelity.ground import PLAIN, Ground, Scene
from tests.lifecycle.jobs import OWNER, JobUnderTest

Values = Mapping[str, Any]
START: Values = {"jar": "stateful-v1", "on": PLAIN, "parallelism": 1}
DEADLINES = {"stable": "25 s"}
NO_GRAPH = {"fails-in-main"}


@dataclass(frozen=True)
class Step:
    """A change as it was planned and as it was carried out.

    `values` are what is declared by it, `before` and `after` what there was; `error` is why it was
    not carried out to its end, `refused` of that kind that nothing may be changed by; `skipped`
    operators whose state Flink has left behind; `points` what the history says afterwards.
    """

    values: Values
    plan: Plan
    before: Scene
    after: Scene
    error: str
    skipped: frozenset[str]
    points: tuple[Taken, ...]

    @property
    def state(self) -> Judgement | None:
        """What the plan says of the state."""
        return self.plan.state


@dataclass
class Subject:
    """The job, and what Pulumi's state has of it: what was declared when `up` succeeded last."""

    ground: Ground
    name: str
    folder: Path
    values: dict[str, Any] = field(default_factory=lambda: dict(START))
    declared: Wish | None = None
    tried: Wish | None = None
    last: Run | None = None
    taken: list[str] = field(default_factory=list)
    """Savepoints in the order in which they appeared."""

    def change(self, **changes: Any) -> Step:
        """Plans the change of these values (None: as if never given), and carries it out."""
        values = {**self.values, **changes}
        values = {name: value for name, value in values.items() if value is not None}
        job, wish = self._job(values), self._wish(values)
        inputs = _inputs(self.declared) if self.declared else None
        planned = plan(job.shop, wish, inputs, last=self.last)
        before, logs = self.scene(), self.ground.lengths_of_logs()
        error, self.tried = "", wish
        try:
            anchor(job.ledger, OWNER)
            record = ensure(job.shop, wish, self.declared, self.last)
        except (LifecycleError, FlinkError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        else:
            self.values, self.declared, self.last = values, wish, record.run
        after = self.scene()
        self.taken += sorted(after.savepoints - before.savepoints)
        return Step(
            values=values,
            plan=planned,
            before=before,
            after=after,
            error=error,
            skipped=frozenset(self.ground.skipped(logs)),
            points=book_of(job.ledger).read().points,
        )

    def planned_again(self) -> Plan:
        """The plan of what is declared already."""
        assert self.declared is not None
        shop = self._job(self.values).shop
        return plan(shop, self.declared, _inputs(self.declared), last=self.last)

    @property
    def runs(self) -> bool:
        """It is declared to."""
        return bool(self.values.get("state", "running") == "running")

    def meddled(self, what: str) -> None:
        """Someone does something to it by hand."""
        act: dict[str, Callable[[], None]] = {
            "cancelled": self.cancelled_by_hand,
            "stopped": self.stopped_by_hand,
            "saved": self.saved_by_hand,
            "suspended": self.suspended_by_command,
        }
        act[what]()

    @property
    def missing(self) -> str:
        """A snapshot that is not there, beside those that are."""
        return (self.folder / "savepoints/gone").as_uri()

    def scene(self) -> Scene:
        """What there is of the job."""
        return self.ground.scene(self.folder, self._job(self.values).ledger.read())

    def destroy(self) -> None:
        """Ends the job, also one that never became stable."""
        if self.tried is not None:
            self._job(self.values).destroy(self.tried)

    # -- what others do to it ----------------------------------------------------------------

    def cancelled_by_hand(self) -> None:
        """Someone cancels it by Flink's own means."""
        scene = self.scene()
        if scene.on and scene.running:
            flink_jobs.cancel_all(self.ground.flinks[scene.on].url)

    def stopped_by_hand(self) -> None:
        """Someone stops it with a savepoint by Flink's own means."""
        scene = self.scene()
        if scene.on and scene.running:
            url = self.ground.flinks[scene.on].url
            flink_jobs.stop(url, scene.running, self.folder / "by-hand", "NATIVE")
            flink_jobs.wait_for(url, scene.running, "FINISHED")

    def saved_by_hand(self) -> None:
        """Someone takes a savepoint of it; it runs on."""
        scene = self.scene()
        if not (scene.on and scene.running):
            return
        url = f"{self.ground.flinks[scene.on].url}/jobs/{scene.running}/savepoints"
        body = {"target-directory": (self.folder / "by-hand").as_uri()}
        trigger = requests.post(url, json=body, timeout=10).json()["request-id"]

        def done() -> bool:
            found = requests.get(f"{url}/{trigger}", timeout=10).json()
            return bool(found["status"]["id"] == "COMPLETED")

        flink_jobs.until("a savepoint", 30, done)

    def suspended_by_command(self) -> None:
        """Someone suspends it by the command line."""
        job = self._job(self.values)
        if self.scene().running:
            suspend_by_hand(job.shop, job.ledger)

    # -- how it is declared ------------------------------------------------------------------

    def _job(self, values: Values) -> JobUnderTest:
        ref = load(ClusterRef, self.ground.ref(values["on"]))
        return JobUnderTest(self.name, ref, self.folder / "output", self.folder / "savepoints")

    def _wish(self, values: Values) -> Wish:
        job = self._job(values)
        own = dict(values)
        jar, args = own.pop("jar"), own.pop("args", ())
        with_graph = own.pop("with_graph", False)
        del own["on"]
        own.setdefault("deadlines", DEADLINES)
        if "savepoints_in" in own:
            own["savepoint_dir"] = (self.folder / own.pop("savepoints_in")).as_uri()
        # no build has the job graph of a jar whose main() throws
        if with_graph and jar not in NO_GRAPH:
            home = str(self.ground.flinks[values["on"]].version)
            own["job_graph"] = str(graph_of(jar, home, self.folder.parent))
        return job.wish(jar, *args, **own)


def _inputs(wish: Wish) -> dict[str, Any]:
    return {**wish.spec.model_dump(mode="json"), "jar_content": wish.content}


def graph_of(jar: str, version: str, folder: Path) -> Path:
    """The job graph of an example job, made as a build makes it, once."""
    file = folder / f"{jar}-{version}.json"
    if not file.is_file():
        command = [sys.executable, "-m", "flink_components.cli", "graph", build()[jar], "-o", file]
        command += ["--flink-home", distribution(version), "--args", join(["--output", "/out"])]
        subprocess.run([str(part) for part in command], check=True, timeout=60)
    return file
