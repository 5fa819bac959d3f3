"""A stack with a cluster and a job of its own, changed again and again by the real engine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from examples.jobs.jars import build
from flink_components import SessionCluster, SessionJob
from flink_components.components.handing_on import FOLDER
from flink_components.flink.answers import ENDED
from flink_components.kube.access import Access
from flink_components.lifecycle.ledger import Ledger
from flink_components.plan.record import Record
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from tests.cluster.ground import counting, environment, volume
from tests.conformance.lab import Program, Run, Stack
from tests.lifecycle.kubernetes import Kubernetes

NAMESPACE = "test-fidelity"
JOB = "counts"
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"


@dataclass(frozen=True)
class Declared:
    """What the program declares: a cluster's fields and a job's; no job where `jar` is ""."""

    jar: str = "stateful-v1"
    cluster: Mapping[str, Any] = field(default_factory=dict)
    job: Mapping[str, Any] = field(default_factory=dict)

    def but(self, change: Mapping[str, Any]) -> Declared:
        """With a change: `jar`, and fields of the cluster and of the job."""
        return replace(
            self,
            jar=change.get("jar", self.jar),
            cluster={**self.cluster, **change.get("cluster", {})},
            job={**self.job, **change.get("job", {})},
        )

    def program(self, kubeconfig: str, plans: Path) -> Program:
        """The program, which writes its plans into a folder."""

        def declare() -> None:
            os.environ[FOLDER] = str(plans)
            env = environment(NAMESPACE, kubeconfig, slots=4)
            cluster = SessionCluster("main", dict(self.cluster), env=env)  # type: ignore[arg-type]
            if self.jar:
                given = counting(JOB, str(build()[self.jar]))
                values = {**given, "cluster": cluster, "deadlines": {"stable": "1 min"}, **self.job}
                SessionJob(JOB, values)  # type: ignore[arg-type]

        return declare


@dataclass(frozen=True)
class Sight:
    """What there is in the namespace: the job that has not ended, Deployments and savepoints."""

    running: str | None
    restored: str | None
    deployments: frozenset[str]
    savepoints: frozenset[str]
    record: Record | None

    @property
    def revision(self) -> int | None:
        """Of the cluster on which the job runs."""
        run = self.record.run if self.record and self.running else None
        return int(run.cluster["revision"]) if run else None


@dataclass(frozen=True)
class Change:
    """One change as the preview told it, and as `up` carried it out.

    `plan` is the job's in its JSON form, None where nothing of it changes.
    """

    declared: Declared
    plan: Mapping[str, Any] | None
    preview: Run
    up: Run
    before: Sight
    after: Sight

    @property
    def made(self) -> set[str]:
        """Deployments that the preview says are made."""
        return {
            str(step.inputs["metadata"]["name"])
            for step in self.preview.steps
            if step.type == _DEPLOYMENT and step.op in ("create", "create-replacement")
        }


@dataclass
class Lab:
    """The stack; `plans` is the folder into which its programs write plans."""

    kubernetes: Kubernetes
    stack: Stack
    plans: Path
    access: Access = field(default_factory=Access)

    def change(self, declared: Declared) -> Change:
        """A preview, then `up`."""
        program, before = declared.program(self.kubernetes.kubeconfig, self.plans), self.look()
        self._forget_plans()
        preview = self.stack.preview(program)
        plan = self._plan()
        up = self.stack.up(program)
        return Change(declared, plan, preview, up, before, self.look())

    def look(self) -> Sight:
        """What there is now."""
        ledger = Ledger(self.kubernetes.api, NAMESPACE, f"{NAMESPACE}/{JOB}", "job", Record)
        record = ledger.read()
        running, restored = self._job(record)
        savepoints = (volume(NAMESPACE) / "savepoints").rglob("_metadata")
        return Sight(
            running=running,
            restored=restored,
            deployments=self._deployments(),
            savepoints=frozenset(path.parent.name for path in savepoints),
            record=record,
        )

    def _job(self, record: Record | None) -> tuple[str | None, str | None]:
        run = record.run if record else None
        if run is None or f"main-r{run.cluster['revision']}-jobmanager" not in self._deployments():
            return None, None
        flink = self.access.flink(load(ClusterRef, run.cluster))
        running = [job.id for job in flink.jobs() if job.state not in ENDED]
        assert len(running) <= 1, running
        if not running:
            return None, None
        return running[0], flink.checkpoints(running[0]).restored

    def _deployments(self) -> frozenset[str]:
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
        found = [item["metadata"] for item in self.kubernetes.call("GET", path)["items"]]
        return frozenset(one["name"] for one in found if "deletionTimestamp" not in one)

    def _forget_plans(self) -> None:
        for file in self.plans.glob("*.json"):
            file.unlink()

    def _plan(self) -> Mapping[str, Any] | None:
        found = [json.loads(file.read_text())["job"] for file in self.plans.glob("*.json")]
        assert len(found) <= 1, found
        return found[0] if found else None


def deployments_of(revision: int) -> set[str]:
    """Of a revision of the cluster."""
    return {f"main-r{revision}-{part}" for part in ("jobmanager", "taskmanager")}
