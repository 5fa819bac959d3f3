"""Pulumi components that run Apache Flink on Kubernetes and keep the state of its jobs.

Names are loaded when they are first used: the provider process needs none of the components.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flink_components.components.application_deployment import (
        ApplicationDeployment,
        ApplicationDeploymentArgs,
    )
    from flink_components.components.environment import Environment
    from flink_components.components.fleet import Fleet, FleetArgs
    from flink_components.components.savepoint_snapshot import (
        SavepointSnapshot,
        SavepointSnapshotArgs,
    )
    from flink_components.components.session_cluster import SessionCluster, SessionClusterArgs
    from flink_components.components.session_job import SessionJob, SessionJobArgs
    from flink_components.spec.ref import JobRef

__all__ = [
    "ApplicationDeployment",
    "ApplicationDeploymentArgs",
    "Environment",
    "Fleet",
    "FleetArgs",
    "JobRef",
    "SavepointSnapshot",
    "SavepointSnapshotArgs",
    "SessionCluster",
    "SessionClusterArgs",
    "SessionJob",
    "SessionJobArgs",
]

_MODULES = {
    "ApplicationDeployment": "components.application_deployment",
    "ApplicationDeploymentArgs": "components.application_deployment",
    "Environment": "components.environment",
    "Fleet": "components.fleet",
    "FleetArgs": "components.fleet",
    "JobRef": "spec.ref",
    "SavepointSnapshot": "components.savepoint_snapshot",
    "SavepointSnapshotArgs": "components.savepoint_snapshot",
    "SessionCluster": "components.session_cluster",
    "SessionClusterArgs": "components.session_cluster",
    "SessionJob": "components.session_job",
    "SessionJobArgs": "components.session_job",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
