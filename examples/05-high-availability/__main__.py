"""A session cluster with a standby JobManager, and a job that outlives the one that leads."""

import pulumi
import pulumi_kubernetes as k8s

from flink_components import Environment, SessionCluster, SessionJob

config = pulumi.Config()
env = Environment(
    namespace="example-high-availability",
    flink_version="1.20.3",
    state_storage={"volume": {"claim": "state"}},
)

namespace = k8s.core.v1.Namespace(
    "namespace",
    metadata={
        "name": env.namespace,
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
    },
)
state = k8s.core.v1.PersistentVolumeClaim(
    "state",
    metadata={"name": "state", "namespace": env.namespace},
    # ReadWriteMany where the pods run on several nodes.
    spec={"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    opts=pulumi.ResourceOptions(depends_on=[namespace]),
)
cluster = SessionCluster(
    "main",
    {
        "job_manager": {"cpu": "250m", "memory": "1200Mi", "replicas": 2},
        "task_manager": {"cpu": "250m", "memory": "1200Mi", "replicas": 1, "slots": 1},
    },
    pulumi.ResourceOptions(depends_on=[state]),
    env,
)
job = SessionJob(
    "counts",
    {
        "cluster": cluster,
        "jar": config.require("jar"),
        "args": ["--output", "/state/counts", "--rate", "50", "--checkpoint-interval", "1000"],
    },
    env=env,
)

pulumi.export("leader", cluster.ref["leader"])
pulumi.export("job_id", job.job_id)
pulumi.export("state", job.state)
