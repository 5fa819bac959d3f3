"""A namespace with a volume and one small session cluster, for tests that need one of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from examples.jobs.check import Report
from flink_components import Environment, SessionCluster
from flink_components.flink.rest import FlinkClient
from flink_components.kube.access import Access
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from sandbox.images import DEFAULT_VERSIONS
from sandbox.paths import STATE
from tests.conformance.lab import Program, Stack
from tests.lifecycle.kubernetes import Kubernetes
from tests.output import written

VERSION = DEFAULT_VERSIONS[0]
"""The one Flink version of tests for which it makes no difference."""

# One quick compiler and one thread for garbage: clusters of tests live for minutes.
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# Flink's own scripts start three more of them in each pod, to read its configuration.
QUICK_JAVA_OF_SCRIPTS = [{"name": "JDK_JAVA_OPTIONS", "value": QUICK_JAVA}]
SAVEPOINTS = "file:///data/savepoints"
CLAIM: Mapping[str, Any] = {
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "1Gi"}},
}


@dataclass(frozen=True)
class Ground:
    """Where tests run jobs: a namespace, its volume as seen from here, and a running cluster."""

    kubernetes: Kubernetes
    namespace: str
    ref: Mapping[str, Any]

    @property
    def flink(self) -> FlinkClient:
        return Access().flink(load(ClusterRef, self.ref))

    def output(self, job: str) -> Path:
        return volume(self.namespace) / "output" / job

    def job(self, name: str, jar: str, **more: Any) -> dict[str, Any]:
        """Arguments of a job that counts, with its state and output on the volume, and more."""
        return {"cluster": dict(self.ref), **counting(name, jar), **more}

    def written(self, job: str, version: str = "v1", seconds: float = 60) -> Report:
        """Waits until records of this version of the job are committed; what they prove."""
        return written(self.output(job), version, 0, seconds)


def counting(name: str, jar: str) -> dict[str, Any]:
    """Arguments of an example job, but for its cluster."""
    output = ["--output", f"/data/output/{name}", "--rate", "50", "--checkpoint-interval", "500"]
    return {
        "jar": jar,
        "args": ["--name", name, *output],
        "savepoint_dir": SAVEPOINTS,
        "deadlines": {"stable": "2 min"},
    }


def environment(namespace: str, kubeconfig: str | None = None, slots: int = 8) -> Environment:
    """A small cluster with its state on the volume `data`; it asks for hardly any processor."""
    return Environment(
        namespace=namespace,
        flink_version=VERSION,
        connection={"kubeconfig": kubeconfig} if kubeconfig else None,
        savepoint_dir=SAVEPOINTS,
        checkpoint_dir="file:///data/checkpoints",
        config={
            "taskmanager.memory.managed.size": "64m",
            "env.java.opts.jobmanager": QUICK_JAVA,
            "env.java.opts.taskmanager": QUICK_JAVA,
        },
        session_cluster={
            "env": QUICK_JAVA_OF_SCRIPTS,
            "job_manager": {"cpu": "10m"},
            "task_manager": {"replicas": 1, "slots": slots, "memory": "1200Mi", "cpu": "10m"},
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
            "volume_mounts": [{"name": "data", "mountPath": "/data"}],
        },
    )


@contextmanager
def namespace_with_volume(kubernetes: Kubernetes, name: str) -> Iterator[str]:
    """A namespace that enforces the restricted standard, with the claim `data`."""
    kubernetes.create_namespace(name)
    claims = f"/api/v1/namespaces/{name}/persistentvolumeclaims"
    kubernetes.call("POST", claims, {"metadata": {"name": "data"}, "spec": CLAIM})
    yield name
    kubernetes.give_up_namespace(name)


def volume(namespace: str) -> Path:
    """The folder of the claim `data` on this machine."""
    return STATE / "volumes" / f"{namespace}-data"


@contextmanager
def cluster_in(
    namespace: str, kubernetes: Kubernetes, stack: Stack, **args: Any
) -> Iterator[Ground]:
    """A session cluster that runs until the end of the block."""
    run = stack.up(_cluster(environment(namespace, kubernetes.kubeconfig), args))
    assert run.ok, run.error
    yield Ground(kubernetes, namespace, run.outputs["ref"])
    run = stack.destroy()
    assert run.ok, run.error


def _cluster(env: Environment, args: Mapping[str, Any]) -> Program:
    def program() -> None:
        made = SessionCluster("main", dict(args), env=env)  # type: ignore[arg-type]
        pulumi.export("ref", made.ref)

    return program
