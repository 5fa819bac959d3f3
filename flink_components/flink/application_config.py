"""The configuration of an application: that of a cluster, and what its guarded start needs."""

from __future__ import annotations

from flink_components.flink.config import ConfigFile, cluster_options, file_of
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.options import Scalar

_JVM_OPTIONS = "env.java.opts.jobmanager"
_REGISTRATION = "taskmanager.registration.timeout"
# In milliseconds; by default 10 s and 50 s.
_QUICK_HEARTBEATS: dict[str, Scalar] = {"heartbeat.interval": 3000, "heartbeat.timeout": 15000}


def application_file(
    spec: ApplicationSpec, *, rpc_address: str, cluster_id: str, agent: str
) -> ConfigFile:
    """The configuration file of a revision of an application.

    rpc_address: host name at which TaskManagers reach the JobManager.
    cluster_id: what high availability keeps this revision's data under.
    agent: the JVM option that starts the guard.
    """
    options = application_options(spec, rpc_address=rpc_address, cluster_id=cluster_id, agent=agent)
    return file_of(options, spec)


def application_options(
    spec: ApplicationSpec, *, rpc_address: str, cluster_id: str, agent: str
) -> dict[str, Scalar]:
    """The effective options of an application."""
    own = spec.config.get(_JVM_OPTIONS)
    options: dict[str, Scalar] = {
        **cluster_options(spec, rpc_address=rpc_address, cluster_id=cluster_id),
        # The job's end is read from its JobManager; one that ended would start again.
        "execution.shutdown-on-application-finish": False,
        _JVM_OPTIONS: f"{agent} {own}" if own else agent,
    }
    if spec.high_availability_kind is None:
        # Without it only a heartbeat tells TaskManagers that their JobManager has started again,
        # as it does to take its job back: ten seconds more are a job that is down for longer.
        options = {**_QUICK_HEARTBEATS, **options}
    if _REGISTRATION not in spec.config:
        # Longer than any deadline: new TaskManagers wait while the old job takes its savepoint.
        options[_REGISTRATION] = "24 h"
    if spec.high_availability_kind:
        # A JobManager that recovers must find that its job has ended.
        options["job-result-store.delete-on-commit"] = False
    if spec.parallelism is not None:
        options["parallelism.default"] = spec.parallelism
    return options
