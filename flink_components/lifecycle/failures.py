"""Why a job failed, for messages: where Flink can't be asked, they do without."""

from flink_components.flink.errors import FlinkError
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.work import Workshop


def known_failure(shop: Workshop, flink: FlinkClient, job_id: str) -> str:
    """The root cause of the job's last failure in one line; empty where none is known.

    Flink answers from a cache: of a job that failed just now it knows nothing for an instant.
    """
    try:
        found = flink.failure(job_id)
        if not found:
            shop.clock.sleep(flink.refresh_interval())
            found = flink.failure(job_id)
        return found or ""
    except FlinkError:
        return ""
