"""Pulumi components that run Apache Flink on Kubernetes and keep the state of its jobs."""

from flink_components.components.environment import Environment
from flink_components.components.session_cluster import SessionCluster, SessionClusterArgs
from flink_components.components.session_job import SessionJob, SessionJobArgs

__all__ = [
    "Environment",
    "SessionCluster",
    "SessionClusterArgs",
    "SessionJob",
    "SessionJobArgs",
]
