"""A Flink session cluster, and nothing else."""

import pulumi
import pulumi_kubernetes as k8s

from flink_components import SessionCluster

NAMESPACE = "example-session-cluster"

namespace = k8s.core.v1.Namespace(
    "namespace",
    metadata={
        "name": NAMESPACE,
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
    },
)
cluster = SessionCluster(
    "main",
    {
        "namespace": NAMESPACE,
        "flink_version": "1.20.3",
        "job_manager": {"cpu": "250m", "memory": "1200Mi"},
        "task_manager": {"cpu": "250m", "memory": "1200Mi", "replicas": 1, "slots": 2},
    },
    pulumi.ResourceOptions(depends_on=[namespace]),
)

pulumi.export("ref", cluster.ref)
pulumi.export("rest_endpoint", cluster.rest_endpoint)
pulumi.export("slots_total", cluster.slots_total)
