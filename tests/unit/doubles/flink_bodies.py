"""Answers of Flink's REST API as a fake one gives them, and which method gives which."""

from __future__ import annotations

from typing import Any

from tests.unit.doubles.flink_jobs import FakeJob, Snapshot

Json = dict[str, Any]
Reply = tuple[int, Any]


def entry(snapshot: Snapshot) -> Json:
    return {
        "id": snapshot.number,
        "status": "COMPLETED",
        "is_savepoint": snapshot.savepoint,
        "trigger_timestamp": int(snapshot.at * 1000),
        "state_size": 1000 + snapshot.events,
        "external_path": snapshot.path,
        "discarded": snapshot.discarded,
    }


def no_job(job_id: str) -> Reply:
    return 404, {
        "errors": [
            "org.apache.flink.runtime.rest.handler.RestHandlerException: "
            f"org.apache.flink.runtime.messages.FlinkJobNotFoundException: "
            f"Could not find Flink job ({job_id})"
        ]
    }


def not_adaptive() -> Json:
    return {
        "errors": [
            "Internal server error.",
            "<Exception on server side:\n"
            "java.util.concurrent.CompletionException: java.lang.UnsupportedOperationException\n"
            "\tat org.apache.flink.X.run(X.java:1)\n"
            "Caused by: java.lang.UnsupportedOperationException: The selected scheduler does not "
            "support changing the parallelism without a job restart.\n"
            "\tat org.apache.flink.Y.run(Y.java:1)\n\nEnd of exception on server side>",
        ]
    }


def vertex_body(job: FakeJob, vertex: str, parallelism: int) -> Json:
    missing = job.behaviour.slots_missing
    running = job.state == "RUNNING"
    tasks = {"SCHEDULED": missing if running else 0, "FINISHED": 0, "CANCELED": 0}
    tasks["RUNNING"] = parallelism - min(missing, parallelism) if running else 0
    tasks["FINISHED"] = parallelism if job.state == "FINISHED" else 0
    return {
        "id": vertex,
        "parallelism": parallelism,
        "maxParallelism": job.behaviour.highest,
        "status": job.state,
        "tasks": tasks,
    }


def job_row(job: FakeJob, vertices: list[Json]) -> Json:
    """One of `GET /jobs/overview`."""
    counts: dict[str, int] = dict.fromkeys(("total", "scheduled", "running", "finished"), 0)
    for vertex in vertices:
        counts["total"] += vertex["parallelism"]
        for name, count in vertex["tasks"].items():
            counts[name.lower()] = counts.get(name.lower(), 0) + count
    return {"jid": job.id, "name": job.entry_class, "state": job.state, "tasks": counts}


def failed_program(reason: str) -> Json:
    return {
        "errors": [
            "Internal server error.",
            "<Exception on server side:\n"
            "org.apache.flink.client.program.ProgramInvocationException: Could not execute\n"
            "\tat org.apache.flink.X.run(X.java:1)\n"
            f"Caused by: {reason}\n\tat org.acme.Job.main(Job.java:1)\n\n"
            "End of exception on server side>",
        ]
    }


ALWAYS = (1, 0)
FIELDS: dict[str, dict[str, tuple[int, int]]] = {
    "run": {
        "entryClass": ALWAYS,
        "programArgsList": ALWAYS,
        "parallelism": ALWAYS,
        "jobId": ALWAYS,
        "allowNonRestoredState": ALWAYS,
        "savepointPath": ALWAYS,
        "restoreMode": (1, 15),
        "flinkConfiguration": (1, 17),
        "claimMode": (1, 20),
    },
    "stop": {
        "targetDirectory": ALWAYS,
        "drain": ALWAYS,
        "formatType": (1, 15),
        "triggerId": (1, 15),
    },
}
ROUTES = (
    (r"GET /overview", "_overview"),
    (r"GET /config", "_config"),
    (r"GET /jobmanager/config", "_jobmanager_config"),
    (r"GET /jars", "_list_jars"),
    (r"POST /jars/upload", "_upload"),
    (r"DELETE /jars/([^/]+)", "_delete_jar"),
    (r"POST /jars/([^/]+)/plan", "_plan"),
    (r"POST /jars/([^/]+)/run", "_run"),
    (r"GET /jobs/overview", "_jobs_overview"),
    (r"GET /jobs/([0-9a-f]{32})/status", "_status"),
    (r"GET /jobs/([0-9a-f]{32})", "_job"),
    (r"GET /jobs/([0-9a-f]{32})/resource-requirements", "_requirements"),
    (r"PUT /jobs/([0-9a-f]{32})/resource-requirements", "_require"),
    (r"GET /jobs/([0-9a-f]{32})/exceptions", "_exceptions"),
    (r"GET /jobs/([0-9a-f]{32})/checkpoints", "_checkpoints"),
    (r"GET /jobs/([0-9a-f]{32})/checkpoints/config", "_checkpoint_config"),
    (r"POST /jobs/([0-9a-f]{32})/stop", "_stop"),
    (r"POST /savepoint-disposal", "_dispose"),
    (r"GET /savepoint-disposal/([0-9a-f]{32})", "_disposal_result"),
    (r"POST /jobs/([0-9a-f]{32})/savepoints", "_savepoint"),
    (r"POST /jobs/([0-9a-f]{32})/checkpoints", "_trigger_checkpoint"),
    (r"GET /jobs/([0-9a-f]{32})/(?:savepoints|checkpoints)/([0-9a-f]{32})", "_result"),
    (r"PATCH /jobs/([0-9a-f]{32})", "_cancel"),
)
