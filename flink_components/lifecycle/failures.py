"""Why a job failed, for messages: where Flink can't be asked, they do without."""

from flink_components.flink.errors import FlinkError
from flink_components.flink.rest import FlinkClient


def known_failure(flink: FlinkClient, job_id: str) -> str:
    """The root cause of the job's last failure in one line; empty where none is known."""
    try:
        return flink.failure(job_id) or ""
    except FlinkError:
        return ""
