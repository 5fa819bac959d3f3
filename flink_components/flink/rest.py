"""A client of Flink's REST API: one method a call, plain answers, one error family.

It holds no job state and decides nothing. A call that changes something is sent once: when its
answer is lost it raises `FlinkUnreachable`, and the caller looks before it does anything else.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import requests
from requests_toolbelt.multipart.encoder import MultipartEncoder

from flink_components.flink.answers import (
    Bounds,
    CheckpointConfig,
    Checkpoints,
    Cluster,
    Job,
    JobStatus,
    TriggerResult,
    checkpoint_config,
    checkpoints,
    cluster,
    failure_of,
    job,
    job_status,
    requirements,
    trigger_result,
)
from flink_components.flink.errors import (
    FlinkError,
    FlinkNotFound,
    FlinkUnreachable,
    connection_problem,
    is_no_reply,
    root_cause,
)
from flink_components.flink.versions import features

Json = dict[str, Any]

_READ_ATTEMPTS = 3
# A JobManager that does not lead, and knows of none that does.
_NO_LEADER = 503


class FlinkClient:
    """Flink's REST API at `base_url`, through `session` (which brings credentials and TLS).

    A function for `base_url` says where Flink is now: it is asked at the first request, and again
    after an answer that was lost. `version` is that of the cluster, since field names differ by it.
    `timeout` is (connect, read) in seconds of an ordinary call; a read that
    finds no connection is repeated after `retry_pause` seconds.
    """

    def __init__(
        self,
        base_url: str | Callable[[], str],
        session: requests.Session,
        version: str,
        timeout: tuple[float, float] = (5.0, 20.0),
        retry_pause: float = 0.2,
    ) -> None:
        self._moves = callable(base_url)
        self._where = base_url if callable(base_url) else partial(str, base_url)
        self._base_url: str | None = None
        self._session = session
        self._features = features(version)
        self._version = version
        self._timeout = timeout
        self._retry_pause = retry_pause

    @property
    def base_url(self) -> str:
        """Where requests go. Raises what the function raises that says it."""
        known = self._base_url
        if known is None:
            known = self._base_url = self._where().rstrip("/")
        return known

    # -- the cluster -------------------------------------------------------------------------

    def cluster(self) -> Cluster:
        """Version and slots. `GET /overview`."""
        return cluster(self._get("/overview"))

    def cluster_config(self) -> dict[str, str]:
        """The JobManager's effective configuration. `GET /jobmanager/config`."""
        entries: Any = self._get("/jobmanager/config")
        return {entry["key"]: entry["value"] for entry in entries}

    def slots_held(self, job_id: str) -> int:
        """How many slots TaskManagers have given to the job. `GET /taskmanagers`, and each one."""
        managers = self._get("/taskmanagers")["taskmanagers"]
        busy = (tm["id"] for tm in managers if tm["freeSlots"] < tm["slotsNumber"])
        return sum(
            slot["jobId"] == job_id
            for manager in busy
            for slot in self._get(f"/taskmanagers/{manager}").get("allocatedSlots", [])
        )

    def refresh_interval(self) -> float:
        """For how many seconds Flink answers from a cache. `GET /config`."""
        return float(self._get("/config").get("refresh-interval", 3000)) / 1000

    # -- jars --------------------------------------------------------------------------------

    def jars(self) -> list[str]:
        """Ids of the uploaded jars, newest first. `GET /jars`."""
        return [file["id"] for file in self._get("/jars").get("files", [])]

    def upload_times(self) -> dict[str, float]:
        """When each uploaded jar came, in seconds since 1970. `GET /jars`."""
        files = self._get("/jars").get("files", [])
        return {file["id"]: float(file.get("uploaded", 0)) / 1000 for file in files}

    def upload_jar(self, path: Path, name: str, timeout: float = 600.0) -> str:
        """Uploads the file in constant memory; the new jar's id. `POST /jars/upload`."""
        with path.open("rb") as stream:
            body = MultipartEncoder({"jarfile": (name, stream, "application/x-java-archive")})
            answer = self._send(
                "POST",
                "/jars/upload",
                data=body,
                headers={"Content-Type": body.content_type},
                timeout=(self._timeout[0], timeout),
            )
        return str(answer["filename"]).rsplit("/", 1)[-1]

    def delete_jar(self, jar_id: str) -> None:
        """Deletes an uploaded jar; one that is not there is not an error. `DELETE /jars/:id`."""
        try:
            self._send("DELETE", f"/jars/{jar_id}")
        except FlinkNotFound:
            return
        except FlinkError as error:
            if error.status != 400:
                raise

    def plan_jar(self, jar_id: str, program: Mapping[str, object], timeout: float = 120.0) -> Json:
        """Runs `main` up to `execute`, without submitting: the job graph. `POST /jars/:id/plan`."""
        answer = self._send(
            "POST",
            f"/jars/{jar_id}/plan",
            json=self._program(program),
            timeout=(self._timeout[0], timeout),
        )
        plan: Json = answer["plan"]
        return plan

    def run_jar(
        self,
        jar_id: str,
        job_id: str,
        program: Mapping[str, object],
        savepoint: str | None = None,
        allow_non_restored_state: bool = False,
        claim_mode: str = "NO_CLAIM",
        timeout: float = 120.0,
    ) -> None:
        """Submits the job under `job_id`. `POST /jars/:id/run`.

        Raises `FlinkError` with the root cause where Flink refuses, `FlinkUnreachable` where the
        answer was lost: the job may then run.
        """
        body = self._program(program)
        body["jobId"] = job_id
        if savepoint is not None:
            body["savepointPath"] = savepoint
            body["allowNonRestoredState"] = allow_non_restored_state
            if self._features.claim_field is not None:
                body[self._features.claim_field] = claim_mode
        self._send("POST", f"/jars/{jar_id}/run", json=body, timeout=(self._timeout[0], timeout))

    def _program(self, program: Mapping[str, object]) -> Json:
        """The part of a request that says what to run; absent values are left out."""
        names = {
            "entry_class": "entryClass",
            "args": "programArgsList",
            "parallelism": "parallelism",
            "config": "flinkConfiguration",
        }
        body = {names[key]: value for key, value in program.items() if value not in (None, {}, [])}
        if "flinkConfiguration" in body and not self._features.run_configuration:
            raise FlinkError(
                f"a configuration of the job alone needs Flink 1.17 or later, and this cluster "
                f"runs {self._version}: put it into the cluster's configuration"
            )
        return body

    # -- jobs --------------------------------------------------------------------------------

    def jobs(self) -> list[JobStatus]:
        """All jobs the JobManager knows, ended ones too; never cached. `GET /jobs/overview`."""
        return [job_status(entry) for entry in self._get("/jobs/overview").get("jobs", [])]

    def status(self, job_id: str) -> str:
        """The job's state, not cached. Raises `FlinkNotFound` for an unknown job."""
        if self._features.status_endpoint:
            return str(self._get(f"/jobs/{job_id}/status")["status"])
        for entry in self.jobs():
            if entry.id == job_id:
                return entry.state
        raise FlinkNotFound(f"no job {job_id}", 404)

    def job(self, job_id: str) -> Job:
        """The job with its vertices, from Flink's cache. `GET /jobs/:id`."""
        return job(self._get(f"/jobs/{job_id}"))

    def failure(self, job_id: str) -> str | None:
        """The root cause of the job's last failure in one line. `GET /jobs/:id/exceptions`."""
        return failure_of(self._get(f"/jobs/{job_id}/exceptions"))

    def cancel(self, job_id: str) -> None:
        """Asks for the end of the job; one that has ended is not an error. `PATCH /jobs/:id`."""
        try:
            self._send("PATCH", f"/jobs/{job_id}?mode=cancel")
        except FlinkError as error:
            if error.status not in (404, 409):
                raise

    def requirements(self, job_id: str) -> Bounds | None:
        """The bounds of each vertex' parallelism. `GET /jobs/:id/resource-requirements`.

        None where Flink can't change them: before 1.18, or without the adaptive scheduler.
        """
        if not self._features.resource_requirements:
            return None
        try:
            return requirements(self._get(f"/jobs/{job_id}/resource-requirements"))
        except FlinkError as error:
            if "UnsupportedOperationException" in error.cause:
                return None
            raise

    def require(self, job_id: str, bounds: Bounds) -> None:
        """Asks for another parallelism of the running job; it can be asked for twice.

        Flink restarts the job from its latest completed checkpoint, and from nothing where it has
        none. `PUT /jobs/:id/resource-requirements`.
        """
        body = {
            vertex: {"parallelism": {"lowerBound": lower, "upperBound": upper}}
            for vertex, (lower, upper) in bounds.items()
        }
        self._send("PUT", f"/jobs/{job_id}/resource-requirements", json=body)

    # -- state -------------------------------------------------------------------------------

    def checkpoints(self, job_id: str) -> Checkpoints:
        """What was completed and what was restored. `GET /jobs/:id/checkpoints`."""
        return checkpoints(self._get(f"/jobs/{job_id}/checkpoints"))

    def checkpoint_config(self, job_id: str) -> CheckpointConfig:
        """Interval and whether a cancel keeps checkpoints. `GET /jobs/:id/checkpoints/config`."""
        return checkpoint_config(self._get(f"/jobs/{job_id}/checkpoints/config"))

    @property
    def takes_trigger_ids(self) -> bool:
        """Whether the caller can name a savepoint or stop (1.15 and later)."""
        return self._features.trigger_id

    def stop(
        self, job_id: str, directory: str, trigger: str, drain: bool = False, native: bool = True
    ) -> str:
        """Asks for a stop with a savepoint in `directory`; the trigger id. `POST /jobs/:id/stop`.

        From 1.15 on a second request with the same `trigger` makes no second savepoint; before,
        Flink chooses the id.
        """
        body: Json = {"targetDirectory": directory, "drain": drain}
        if self._features.trigger_id:
            body["triggerId"] = trigger
        if self._features.format_type:
            body["formatType"] = "NATIVE" if native else "CANONICAL"
        return str(self._send("POST", f"/jobs/{job_id}/stop", json=body)["request-id"])

    def savepoint(self, job_id: str, directory: str, trigger: str, native: bool = True) -> str:
        """Asks for a savepoint of a job that runs on; its id. `POST /jobs/:id/savepoints`."""
        body: Json = {"target-directory": directory, "cancel-job": False}
        if self._features.trigger_id:
            body["triggerId"] = trigger
        if self._features.format_type:
            body["formatType"] = "NATIVE" if native else "CANONICAL"
        return str(self._send("POST", f"/jobs/{job_id}/savepoints", json=body)["request-id"])

    def savepoint_result(self, job_id: str, trigger: str) -> TriggerResult:
        """How a stop or savepoint went so far. `GET /jobs/:id/savepoints/:triggerId`.

        Raises `FlinkNotFound` where the JobManager does not know the trigger.
        """
        return trigger_result(self._get(f"/jobs/{job_id}/savepoints/{trigger}"))

    def dispose(self, path: str) -> str:
        """Asks for the removal of a savepoint's files; a trigger. `POST /savepoint-disposal`."""
        return str(
            self._send("POST", "/savepoint-disposal", json={"savepoint-path": path})["request-id"]
        )

    def disposal_result(self, trigger: str) -> TriggerResult:
        """How a disposal went so far. `GET /savepoint-disposal/:triggerId`."""
        return trigger_result(self._get(f"/savepoint-disposal/{trigger}"))

    @property
    def can_trigger_checkpoints(self) -> bool:
        """Whether this version has `POST /jobs/:id/checkpoints` (1.17 and later)."""
        return self._features.checkpoint_trigger

    def checkpoint(self, job_id: str, trigger: str) -> None:
        """Asks for a checkpoint; a second request with the same `trigger` makes no second one."""
        self._send(
            "POST",
            f"/jobs/{job_id}/checkpoints",
            json={"checkpointType": "CONFIGURED", "triggerId": trigger},
        )

    def checkpoint_result(self, job_id: str, trigger: str) -> TriggerResult:
        """How a checkpoint that we asked for went so far."""
        return trigger_result(self._get(f"/jobs/{job_id}/checkpoints/{trigger}"))

    # -- HTTP --------------------------------------------------------------------------------

    def _get(self, path: str) -> Any:
        """A read: repeated a few times where the connection breaks, since it changes nothing."""
        for attempt in range(_READ_ATTEMPTS):
            try:
                return self._send("GET", path)
            except FlinkUnreachable:
                if attempt == _READ_ATTEMPTS - 1:
                    raise
                time.sleep(self._retry_pause)
        raise AssertionError("unreachable")

    def _send(self, method: str, path: str, **options: Any) -> Any:
        base = self.base_url
        try:
            return self._exchange(method, base, path, **options)
        except FlinkUnreachable as error:
            if not self._moves:
                raise
            self._base_url = None
            # A pod that is not found is no cluster that is gone: another one may lead.
            raise FlinkUnreachable(error.cause) from error

    def _exchange(self, method: str, base: str, path: str, **options: Any) -> Any:
        options.setdefault("timeout", self._timeout)
        try:
            response = self._session.request(method, base + path, **options)
        except requests.RequestException as error:
            problem = connection_problem(error)
            raise FlinkUnreachable(f"{base} does not answer: {problem}") from error
        return _answer(response)


