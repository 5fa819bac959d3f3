"""A stateful job on a session cluster, upgraded with its state."""

import pulumi
import pulumi_kubernetes as k8s

from flink_components import Environment, SessionCluster, SessionJob

config = pulumi.Config()
env = Environment(
    namespace="example-session-job",
    flink_version="1.20.3",
    savepoint_dir="file:///data/savepoints",
    checkpoint_dir="file:///data/checkpoints",
)

namespace = k8s.core.v1.Namespace(
    "namespace",
    metadata={
        "name": env.namespace,
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
    },
)
data = k8s.core.v1.PersistentVolumeClaim(
    "data",
    metadata={"name": "data", "namespace": env.namespace},
    spec={"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    opts=pulumi.ResourceOptions(depends_on=[namespace]),
)
cluster = SessionCluster(
    "main",
    {
        "job_manager": {"cpu": "250m", "memory": "1200Mi"},
        "task_manager": {"cpu": "250m", "memory": "1200Mi", "replicas": 1, "slots": 2},
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "volume_mounts": [{"name": "data", "mountPath": "/data"}],
    },
    pulumi.ResourceOptions(depends_on=[data]),
    env,
)
job = SessionJob(
    "counts",
    {
        "cluster": cluster,
        "jar": config.require("jar"),
        "args": ["--output", "/data/counts", "--rate", "50", "--checkpoint-interval", "1000"],
    },
    env=env,
)

pulumi.export("job_id", job.job_id)
pulumi.export("state", job.state)
pulumi.export("restored_from", job.restored_from)
