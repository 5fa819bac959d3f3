"""A Flink session cluster in memory: its REST API as it was measured, on a fake clock."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.doubles.clock import FakeClock
from tests.unit.doubles.flink_bodies import (
    FIELDS,
    ROUTES,
    entry,
    failed_program,
    job_row,
    no_job,
    not_adaptive,
    vertex_body,
)
from tests.unit.doubles.flink_jobs import Behaviour, FakeJob, Operation, Snapshot, Start, Storage
from tests.unit.doubles.snapshot_files import write_metadata

Json = dict[str, Any]
Reply = tuple[int, Any]

ENDED = ("FINISHED", "CANCELED", "FAILED")
OFF = 0x7FFFFFFFFFFFFFFF
KEPT_RESULTS_SECONDS = 300.0


class FakeFlink:
    """One JobManager. `behaviours` are by entry class; `clusters` are all that share the jobs."""

    def __init__(
        self, name: str, clock: FakeClock, storage: Storage, clusters: dict[Any, FakeFlink]
    ) -> None:
        self.name = name
        self.version = "1.20.3"
        self.up = True
        self.slots = 8
        self.kept_on_cancel = True
        self.interval: float | None = 600.0
        self.refresh_interval = 0.2
        self.savepoint_seconds = 0.03
        self.adaptive = False
        self.cooldown = 3.0
        self.restart_seconds = 1.0
        self.disk: Path | None = None
        self.results_read = False
        self.application = False
        self.config = {"jobmanager.rpc.port": "6123"}
        self.behaviours: dict[str, Behaviour] = {}
        self.jobs: dict[str, FakeJob] = {}
        self.jars: dict[str, bytes] = {}
        self.uploads = 0
        self._clock = clock
        self._storage = storage
        self._clusters = clusters
        self._operations: dict[str, Operation] = {}
        self._cache: dict[str, tuple[float, Json]] = {}
        self._numbers = itertools.count(1)

    # -- what a test does to it --------------------------------------------------------------

    def keep_checkpoints_in(self, folder: Path) -> None:
        """From now on each snapshot is a real file too, and checkpoints are in `folder`."""
        self.disk = folder
        self.config["execution.checkpointing.dir"] = f"file:{folder}"

    def restart(self) -> None:
        """The JobManager starts anew, without high availability: it knows nothing any more."""
        self.jobs.clear()
        self.jars.clear()
        self._operations.clear()
        self._cache.clear()

    def active(self) -> list[FakeJob]:
        """The jobs that have not ended."""
        return [job for job in self.jobs.values() if job.state not in ENDED]

    def run_by_hand(
        self, job_id: str, args: list[str] | None = None, behaviour: Behaviour | None = None
    ) -> FakeJob:
        """Someone else starts a job."""
        body = {"entryClass": "org.acme.Fraud", "programArgsList": args or ["fraud"]}
        job = self._submit("by-hand.jar", job_id, body, behaviour or Behaviour())
        self._note_start(job, None)
        return job

    def start_application(self, job_id: str, program: str, savepoint: str | None) -> str | None:
        """The JobManager of an application starts its own job; why it ends with that, if it does.

        From 2.3 on it stays, and the job is FAILED.
        """
        behaviour = self.behaviours.get(program, Behaviour())
        found = self._storage.snapshots.get(savepoint) if savepoint else None
        reason = behaviour.refuses
        if savepoint and (found is None or found.discarded):
            reason = f"java.io.FileNotFoundException: Cannot find checkpoint {savepoint}"
        if reason is not None and self.minor < (2, 3):
            return reason
        body = {"entryClass": program, "programArgsList": ["fraud"], "savepointPath": savepoint}
        job = self._submit("", job_id, body, behaviour)
        if reason is not None:
            self._end(job, "FAILED", reason)
            return None
        if found is not None and not behaviour.ignores_savepoint:
            job.events, job.restored = found.events, found.path
        self._note_start(job, savepoint)
        return None

    def fail(self, job_id: str, reason: str) -> None:
        """Something ends a job."""
        self._end(self.jobs[job_id], "FAILED", reason)

    def finish(self, job_id: str) -> None:
        """A job comes to the end of its input."""
        self._end(self.jobs[job_id], "FINISHED")

    def is_asked_between_two_checkpoints(self, job_id: str) -> None:
        """The latest one is removed already, the next one not listed yet: so it stays in the
        cache."""
        body = self._checkpoints_body(self.jobs[job_id])
        body["latest"]["completed"]["discarded"] = True
        self._cache[f"checkpoints {job_id}"] = (self._clock.now(), body)

    def shows_no_checkpoint_yet(self, job_id: str) -> None:
        """What it answers of a job's checkpoints is from its cache, of before the first one."""
        job = replace(self.jobs[job_id], snapshots=[])
        self._cache[f"checkpoints {job_id}"] = (self._clock.now(), self._checkpoints_body(job))

    def checkpoint(self, job_id: str) -> Snapshot:
        """A job completes a checkpoint."""
        return self._snapshot(self.jobs[job_id], None)

    def savepoint(self, job_id: str, directory: str) -> Snapshot:
        """Someone else takes a savepoint of a job, which runs on."""
        return self._snapshot(self.jobs[job_id], directory)

    def stop_by_hand(self, job_id: str, directory: str) -> Snapshot:
        """Someone else stops a job with a savepoint."""
        taken = self._snapshot(self.jobs[job_id], directory)
        self._end(self.jobs[job_id], "FINISHED")
        return taken

    # -- time --------------------------------------------------------------------------------

    def tick(self) -> None:
        """Lets happen what was due by now."""
        now = self._clock.now()
        for job in self.jobs.values():
            self._live(job, now)
        for key, operation in self._operations.items():
            if not operation.done and operation.due <= now:
                self._complete(self.jobs.get(key.split(" ")[0]), operation)

    def _live(self, job: FakeJob, now: float) -> None:
        if job.ends is not None and job.ends[0] <= now:
            self._end(job, *job.ends[1:])
        if job.fails_over is not None and job.fails_over <= now:
            self._fail_over(job, now)
        if job.state == "CREATED" and now >= job.started + 0.03:
            job.state = "RUNNING"
            job.last_checkpoint = now
            if job.behaviour.after_checkpoint:
                self._snapshot(job, None)
            if job.behaviour.fails is not None and job.behaviour.fails_after:
                job.ends = (now + job.behaviour.fails_after, "FAILED", job.behaviour.fails)
            elif job.behaviour.fails is not None:
                self._end(job, "FAILED", job.behaviour.fails)
            elif job.behaviour.finishes:
                self._end(job, "FINISHED")
        if job.state != "RUNNING":
            return
        job.events += 1
        self._rescale(job, now)
        due = self.interval is not None and now - job.last_checkpoint >= self.interval
        if due and not job.behaviour.slots_missing and job.behaviour.checkpoint_fails is None:
            self._snapshot(job, None)

    def _fail_over(self, job: FakeJob, now: float) -> None:
        """The job restarts from its latest checkpoint, after a while."""
        if job.state == "RUNNING":
            checkpoints = [s for s in job.snapshots if not s.savepoint]
            job.events = checkpoints[-1].events if checkpoints else 0
            job.restored = checkpoints[-1].path if checkpoints else job.restored
            job.state, job.fails_over = "RESTARTING", now + self.restart_seconds
        else:
            job.state, job.fails_over = "RUNNING", None

    def _rescale(self, job: FakeJob, now: float) -> None:
        """The adaptive scheduler: the job restarts from its latest checkpoint, or from nothing."""
        free = self.slots - sum(other.slots for other in self.active() if other is not job)
        wanted = {vertex: min(high, max(free, 0)) for vertex, (_, high) in job.bounds.items()}
        fits = all(wanted[vertex] >= low for vertex, (low, _) in job.bounds.items())
        cooling = now < job.started + self.cooldown
        if cooling or not fits or wanted == job.parallelism or job.behaviour.never_rescales:
            return
        checkpoints = [s for s in job.snapshots if not s.savepoint]
        if self.minor >= (2, 0) and (not checkpoints or checkpoints[-1].at < job.asked):
            return  # it waits for the next one, and those of the cooldown do not count
        if not checkpoints:
            self._storage.violations.append(f"{job.id} was rescaled without a checkpoint")
        job.events = checkpoints[-1].events if checkpoints else 0
        job.restored = checkpoints[-1].path if checkpoints else None
        job.parallelism, job.started, job.state = wanted, now, "CREATED"
        job.rescaled += 1

    def _end(self, job: FakeJob, state: str, reason: str | None = None) -> None:
        job.state, job.failure, job.ends, job.fails_over = state, reason, None, None
        for snapshot in job.snapshots:
            if not snapshot.savepoint and (state == "FINISHED" or not self.kept_on_cancel):
                snapshot.discarded = True

    def _snapshot(self, job: FakeJob, directory: str | None) -> Snapshot:
        number = next(self._numbers)
        path = f"file:{self.disk or '/checkpoints'}/{job.id}/chk-{number}"
        if directory is not None:
            path = f"{directory.replace('file:///', 'file:/')}/savepoint-{job.id[:6]}-{number:012d}"
        at = self._clock.now()
        group = "of a job that lost its state" if job.behaviour.ignores_savepoint else job.group
        taken = Snapshot(path, job.events, directory is not None, group, number, at)
        job.snapshots.append(taken)
        job.last_checkpoint = at
        self._storage.snapshots[path] = taken
        if self.disk is not None:
            write_metadata(Path(path.removeprefix("file:")), number, at)
        return taken

    def _complete(self, job: FakeJob | None, operation: Operation) -> None:
        operation.done = True
        if job is None or job.state in ENDED:
            operation.failure = (
                "org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find job"
            )
            return
        behaviour = job.behaviour
        reason = (
            behaviour.checkpoint_fails
            if operation.kind == "checkpoint"
            else behaviour.savepoint_fails
        )
        if reason is None and job.state != "RUNNING":
            reason = "Not all required tasks are currently running."
        if reason is None and behaviour.slots_missing:
            reason = "Not all required tasks are currently running."
        if reason is not None:
            operation.failure = f"java.util.concurrent.CompletionException: x\nCaused by: {reason}"
            if behaviour.savepoint_ends and operation.kind != "checkpoint":
                self._end(job, "FAILED", reason)
            if behaviour.savepoint_restarts and operation.kind != "checkpoint":
                job.failure, job.fails_over = reason, self._clock.now() + 0.1
            if behaviour.restarts_for:
                job.failure, *later = behaviour.restarts_for
                job.behaviour = (
                    replace(behaviour, restarts_for=tuple(later)) if later else Behaviour()
                )
            return
        directory = None if operation.kind == "checkpoint" else operation.directory
        operation.location = self._snapshot(job, directory).path
        if operation.kind == "stop":
            self._end(job, "FINISHED")

    # -- REST --------------------------------------------------------------------------------

    def handle(self, method: str, path: str, query: str, body: Any) -> Reply:
        """Answers as Flink does."""
        for pattern, name in ROUTES:
            match = re.fullmatch(pattern, f"{method} {path}")
            if match is not None:
                answer: Callable[..., Reply] = getattr(self, name)
                return answer(
                    *match.groups(), **({"body": body} if method in ("POST", "PUT") else {})
                )
        return 404, {"errors": [f"Not found: {path}"]}

    @property
    def minor(self) -> tuple[int, int]:
        """Its version without the last number."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    def _overview(self) -> Reply:
        waits = any(job.behaviour.slots_missing for job in self.active())
        return 200, {
            "taskmanagers": 1,
            "slots-total": self.slots,
            "slots-available": 0 if waits else self.slots - sum(job.slots for job in self.active()),
            "flink-version": self.version,
            "flink-commit": "b1fe7b4",
        }

    def _config(self) -> Reply:
        return 200, {
            "refresh-interval": int(self.refresh_interval * 1000),
            "flink-version": self.version,
            "features": {"web-submit": True, "web-cancel": True},
        }

    def _jobmanager_config(self) -> Reply:
        return 200, [{"key": key, "value": value} for key, value in self.config.items()]

    def _list_jars(self) -> Reply:
        return 200, {
            "address": "http://x",
            "files": [{"id": jar, "name": jar, "uploaded": 0} for jar in self.jars],
        }

    def _upload(self, body: Any) -> Reply:
        match = re.search(rb'filename="([^"]+)"', body)
        assert match is not None
        name = match[1].decode()
        if not name.endswith(".jar"):
            return 400, {"errors": ["Only Jar files are allowed."]}
        self.uploads += 1
        jar = f"0000{self.uploads:04d}-b0e0-4b6a-8a0e-000000000000_{name}"
        self.jars[jar] = body
        return 200, {"filename": f"/tmp/flink-web/flink-web-upload/{jar}", "status": "success"}

    def _delete_jar(self, jar: str) -> Reply:
        if self.jars.pop(jar, None) is None:
            return 400, {"errors": [f"File {jar} does not exist in /tmp/flink-web."]}
        return 200, {}

    def _plan(self, jar: str, body: Json) -> Reply:
        if jar not in self.jars:
            return 500, {"errors": [f"Caused by: java.nio.file.NoSuchFileException: {jar}"]}
        wrong = self._unknown_fields(body, "run")
        behaviour = self.behaviours.get(body.get("entryClass", ""), Behaviour())
        reason = wrong or behaviour.plan_refused
        if reason is not None:
            return 400, failed_program(reason)
        graph = behaviour.graph(body.get("parallelism", 2))
        nodes = [{"id": vertex, "parallelism": number} for vertex, number in graph.items()]
        return 200, {"plan": {"nodes": list(behaviour.nodes) or nodes}}

    def _run(self, jar: str, body: Json) -> Reply:
        if jar not in self.jars:
            return 500, {"errors": [f"Caused by: java.nio.file.NoSuchFileException: {jar}"]}
        wrong = self._unknown_fields(body, "run")
        if wrong is not None:
            return 400, {"errors": [wrong]}
        job_id = body["jobId"]
        behaviour = self.behaviours.get(body.get("entryClass", ""), Behaviour())
        known = self.jobs.get(job_id)
        if known is not None and (known.state not in ENDED or self.minor >= (1, 17)):
            return 400, failed_program(
                "org.apache.flink.runtime.client.DuplicateJobSubmissionException: "
                "Job has already been submitted."
            )
        savepoint = body.get("savepointPath")
        found = self._storage.snapshots.get(savepoint) if savepoint else None
        reason = behaviour.refuses
        if savepoint and (found is None or found.discarded):
            reason = f"java.io.FileNotFoundException: Cannot find checkpoint {savepoint}"
        job = self._submit(jar, job_id, body, behaviour)
        if reason is not None:
            self._end(job, "FAILED", reason)
            return 400, failed_program(reason)
        if found is not None and not behaviour.ignores_savepoint:
            job.events, job.restored = found.events, found.path
        self._note_start(job, savepoint)
        return 200, {"jobid": job_id}

    def _submit(self, jar: str, job_id: str, body: Json, behaviour: Behaviour) -> FakeJob:
        job = FakeJob(
            id=job_id,
            entry_class=body.get("entryClass", ""),
            args=list(body.get("programArgsList", [])),
            jar=jar,
            request=body,
            behaviour=behaviour,
            started=self._clock.now(),
        )
        job.parallelism = behaviour.graph(body.get("parallelism", 2))
        job.bounds = {vertex: (1, number) for vertex, number in job.parallelism.items()}
        self.jobs[job_id] = job
        return job

    def _note_start(self, job: FakeJob, savepoint: str | None) -> None:
        others = [
            other.id
            for flink in self._clusters.values()
            for other in flink.active()
            if other.group == job.group and other is not job
        ]
        storage = self._storage
        if others:
            storage.violations.append(f"{job.id} was started beside {others}")
        newest = storage.newest(job.group)
        start = Start(job.id, job.group, job.entry_class, savepoint, job.events, newest)
        storage.starts.append(start)

    def _unknown_fields(self, body: Json, call: str) -> str | None:
        """Up to 1.18 a field that this version does not have is an error, later it is ignored."""
        since = FIELDS[call]
        unknown = [name for name in body if since.get(name, (99, 0)) > self.minor]
        if unknown and self.minor < (1, 19):
            return f'Unrecognized field "{unknown[0]}" (class {call}), not marked as ignorable'
        return None

    def _jobs_overview(self) -> Reply:
        return 200, {
            "jobs": [job_row(job, self._job_body(job)["vertices"]) for job in self.jobs.values()]
        }

    def _status(self, job_id: str) -> Reply:
        if self.minor < (1, 16):
            return 404, {"errors": [f"Not found: /jobs/{job_id}/status"]}
        if job_id not in self.jobs:
            return no_job(job_id)
        return 200, {"status": self.jobs[job_id].state}

    def _job(self, job_id: str) -> Reply:
        return self._cached("job", job_id, self._job_body)

    def _job_body(self, job: FakeJob) -> Json:
        return {
            "jid": job.id,
            "name": job.entry_class,
            "state": job.state,
            "vertices": [vertex_body(job, *each) for each in job.parallelism.items()],
        }

    def _requirements(self, job_id: str) -> Reply:
        if self.minor < (1, 18):
            return 404, {"errors": [f"Not found: /jobs/{job_id}/resource-requirements"]}
        if job_id not in self.jobs:
            return no_job(job_id)
        if not self.adaptive:
            return 500, not_adaptive()
        bounds = self.jobs[job_id].bounds.items()
        return 200, {
            vertex: {"parallelism": {"lowerBound": low, "upperBound": high}}
            for vertex, (low, high) in bounds
        }

    def _require(self, job_id: str, body: Json) -> Reply:
        job = self.jobs.get(job_id)
        if job is None or job.state in ENDED:
            return no_job(job_id)
        if not self.adaptive:
            return 500, not_adaptive()
        bounds = {vertex: entry["parallelism"] for vertex, entry in body.items()}
        if set(bounds) != set(job.bounds):
            return 400, {"errors": ["The request is incomplete"]}
        if any(bound["upperBound"] > job.behaviour.highest for bound in bounds.values()):
            return 400, {"errors": ["The newly requested parallelism is above the maximum"]}
        job.asked = max(self._clock.now(), job.started + self.cooldown)
        job.bounds = {
            vertex: (bound["lowerBound"], bound["upperBound"]) for vertex, bound in bounds.items()
        }
        return 200, {}

    def _exceptions(self, job_id: str) -> Reply:
        return self._cached("exceptions", job_id, self._exceptions_body)

    def _exceptions_body(self, job: FakeJob) -> Json:
        if job.failure is None:
            return {"exceptionHistory": {"entries": [], "truncated": False}}
        trace = f"org.apache.flink.runtime.JobException: Recovery\nCaused by: {job.failure}"
        body: Json = {"exceptionHistory": {"entries": [{"stacktrace": trace}], "truncated": False}}
        if self.minor < (2, 0):
            body["root-exception"] = trace
            body["all-exceptions"] = []
        return body

    def _checkpoints(self, job_id: str) -> Reply:
        return self._cached("checkpoints", job_id, self._checkpoints_body)

    def _checkpoints_body(self, job: FakeJob) -> Json:
        checkpoints = [s for s in job.snapshots if not s.savepoint]
        savepoints = [s for s in job.snapshots if s.savepoint]
        restored = {"id": 1, "external_path": job.restored, "is_savepoint": True}
        return {
            "counts": {"completed": len(job.snapshots), "restored": 1 if job.restored else 0},
            "latest": {
                "completed": entry(checkpoints[-1]) if checkpoints else None,
                "savepoint": entry(savepoints[-1]) if savepoints else None,
                "restored": restored if job.restored else None,
            },
        }

    def _cached(self, what: str, job_id: str, read: Callable[[FakeJob], Json]) -> Reply:
        if job_id not in self.jobs:
            return no_job(job_id)
        key, now = f"{what} {job_id}", self._clock.now()
        if key not in self._cache or now - self._cache[key][0] >= self.refresh_interval:
            self._cache[key] = (now, read(self.jobs[job_id]))
        return 200, self._cache[key][1]

    def _checkpoint_config(self, job_id: str) -> Reply:
        if job_id not in self.jobs:
            return no_job(job_id)
        return 200, {
            "mode": "exactly_once",
            "interval": OFF if self.interval is None else int(self.interval * 1000),
            "externalization": {
                "enabled": self.kept_on_cancel,
                "delete_on_cancellation": not self.kept_on_cancel,
            },
        }

    def _stop(self, job_id: str, body: Json) -> Reply:
        wrong = self._unknown_fields(body, "stop")
        if wrong is not None:
            return 400, {"errors": [wrong]}
        trigger = body.get("triggerId") if self.minor >= (1, 15) else None
        trigger = trigger or f"{next(self._numbers):032x}"
        if f"{job_id} {trigger}" not in self._operations:
            self._refuse_a_second_stop(job_id)
        return self._begin(job_id, "stop", trigger, body["targetDirectory"])

    def _refuse_a_second_stop(self, job_id: str) -> None:
        """Two stops with different ids: both fail, and the job with them."""
        open_stops = [
            operation
            for key, operation in self._operations.items()
            if key.startswith(job_id) and operation.kind == "stop" and not operation.done
        ]
        for operation in open_stops:
            operation.done, operation.failure = True, "Caused by: Checkpoint was declined"
            self._storage.violations.append(f"{job_id} was stopped twice at once")
            self._end(self.jobs[job_id], "FAILED", "stopped twice")

    def _savepoint(self, job_id: str, body: Json) -> Reply:
        trigger = body.get("triggerId") or f"{next(self._numbers):032x}"
        return self._begin(job_id, "savepoint", trigger, body["target-directory"])

    def _trigger_checkpoint(self, job_id: str, body: Json) -> Reply:
        if self.minor < (1, 17):
            return 404, {"errors": ["Not found"]}
        return self._begin(job_id, "checkpoint", body["triggerId"], "")

    def _begin(self, job_id: str, kind: str, trigger: str, directory: str) -> Reply:
        due = self._clock.now() + self.savepoint_seconds
        self._operations.setdefault(f"{job_id} {trigger}", Operation(kind, due, directory))
        return 202, {"request-id": trigger}

    def _result(self, job_id: str, trigger: str) -> Reply:
        operation = self._operations.get(f"{job_id} {trigger}")
        if operation is None or self._clock.now() > operation.due + KEPT_RESULTS_SECONDS:
            return 404, {
                "errors": [
                    "org.apache.flink.runtime.rest.handler.RestHandlerException: "
                    f"There is no savepoint operation with triggerId={trigger} for job {job_id}."
                ]
            }
        if not operation.done:
            return 200, {"status": {"id": "IN_PROGRESS"}, "operation": None}
        self.results_read = True
        outcome: Json = {"location": operation.location}
        if operation.failure is not None:
            name = "failureCause" if operation.kind == "checkpoint" else "failure-cause"
            outcome = {name: {"class": "x", "stack-trace": operation.failure}}
        return 200, {"status": {"id": "COMPLETED"}, "operation": outcome}

    def _dispose(self, body: Json) -> Reply:
        trigger = f"{next(self._numbers):032x}"
        snapshot = self._storage.snapshots.get(body["savepoint-path"])
        there = snapshot is not None and not snapshot.discarded
        operation = Operation("disposal", self._clock.now(), done=True)
        if there and snapshot is not None:
            snapshot.discarded = True
        else:
            operation.failure = "java.io.FileNotFoundException: Cannot find savepoint"
        self._operations[f"disposal {trigger}"] = operation
        return 200, {"request-id": trigger}

    def _disposal_result(self, trigger: str) -> Reply:
        return self._result("disposal", trigger)

    def _cancel(self, job_id: str) -> Reply:
        job = self.jobs.get(job_id)
        if job is None:
            return no_job(job_id)
        if job.state in ENDED:
            return (409 if self.minor >= (1, 17) else 404), {
                "errors": ["Job cancellation failed because the job has already reached another"]
            }
        job.state, job.fails_over = "CANCELLING", None
        job.ends = (self._clock.now() + 0.05, "CANCELED")
        return 202, {}
