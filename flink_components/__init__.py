"""Pulumi components that run Apache Flink on Kubernetes and keep the state of its jobs.

Names are loaded when they are first used: the provider process needs none of the components.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flink_components.components.environment import Environment
    from flink_components.components.savepoint_snapshot import (
        SavepointSnapshot,
        SavepointSnapshotArgs,
    )
    from flink_components.components.session_cluster import SessionCluster, SessionClusterArgs
    from flink_components.components.session_job import SessionJob, SessionJobArgs

__all__ = [
    "Environment",
    "SavepointSnapshot",
    "SavepointSnapshotArgs",
    "SessionCluster",
    "SessionClusterArgs",
    "SessionJob",
    "SessionJobArgs",
]

_MODULES = {
    "Environment": "environment",
    "SavepointSnapshot": "savepoint_snapshot",
    "SavepointSnapshotArgs": "savepoint_snapshot",
    "SessionCluster": "session_cluster",
    "SessionClusterArgs": "session_cluster",
    "SessionJob": "session_job",
    "SessionJobArgs": "session_job",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.components.{_MODULES[name]}"), name)
