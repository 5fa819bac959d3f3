"""A session cluster and a job that keep savepoints, checkpoints and metadata in S3."""

import pulumi
import pulumi_kubernetes as k8s

from flink_components import Environment, SessionCluster, SessionJob

config = pulumi.Config()
env = Environment(
    namespace="example-s3-state",
    flink_version="1.20.3",
    state_storage={
        "uri": config.require("uri"),
        "s3": {
            "endpoint": config.require("endpoint"),
            "path_style": True,
            "keys": {"secret": "s3-keys"},
        },
    },
)

namespace = k8s.core.v1.Namespace(
    "namespace",
    metadata={
        "name": env.namespace,
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
    },
)
# `pulumi config set --secret` in earnest; the sandbox's S3 takes any keys.
keys = k8s.core.v1.Secret(
    "keys",
    metadata={"name": "s3-keys", "namespace": env.namespace},
    string_data={
        "AWS_ACCESS_KEY_ID": config.get_secret("access_key") or "sandbox",
        "AWS_SECRET_ACCESS_KEY": config.get_secret("secret_key") or "sandbox",
    },
    opts=pulumi.ResourceOptions(depends_on=[namespace]),
)
cluster = SessionCluster(
    "main",
    {
        "job_manager": {"cpu": "250m", "memory": "1200Mi"},
        "task_manager": {"cpu": "250m", "memory": "1200Mi", "replicas": 1, "slots": 1},
    },
    pulumi.ResourceOptions(depends_on=[keys]),
    env,
)
job = SessionJob(
    "counts",
    {
        "cluster": cluster,
        "jar": config.require("jar"),
        "args": ["--output", "/var/lib/flink/counts", "--checkpoint-interval", "1000"],
    },
    env=env,
)

pulumi.export("job_id", job.job_id)
pulumi.export("state", job.state)
pulumi.export("restored_from", job.restored_from)
