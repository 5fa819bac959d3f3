"""One session cluster and one job, declared with options that the tests vary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from examples.jobs.jars import build
from flink_components import Environment, SessionCluster, SessionJob
from sandbox.images import DEFAULT_VERSIONS
from tests.conformance.lab import Program

SECRETS = {
    "s3.secret-key": "hunter2-option",
    "DB_PASSWORD": "hunter2-variable",
    "--name": "hunter2-argument",
    "pipeline.global-job-parameters": "password:hunter2-parameter",
}
"""Where secrets are given, and what they are."""

_TINY = {
    "job_manager": {"cpu": "10m", "memory": "1000Mi"},
    "task_manager": {"cpu": "10m", "memory": "1200Mi", "slots": 2},
}


@dataclass(frozen=True)
class Ground:
    """What stands before the components: a provider, an object, a component of the user's."""

    provider: k8s.Provider
    first: k8s.core.v1.ConfigMap
    platform: pulumi.ComponentResource


Options = Callable[[Ground], ResourceOptions]


def usual(ground: Ground, **options: Any) -> ResourceOptions:
    """The options with which everything was made, and further ones over them."""
    made = {"providers": [ground.provider], "depends_on": [ground.first], "protect": True}
    return ResourceOptions(**{**made, **options})


@dataclass(frozen=True)
class Declared:
    """A program; with the defaults, the one of the first `up`."""

    kubeconfig: str
    namespace: str
    connection: str | None = None
    cluster_name: str = "main"
    job_name: str = "counts"
    cluster: Mapping[str, Any] = field(default_factory=dict)
    job: Mapping[str, Any] = field(default_factory=dict)
    cluster_options: Options = usual
    job_options: Options = usual
    removed: bool = False

    def environment(self) -> Environment:
        return Environment(
            namespace=self.namespace,
            flink_version=DEFAULT_VERSIONS[0],
            connection={"kubeconfig": self.connection or self.kubeconfig},
            savepoint_dir="file:///tmp/savepoints",
            config={"taskmanager.memory.managed.size": "64m"},
            session_cluster={**_TINY, **self.cluster_secrets()},
            session_job={"on_delete": "cancel"},
        )

    @staticmethod
    def cluster_secrets() -> dict[str, Any]:
        return {
            "config": {"s3.secret-key": pulumi.Output.secret(SECRETS["s3.secret-key"])},
            "env": [{"name": "DB_PASSWORD", "value": pulumi.Output.secret(SECRETS["DB_PASSWORD"])}],
        }

    @staticmethod
    def job_secrets() -> dict[str, Any]:
        parameters = "pipeline.global-job-parameters"
        return {
            "args": ["--output", "/tmp/out", "--name", pulumi.Output.secret(SECRETS["--name"])],
            "config": {parameters: pulumi.Output.secret(SECRETS[parameters])},
        }

    def program(self) -> Program:
        def run() -> None:
            ground = self._ground()
            if self.removed:
                return
            environment = self.environment()
            cluster = SessionCluster(
                self.cluster_name,
                {**self.cluster},  # type: ignore[typeddict-item]
                self.cluster_options(ground),
                environment,
            )
            jar = str(build()["stateful-v1"])
            job = SessionJob(
                self.job_name,
                {"cluster": cluster, "jar": jar, **self.job_secrets(), **self.job},  # type: ignore[typeddict-item]
                self.job_options(ground),
                environment,
            )
            after = ResourceOptions(provider=ground.provider, depends_on=[cluster, job])
            self._config_map("last", after)
            pulumi.export("ref", cluster.ref)
            pulumi.export("rest_endpoint", cluster.rest_endpoint)
            pulumi.export("flink_version", cluster.flink_version)
            pulumi.export("slots_total", cluster.slots_total)
            pulumi.export("revision", job.revision)

        return run

    def _ground(self) -> Ground:
        provider = k8s.Provider("node", kubeconfig=self.kubeconfig)
        first = self._config_map("first", ResourceOptions(provider=provider))
        return Ground(provider, first, pulumi.ComponentResource("acme:index:Platform", "platform"))

    def _config_map(self, name: str, opts: ResourceOptions) -> k8s.core.v1.ConfigMap:
        metadata = {"name": name, "namespace": self.namespace}
        return k8s.core.v1.ConfigMap(name, metadata=metadata, opts=opts)
