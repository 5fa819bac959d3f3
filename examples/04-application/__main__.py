"""A stateful job on pods of its own, upgraded with its state."""

import base64
import hashlib
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from flink_components import ApplicationDeployment, Environment

config = pulumi.Config()
env = Environment(
    namespace="example-application",
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
# A small jar, so that no image is built here: else it comes with the image, or from https or S3.
content = Path(config.require("jar")).read_bytes()
jar = k8s.core.v1.ConfigMap(
    "jar",
    metadata={
        "name": f"jar-{hashlib.sha256(content).hexdigest()[:8]}",
        "namespace": env.namespace,
    },
    binary_data={"counts.jar": base64.b64encode(content).decode()},
    opts=pulumi.ResourceOptions(depends_on=[namespace]),
)
job = ApplicationDeployment(
    "counts",
    {
        "jar": "local:///opt/flink/usrlib/counts.jar",
        "args": ["--output", "/data/counts", "--rate", "50", "--checkpoint-interval", "1000"],
        "job_manager": {"cpu": "250m", "memory": "1200Mi"},
        "task_manager": {"cpu": "250m", "memory": "1200Mi"},
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "jar", "configMap": {"name": jar.metadata["name"]}},
        ],
        "volume_mounts": [
            {"name": "data", "mountPath": "/data"},
            # By itself: Flink would find the jar again behind the links of a whole ConfigMap.
            {"name": "jar", "mountPath": "/opt/flink/usrlib/counts.jar", "subPath": "counts.jar"},
        ],
    },
    pulumi.ResourceOptions(depends_on=[data, jar]),
    env,
)

pulumi.export("job_id", job.job_id)
pulumi.export("state", job.state)
pulumi.export("revision", job.revision)
pulumi.export("restored_from", job.restored_from)
