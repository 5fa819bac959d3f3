"""Whether a cluster's jobs outlive its JobManager."""

from __future__ import annotations

from pydantic import Field

from flink_components.spec.base import Flag, SpecModel
from flink_components.spec.storage import StorageUri


class HighAvailability(SpecModel):
    """High availability by Kubernetes: a JobManager that is lost is replaced, its jobs go on.

    By default it is on where there is durable storage: a `storage_dir`, or a StateStorage beside.
    Standby JobManagers are `job_manager.replicas` above 1.
    """

    enabled: Flag | None = Field(
        default=None, description="whether it is on (default: where storage is given)"
    )
    storage_dir: StorageUri | None = Field(
        default=None, description="directory of its data (default: in state_storage)"
    )
