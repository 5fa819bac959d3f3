"""What a platform team builds once: its namespace, its storage, its cluster, its rules for jobs."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from flink_components import Environment, SessionCluster, SessionJob

_CLAIM = "state"


class FlinkPlatform(pulumi.ComponentResource):
    """A namespace with storage and one session cluster, on which teams run their jobs."""

    def __init__(
        self, name: str, replicas: int, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:index:FlinkPlatform", name, None, opts)
        self.env = Environment(
            namespace=f"example-{name}",
            flink_version="2.3.0",
            savepoint_dir="file:///state/savepoints",
            checkpoint_dir="file:///state/checkpoints",
            labels={"platform": name},
        )
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata={
                "name": self.env.namespace,
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        claim = k8s.core.v1.PersistentVolumeClaim(
            f"{name}-state",
            metadata={"name": _CLAIM, "namespace": self.env.namespace},
            spec={"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
        )
        self.cluster = SessionCluster(
            f"{name}-shared",
            {
                "job_manager": {"cpu": "250m", "memory": "1200Mi"},
                "task_manager": {
                    "cpu": "250m",
                    "memory": "1200Mi",
                    "replicas": replicas,
                    "slots": 4,
                },
                "volumes": [{"name": "state", "persistentVolumeClaim": {"claimName": _CLAIM}}],
                "volume_mounts": [{"name": "state", "mountPath": "/state"}],
            },
            pulumi.ResourceOptions(parent=self, depends_on=[claim]),
            self.env,
        )
        self.register_outputs({"cluster": self.cluster.ref})

    def job(self, team: str, name: str, jar: str, args: Sequence[str]) -> SessionJob:
        """A job by the platform's rules: its key says whose it is, its state outlives it."""
        arguments: Mapping[str, object] = {
            "cluster": self.cluster,
            "key": f"{team}/{name}",
            "jar": jar,
            "args": [*args, "--output", f"/state/out/{team}-{name}"],
            "on_delete": "savepoint",
        }
        return SessionJob(
            f"{team}-{name}", arguments, pulumi.ResourceOptions(parent=self), self.env
        )
