"""A checkpoint that is asked for and waited for, of a job that runs on."""

import uuid

from flink_components.flink.answers import ENDED
from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.errors import StepFailed
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import Workshop


def checkpoint_now(shop: Workshop, flink: FlinkClient, job_id: str, seconds: float) -> str:
    """Waits for a checkpoint that begins from now on; RUNNING, or FINISHED where the job has.

    One that fails while the job runs on is asked for again. Raises StepFailed with Flink's cause.
    """
    request = _Request(flink, job_id)
    state, _ = poll(shop.clock, request.read, lambda s: s != "", seconds)
    if state in ("RUNNING", "FINISHED"):
        return state
    what = f"the job is {state}" if state else f"within {seconds:.0f} s"
    raise StepFailed(
        f"no checkpoint completed: {what}" + (f"; {request.problem}" if request.problem else "")
    )


class _Request:
    """One checkpoint under a trigger id of ours; `problem` is why the last one failed."""

    def __init__(self, flink: FlinkClient, job_id: str) -> None:
        self._flink = flink
        self._job_id = job_id
        self._trigger = uuid.uuid4().hex
        self.problem = ""

    def read(self) -> str:
        """RUNNING once it is complete, the job's state where that has ended, else ""."""
        try:
            return self._look()
        except FlinkUnreachable as error:
            self.problem = str(error)
            return ""
        except FlinkError as error:
            self.problem = error.cause
            return "" if error.status != 404 else "not known to its JobManager"

    def _look(self) -> str:
        try:
            result = self._flink.checkpoint_result(self._job_id, self._trigger)
        except FlinkNotFound:
            self._flink.checkpoint(self._job_id, self._trigger)
            return ""
        if not result.done:
            return ""
        if result.failure is None:
            return "RUNNING"
        self.problem, self._trigger = result.failure, uuid.uuid4().hex
        state = self._flink.status(self._job_id)
        return state if state in ENDED else ""
