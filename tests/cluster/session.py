"""Session clusters and jobs declared in programs of the real engine, seen from outside of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi import ResourceOptions, ResourceTransformArgs, ResourceTransformResult

from examples.jobs.check import Report, check
from examples.jobs.jars import build
from flink_components import Environment, SessionCluster, SessionJob
from flink_components.flink.rest import FlinkClient
from flink_components.kube.access import Access
from flink_components.lifecycle.ledger import Ledger
from flink_components.plan.record import ClusterRecord, Record, Run
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from tests.cluster.ground import QUICK_JAVA, QUICK_JAVA_OF_SCRIPTS
from tests.conformance.lab import Program, Stack
from tests.conformance.lab import Run as EngineRun
from tests.lifecycle.kubernetes import Kubernetes
from tests.output import written

# Workers work side by side on one node, each in a namespace of its own.
NAMESPACE = f"test-session-{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
DATA = "/data"
SAVEPOINTS = f"file://{DATA}/savepoints"
SLOTS = 16


def environment(version: str, kubeconfig: str) -> Environment:
    """Small clusters that keep state and output on one volume."""
    return Environment(
        namespace=NAMESPACE,
        flink_version=version,
        connection={"kubeconfig": kubeconfig},
        savepoint_dir=SAVEPOINTS,
        checkpoint_dir=f"file://{DATA}/checkpoints",
        config={
            "taskmanager.memory.managed.size": "64m",
            "env.java.opts.jobmanager": QUICK_JAVA,
            "env.java.opts.taskmanager": QUICK_JAVA,
            # How long a TaskManager waits for a JobManager that is gone (50 s by default).
            "heartbeat.timeout": "30 s",
        },
        session_cluster={
            "env": QUICK_JAVA_OF_SCRIPTS,
            "task_manager": {"replicas": 1, "slots": SLOTS, "memory": "1200Mi", "cpu": "100m"},
            "job_manager": {"cpu": "100m"},
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
            "volume_mounts": [{"name": "data", "mountPath": DATA}],
        },
    )


def cluster_name(version: str) -> str:
    return f"flink-{version.replace('.', '-')}"


def without_cpu_requests(args: ResourceTransformArgs) -> ResourceTransformResult | None:
    """Lets pods run on a node whose processors are all promised to others."""
    if args.type_ != "kubernetes:apps/v1:Deployment":
        return None

    def relieve(spec: dict[str, Any]) -> dict[str, Any]:
        for container in spec["template"]["spec"]["containers"]:
            container["resources"]["requests"].pop("cpu", None)
        return spec

    relieved = pulumi.Output.from_input(args.props["spec"]).apply(relieve)
    return ResourceTransformResult({**args.props, "spec": relieved}, args.opts)


CLUSTER_OPTIONS = ResourceOptions(transforms=[without_cpu_requests])


def clusters_program(versions: tuple[str, ...], kubeconfig: str) -> Program:
    """One session cluster of each version; outputs their refs by version."""

    def program() -> None:
        for version in versions:
            made = SessionCluster(
                cluster_name(version), {}, CLUSTER_OPTIONS, environment(version, kubeconfig)
            )
            pulumi.export(version, made.ref)

    return program


@dataclass
class Seen:
    """What Kubernetes and Flink say of clusters and jobs of one namespace."""

    kubernetes: Kubernetes
    data: Path
    namespace: str = NAMESPACE
    access: Access = field(default_factory=Access)

    def flink(self, ref: Mapping[str, Any]) -> FlinkClient:
        return self.access.flink(load(ClusterRef, ref))

    def pods(self, cluster: str) -> dict[str, str]:
        """Names and uids of the pods of a cluster that are not on their way out."""
        selector = f"app.kubernetes.io/instance={cluster}"
        found = self.kubernetes.api.list("Pod", self.namespace, selector)
        return {
            pod["metadata"]["name"]: pod["metadata"]["uid"]
            for pod in found
            if "deletionTimestamp" not in pod["metadata"]
        }

    def pod_of(self, cluster: str, component: str) -> str:
        (name,) = [name for name in self.pods(cluster) if f"-{component}-" in name]
        return name

    def delete_pod(self, name: str) -> None:
        self.kubernetes.call(
            "DELETE",
            f"/api/v1/namespaces/{self.namespace}/pods/{name}",
            {"gracePeriodSeconds": 0},
        )

    def cluster_record(self, name: str) -> ClusterRecord:
        key = f"{self.namespace}/{name}"
        ledger = Ledger(self.kubernetes.api, self.namespace, key, "cluster", ClusterRecord)
        record = ledger.read()
        assert record is not None
        return record


@dataclass
class StackOfJob:
    """A job, the stack that declares it, and what became of it."""

    name: str
    stack: Stack
    ref: Mapping[str, Any]
    seen: Seen

    @property
    def key(self) -> str:
        return f"{self.seen.namespace}/{self.name}"

    @property
    def ledger(self) -> Ledger[Record]:
        api = self.seen.kubernetes.api
        return Ledger(api, self.seen.namespace, self.key, "job", Record)

    @property
    def record(self) -> Record:
        record = self.ledger.read()
        assert record is not None
        return record

    @property
    def job(self) -> Run:
        run = self.record.run
        assert run is not None
        return run

    @property
    def flink(self) -> FlinkClient:
        return self.seen.flink(self.ref)

    @property
    def output(self) -> Path:
        return self.seen.data / "output" / self.name

    @property
    def savepoints(self) -> Path:
        return self.seen.data / "savepoints" / self.key

    def state(self, job_id: str | None = None) -> str:
        return self.flink.status(job_id or self.job.job_id)

    def values(self, jar: str = "stateful-v1", **changes: Any) -> dict[str, Any]:
        """Arguments of this job; the example job of that name, or any jar by its location."""
        location = str(build()[jar]) if "/" not in jar else jar
        return {
            "cluster": dict(self.ref),
            "jar": location,
            "args": self.arguments(),
            "savepoint_dir": SAVEPOINTS,
            "deadlines": {"stable": "3 min"},
            **changes,
        }

    def arguments(self, *more: str) -> list[str]:
        """What `main` is given: where to write, how much and how often, and further ones."""
        output = f"{DATA}/output/{self.name}"
        given = ["--name", self.name, "--output", output, "--rate", "100"]
        return [*given, "--checkpoint-interval", "1000", *more]

    def declare(self, jar: str = "stateful-v1", **changes: Any) -> Program:
        """A program with this job alone."""
        return job_program(self.name, self.values(jar, **changes))

    def up(self, jar: str = "stateful-v1", **changes: Any) -> EngineRun:
        """`pulumi up` of that program; it must succeed."""
        run = self.stack.up(self.declare(jar, **changes))
        assert run.ok, run.error
        return run

    def written(self, version: str = "v1", more_than: int = 0, seconds: float = 60) -> Report:
        """Waits until records of `version` are committed; what the output proves then."""
        return written(self.output, version, more_than, seconds)

    def goes_on(self, version: str = "v1") -> Report:
        """Waits for more records than there are now."""
        before = check(self.output).versions.get(version, 0)
        return self.written(version, before + 20)


def job_program(name: str, values: Mapping[str, Any]) -> Program:
    """A program with one job; outputs what a user would export."""

    def program() -> None:
        job = SessionJob(name, dict(values))  # type: ignore[arg-type]
        for output in ("job_id", "revision", "state", "restored_from", "restore_point"):
            pulumi.export(output, getattr(job, output))

    return program