def _answer(response: requests.Response) -> Any:
    try:
        body = response.json() if response.content else {}
    except ValueError:
        body = None
    if isinstance(body, dict) and body.get("kind") == "Status" and "errors" not in body:
        raise _proxy_error(body, response.status_code)
    if response.ok and body is not None:
        return body
    if isinstance(body, dict) and body.get("errors"):
        text = "\n".join(str(entry) for entry in body["errors"])
        # For a job's status, Flink 1.20 and 2.x say this as an internal error.
        unknown = response.status_code == 404 or "FlinkJobNotFoundException" in text
        cause = root_cause(text)
        if is_no_reply(cause):
            text = f"Flink is overloaded: {cause.partition('. ')[0]}"
            raise FlinkUnreachable(text, response.status_code)
        if response.status_code == _NO_LEADER:
            raise FlinkUnreachable(cause, response.status_code)
        raise (FlinkNotFound if unknown else FlinkError)(cause, response.status_code)
    if response.status_code in (401, 403):
        raise FlinkError(
            f"credentials refused (HTTP {response.status_code}): mend username and password_env, "
            f"or bearer_token_env, of the connection",
            response.status_code,
        )
    if response.status_code >= 500:
        # Not Flink's own words, so a proxy's: the call may have been carried out.
        raise FlinkUnreachable(f"HTTP {response.status_code}", response.status_code)
    raise FlinkError(
        f"unexpected answer (HTTP {response.status_code}): {response.text[:200]!r}",
        response.status_code,
    )


def _proxy_error(status: Mapping[str, Any], code: int) -> FlinkError:
    """The API server's proxy answered in place of Flink."""
    message = str(status.get("message", "")).strip() or f"HTTP {code}"
    if code in (401, 403):
        return FlinkError(f"the API server refused the way to Flink: {message}", code)
    return FlinkUnreachable(f"Flink can't be reached by the API server's proxy: {message}", code)
