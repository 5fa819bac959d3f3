"""Applications declared in programs of the real engine, seen from outside of it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from examples.jobs.check import Report, check
from examples.jobs.jars import build
from flink_components import ApplicationDeployment, Environment
from flink_components.kube.api import KubeError
from flink_components.kube.objects import labels
from flink_components.lifecycle.ledger import Ledger
from flink_components.plan.record import Record, Run
from tests.cluster import ground
from tests.cluster.ground import VERSION, namespace_with_volume, volume
from tests.cluster.stacks import JobStack, NewStack
from tests.conformance.lab import Program
from tests.conformance.lab import Run as EngineRun
from tests.lifecycle.kubernetes import Kubernetes, until
from tests.output import written

Json = dict[str, Any]

JARS = "jars"
KINDS = {
    "deployments": "/apis/apps/v1",
    "pods": "/api/v1",
    "services": "/api/v1",
    "configmaps": "/api/v1",
    "secrets": "/api/v1",
    "serviceaccounts": "/api/v1",
    "roles": "/apis/rbac.authorization.k8s.io/v1",
    "rolebindings": "/apis/rbac.authorization.k8s.io/v1",
    "networkpolicies": "/apis/networking.k8s.io/v1",
    "leases": "/apis/coordination.k8s.io/v1",
}
PART_OF = "app.kubernetes.io/part-of=flink-components"


def environment(namespace: str, kubeconfig: str, version: str) -> Environment:
    """That of a small cluster, with pods that ask for hardly any processor."""
    return ground.environment(namespace, kubeconfig).but(
        flink_version=version,
        application_deployment={
            "env": ground.QUICK_JAVA_OF_SCRIPTS,
            "job_manager": {"cpu": "50m", "memory": "1200Mi"},
            "task_manager": {"cpu": "50m", "memory": "1200Mi", "slots": 2},
            "deadlines": {"stable": "4 min"},
        },
    )


@dataclass
class Application:
    """A job on pods of its own, the stack that declares it, and what became of it."""

    name: str
    namespace: str
    kubernetes: Kubernetes
    stack: JobStack
    kubeconfig: str
    version: str = VERSION

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def ledger(self) -> Ledger[Record]:
        return Ledger(self.kubernetes.api, self.namespace, self.key, "job", Record)

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
    def output(self) -> Path:
        return volume(self.namespace) / "output" / self.name

    def declare(self, jar: str = "stateful-v1", *more: str, **changes: Any) -> Program:
        """A program with this application alone; `more` are arguments of the job."""
        args = self.arguments(jar, *more, **changes)
        env = environment(self.namespace, self.kubeconfig, self.version)

        def program() -> None:
            made = ApplicationDeployment(self.name, args, env=env)  # type: ignore[arg-type]
            for output in ("job_id", "revision", "state", "restored_from"):
                pulumi.export(output, getattr(made, output))

        return program

    def arguments(self, jar: str = "stateful-v1", *more: str, **changes: Any) -> dict[str, Any]:
        """What it is declared with, over its environment."""
        output = ["--output", f"/data/output/{self.name}", "--rate", "50"]
        return {
            "jar": "local:///opt/flink/usrlib/job.jar",
            "args": [*output, "--checkpoint-interval", "500", *more],
            "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": JARS, "configMap": {"name": JARS}},
            ],
            "volume_mounts": [
                {"name": "data", "mountPath": "/data"},
                {
                    "name": JARS,
                    "mountPath": "/opt/flink/usrlib/job.jar",
                    "subPath": f"{jar}.jar",
                },
            ],
            **changes,
        }

    def up(self, jar: str = "stateful-v1", *more: str, **changes: Any) -> EngineRun:
        """`pulumi up` of that program; it must succeed."""
        run = self.stack.up(self.declare(jar, *more, **changes))
        assert run.ok, run.error
        return run

    def preview(self, jar: str = "stateful-v1", *more: str, **changes: Any) -> EngineRun:
        """`pulumi preview` of that program."""
        return self.stack.preview(self.declare(jar, *more, **changes))

    def written(self, version: str, more_than: int = 20, seconds: float = 60) -> Report:
        """Waits until more records of `version` are committed; what the output proves then."""
        return written(self.output, version, more_than, seconds)

    def goes_on(self, version: str) -> Report:
        """Waits for more records than there are now."""
        return self.written(version, check(self.output).versions.get(version, 0) + 20)

    # -- its objects -------------------------------------------------------------------------

    def path(self, kind: str, name: str = "") -> str:
        return f"{KINDS[kind]}/namespaces/{self.namespace}/{kind}/{name}".rstrip("/")

    def found(self, kind: str, selector: str) -> list[Json]:
        """Objects that are not on their way out."""
        answer = self.kubernetes.call("GET", f"{self.path(kind)}?labelSelector={selector}")
        items: list[Json] = answer["items"]
        return [item for item in items if "deletionTimestamp" not in item["metadata"]]

    def objects(self, selector: str | None = None) -> set[str]:
        """Objects of this key that a query finds, as kind/name; without pods."""
        selector = selector or labels.selector(labels.APPLICATION, self.key)
        kinds = [kind for kind in KINDS if kind != "pods"]
        return {
            f"{kind}/{item['metadata']['name']}"
            for kind in kinds
            for item in self.found(kind, selector)
        }

    def pods(self, revision: int | None = None, component: str | None = None) -> list[str]:
        """Names of its pods, also of those that end."""
        selector = labels.selector(labels.APPLICATION, self.key, revision, component)
        answer = self.kubernetes.call("GET", f"{self.path('pods')}?labelSelector={selector}")
        return sorted(pod["metadata"]["name"] for pod in answer["items"])

    def log(self, pod: str) -> str:
        """What a JobManager has said so far; "" before it has started."""
        try:
            return self.kubernetes.api.log(self.namespace, pod, labels.JOB_MANAGER)
        except KubeError:
            return ""

    def says(self, text: str, revision: int, seconds: float = 60) -> str:
        """Waits until a JobManager of the revision has said this; the whole line."""

        def look() -> str | None:
            for pod in self.pods(revision, labels.JOB_MANAGER):
                for line in self.log(pod).splitlines():
                    if text in line:
                        return line
            return None

        return until(f"a JobManager that says {text!r}", seconds, look)


NewApplication = Callable[..., Application]


@contextmanager
def applications(
    kubernetes: Kubernetes, namespace: str, new_stack: NewStack
) -> Iterator[NewApplication]:
    """Makes applications of a namespace by name; it has the example jobs and a volume."""
    with namespace_with_volume(kubernetes, namespace):
        content = {jar.name: base64.b64encode(jar.read_bytes()).decode() for jar in _jars()}
        body: Mapping[str, Any] = {"metadata": {"name": JARS}, "binaryData": content}
        kubernetes.call("POST", f"/api/v1/namespaces/{namespace}/configmaps", body)

        def make(name: str, version: str = VERSION, kubeconfig: str = "") -> Application:
            way = kubeconfig or kubernetes.kubeconfig
            stack = new_stack(f"{namespace}-{name}", kubeconfig=way)
            return Application(name, namespace, kubernetes, stack, way, version)

        yield make


def _jars() -> list[Path]:
    return list(build().values())
