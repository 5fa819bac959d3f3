"""What the row of a job shows while it starts."""

from flink_components.flink.answers import ENDED, Job
from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.work import Workshop

_PATIENCE_SECONDS = 1.0
_SERVER_SIDE = 500


class StartProgress:
    """Says how far the vertices of `job_id` are, each text once; `said` is the last one.

    Slots are counted only for a job that has waited for some for a while: every start waits for a
    moment, and counting asks each TaskManager.
    """

    def __init__(self, shop: Workshop, flink: FlinkClient, job_id: str) -> None:
        self._shop = shop
        self._flink = flink
        self._job_id = job_id
        self._waiting_since: float | None = None
        self.said = ""

    def look(self) -> Job | None:
        """The job, after saying what it does now; None, and why, where Flink can't tell."""
        try:
            job = self._flink.job(self._job_id)
        except (FlinkNotFound, FlinkUnreachable) as error:
            self.say(str(error))
            return None
        except FlinkError as error:
            if error.status < _SERVER_SIDE:
                raise
            # Of a job that failed before it had any tasks, 1.20 only lists its state.
            self.say(str(error))
            return self._ended()
        self.show(job)
        return job

    def _ended(self) -> Job | None:
        """The job without its vertices, where it has ended."""
        try:
            state = self._flink.status(self._job_id)
        except FlinkError:
            return None
        return Job(self._job_id, "", state, 0, 0, 0, 0) if state in ENDED else None

    def show(self, job: Job) -> None:
        """Says what the job does now."""
        done = job.vertices_running + job.vertices_finished
        text = f"{job.state}: {done}/{job.vertices} vertices running"
        self.say(text + self._slots(job))

    def say(self, text: str) -> None:
        """Says a text that is not the last one."""
        if text != self.said:
            self.said = text
            self._shop.say(text)

    def _slots(self, job: Job) -> str:
        if not job.slots_wanted:
            self._waiting_since = None
            return ""
        now = self._shop.clock.monotonic()
        if self._waiting_since is None:
            self._waiting_since = now
        if now - self._waiting_since < _PATIENCE_SECONDS:
            return ", waiting for slots"
        try:
            free = self._flink.cluster().slots_free
            missing = job.slots_wanted - free - self._flink.slots_held(self._job_id)
        except FlinkError:
            return ", waiting for slots"
        return f", waiting for slots: {missing} missing" if missing > 0 else ""
