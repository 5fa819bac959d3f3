"""The calls that are made to Flink's REST API, by version, and its answers as values."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from flink_components.flink.answers import (
    Checkpoint,
    CheckpointConfig,
    Cluster,
    JobStatus,
    TriggerResult,
)
from flink_components.flink.errors import FlinkError, FlinkNotFound
from tests.unit.flink_rest.recorded import (
    ACCEPTED,
    JAR,
    JOB,
    OVERVIEW,
    TRIGGER,
    Recorded,
)

VERSIONS = ["1.13.6", "1.15.4", "1.16.3", "1.17.2", "1.18.1", "1.19.1", "1.20.3", "2.3.0"]


def test_the_cluster() -> None:
    flink = Recorded(
        "1.20.3",
        {
            "GET /overview": (
                200,
                {
                    "taskmanagers": 2,
                    "slots-total": 4,
                    "slots-available": 1,
                    "jobs-running": 1,
                    "jobs-finished": 0,
                    "jobs-cancelled": 0,
                    "jobs-failed": 0,
                    "flink-version": "1.20.3",
                    "flink-commit": "b1fe7b4",
                },
            )
        },
    )
    assert flink.client.cluster() == Cluster("1.20.3", 2, 4, 1)


def test_the_configuration_of_the_job_manager() -> None:
    answer = [{"key": "rest.port", "value": "8081"}, {"key": "blob.server.port", "value": "6124"}]
    flink = Recorded("1.20.3", {"GET /jobmanager/config": (200, answer)})
    assert flink.client.cluster_config() == {"rest.port": "8081", "blob.server.port": "6124"}


def test_for_how_long_flink_answers_from_its_cache() -> None:
    answer = {"refresh-interval": 200, "timezone-name": "UTC", "flink-version": "1.20.3"}
    assert Recorded("1.20.3", {"GET /config": (200, answer)}).client.refresh_interval() == 0.2
    assert Recorded("1.20.3", {"GET /config": (200, {})}).client.refresh_interval() == 3.0


def test_the_slots_that_a_job_holds() -> None:
    answers: dict[str, tuple[int, Any]] = {
        "GET /taskmanagers": (
            200,
            {
                "taskmanagers": [
                    {"id": "10.0.0.1:4-a", "slotsNumber": 2, "freeSlots": 0},
                    {"id": "10.0.0.2:4-b", "slotsNumber": 2, "freeSlots": 2},
                ]
            },
        ),
        "GET /taskmanagers/10.0.0.1:4-a": (
            200,
            {"allocatedSlots": [{"jobId": JOB, "resource": {}}, {"jobId": "0" * 32}]},
        ),
    }
    assert Recorded("1.20.3", answers).client.slots_held(JOB) == 1


RUN_FIELDS = {
    "1.13.6": {},
    "1.15.4": {"restoreMode": "NO_CLAIM"},
    "1.16.3": {"restoreMode": "NO_CLAIM"},
    "1.17.2": {"restoreMode": "NO_CLAIM"},
    "1.18.1": {"restoreMode": "NO_CLAIM"},
    "1.19.1": {"restoreMode": "NO_CLAIM"},
    "1.20.3": {"claimMode": "NO_CLAIM"},
    "2.3.0": {"claimMode": "NO_CLAIM"},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_from_a_savepoint(version: str) -> None:
    flink = Recorded(version, ACCEPTED)
    program = {"entry_class": "org.acme.Job", "args": ["--a", "b"], "parallelism": 2, "config": {}}
    flink.client.run_jar(JAR, JOB, program, "s3://b/savepoint-1")
    assert flink.calls[0].body == {
        "entryClass": "org.acme.Job",
        "programArgsList": ["--a", "b"],
        "parallelism": 2,
        "jobId": JOB,
        "savepointPath": "s3://b/savepoint-1",
        "allowNonRestoredState": False,
        **RUN_FIELDS[version],
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_an_empty_run_says_nothing_that_was_not_declared(version: str) -> None:
    flink = Recorded(version, ACCEPTED)
    flink.client.run_jar(
        JAR, JOB, {"entry_class": None, "args": [], "parallelism": None, "config": {}}
    )
    assert flink.calls[0].body == {"jobId": JOB}


@pytest.mark.parametrize("version", ["1.17.2", "1.20.3", "2.3.0"])
def test_a_configuration_of_the_job_alone(version: str) -> None:
    flink = Recorded(version, ACCEPTED)
    flink.client.run_jar(JAR, JOB, {"config": {"state.backend.type": "rocksdb"}})
    assert flink.calls[0].body["flinkConfiguration"] == {"state.backend.type": "rocksdb"}


@pytest.mark.parametrize("version", ["1.13.6", "1.15.4", "1.16.3"])
def test_a_configuration_of_the_job_alone_is_refused_before_1_17(version: str) -> None:
    flink = Recorded(version, ACCEPTED)
    with pytest.raises(FlinkError, match=f"needs Flink 1.17 or later, .* runs {version}: put it"):
        flink.client.run_jar(JAR, JOB, {"config": {"a": "b"}})
    assert flink.calls == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("native", [True, False])
def test_a_stop(version: str, native: bool) -> None:
    flink = Recorded(version, {f"POST /jobs/{JOB}/stop": (202, {"request-id": TRIGGER})})
    assert flink.client.stop(JOB, "s3://b/s", TRIGGER, drain=True, native=native) == TRIGGER
    since_1_15 = {"triggerId": TRIGGER, "formatType": "NATIVE" if native else "CANONICAL"}
    assert flink.calls[0].body == {
        "targetDirectory": "s3://b/s",
        "drain": True,
        **({} if version == "1.13.6" else since_1_15),
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_savepoint_spells_its_directory_otherwise_than_a_stop(version: str) -> None:
    flink = Recorded(version, {f"POST /jobs/{JOB}/savepoints": (202, {"request-id": TRIGGER})})
    flink.client.savepoint(JOB, "s3://b/s", TRIGGER)
    since_1_15 = {"triggerId": TRIGGER, "formatType": "NATIVE"}
    assert flink.calls[0].body == {
        "target-directory": "s3://b/s",
        "cancel-job": False,
        **({} if version == "1.13.6" else since_1_15),
    }


@pytest.mark.parametrize(
    ("version", "can"), [("1.13.6", False), ("1.16.3", False), ("1.17.2", True), ("2.3.0", True)]
)
def test_which_versions_can_be_asked_for_a_checkpoint(version: str, can: bool) -> None:
    assert Recorded(version, {}).client.can_trigger_checkpoints is can


def test_a_checkpoint_is_asked_for_by_a_trigger_id() -> None:
    flink = Recorded("1.20.3", {f"POST /jobs/{JOB}/checkpoints": (202, {"request-id": TRIGGER})})
    flink.client.checkpoint(JOB, TRIGGER)
    assert flink.calls[0].body == {"checkpointType": "CONFIGURED", "triggerId": TRIGGER}


IN_PROGRESS = {"status": {"id": "IN_PROGRESS"}, "operation": None}
DONE = {
    "status": {"id": "COMPLETED"},
    "operation": {"location": "file:/s/savepoint-5e20cb-c3a1"},
}
FAILED = {
    "status": {"id": "COMPLETED"},
    "operation": {
        "failure-cause": {
            "class": "java.util.concurrent.CompletionException",
            "stack-trace": "java.util.concurrent.CompletionException: "
            "org.apache.flink.runtime.checkpoint.CheckpointException: Some tasks\n"
            "\tat java.base/x.y(Z.java:1)\n"
            "Caused by: java.io.IOException: Permission denied\n\t... 3 more\n",
            "serialized-throwable": "rO0ABXNy",
        }
    },
}
FAILED_CHECKPOINT = {
    "status": {"id": "COMPLETED"},
    "operation": {
        "failureCause": {
            "class": "java.util.concurrent.CompletionException",
            "stack-trace": "java.util.concurrent.CompletionException: "
            "org.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint triggering task "
            "Source: source (1/1) of job 0 is not being executed at the moment.\n\t... 3 more\n",
        }
    },
}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (IN_PROGRESS, TriggerResult(done=False)),
        (DONE, TriggerResult(done=True, location="file:/s/savepoint-5e20cb-c3a1")),
        (FAILED, TriggerResult(done=True, failure="IOException: Permission denied")),
        (
            FAILED_CHECKPOINT,
            TriggerResult(
                done=True,
                failure="CheckpointException: Checkpoint triggering task Source: source (1/1) of "
                "job 0 is not being executed at the moment.",
            ),
        ),
    ],
)
def test_the_result_of_a_savepoint(answer: Any, expected: TriggerResult) -> None:
    flink = Recorded("1.20.3", {f"GET /jobs/{JOB}/savepoints/{TRIGGER}": (200, answer)})
    assert flink.client.savepoint_result(JOB, TRIGGER) == expected


def test_a_trigger_that_flink_does_not_know() -> None:
    text = (
        "org.apache.flink.runtime.rest.handler.RestHandlerException: There is no savepoint "
        f"operation with triggerId={TRIGGER} for job {JOB}."
    )
    answers = {f"GET /jobs/{JOB}/savepoints/{TRIGGER}": (404, {"errors": [text]})}
    with pytest.raises(FlinkNotFound, match=r"^RestHandlerException: There is no savepoint"):
        Recorded("1.20.3", answers).client.savepoint_result(JOB, TRIGGER)


def test_all_jobs() -> None:
    flink = Recorded("2.3.0", {"GET /jobs/overview": (200, OVERVIEW)})
    assert flink.client.jobs() == [JobStatus(JOB, "fraud", "RUNNING", 2, 2)]


@pytest.mark.parametrize(
    ("state", "tasks", "runs"),
    [
        ("RUNNING", (4, 4, 0), True),
        ("RUNNING", (4, 3, 1), True),
        ("RUNNING", (4, 3, 0), False),
        ("RUNNING", (0, 0, 0), False),
        ("FAILING", (4, 4, 0), False),
    ],
)
def test_all_tasks_of_a_job_run_where_each_does_or_has_finished(
    state: str, tasks: tuple[int, int, int], runs: bool
) -> None:
    assert JobStatus(JOB, "fraud", state, *tasks).all_running is runs


@pytest.mark.parametrize("version", ["1.16.3", "1.17.2", "1.20.3", "2.3.0"])
def test_the_state_of_a_job_is_asked_for_where_it_is_not_cached(version: str) -> None:
    flink = Recorded(version, {f"GET /jobs/{JOB}/status": (200, {"status": "RUNNING"})})
    assert flink.client.status(JOB) == "RUNNING"


@pytest.mark.parametrize("version", ["1.13.6", "1.15.4"])
def test_before_1_16_the_state_of_a_job_comes_from_the_overview(version: str) -> None:
    flink = Recorded(version, {"GET /jobs/overview": (200, OVERVIEW)})
    assert flink.client.status(JOB) == "RUNNING"
    with pytest.raises(FlinkNotFound):
        flink.client.status("0" * 32)


TRACE = (
    "org.apache.flink.runtime.JobException: Recovery is suppressed\n\tat x.y(Z.java:1)\n"
    "Caused by: java.lang.IllegalStateException: topic is gone\n\tat org.acme.Map.map(M.java:9)\n"
)
ENTRY = {
    "exceptionName": "org.apache.flink.runtime.JobException",
    "stacktrace": TRACE,
    "timestamp": 9,
}
OLD_SHAPE = {
    "root-exception": TRACE,
    "timestamp": 9,
    "all-exceptions": [{"exception": TRACE, "task": "map", "location": "x:1", "timestamp": 9}],
    "truncated": False,
}


@pytest.mark.parametrize(
    "answer",
    [
        {**OLD_SHAPE, "exceptionHistory": {"entries": [ENTRY], "truncated": False}},
        {**OLD_SHAPE, "exceptionHistory": {"entries": [], "truncated": False}},
        {"exceptionHistory": {"entries": [ENTRY], "truncated": False}},
    ],
    ids=["up to 1.20", "without a history", "2.x"],
)
def test_the_root_cause_of_a_jobs_failure(answer: Any) -> None:
    flink = Recorded("1.20.3", {f"GET /jobs/{JOB}/exceptions": (200, answer)})
    assert flink.client.failure(JOB) == "IllegalStateException: topic is gone"


def test_a_job_that_has_not_failed_has_no_root_cause() -> None:
    answer = {"exceptionHistory": {"entries": [], "truncated": False}}
    flink = Recorded("2.3.0", {f"GET /jobs/{JOB}/exceptions": (200, answer)})
    assert flink.client.failure(JOB) is None


def test_the_checkpoints_of_a_job() -> None:
    completed = {
        "className": "completed",
        "id": 12,
        "status": "COMPLETED",
        "is_savepoint": False,
        "trigger_timestamp": 1700000000000,
        "latest_ack_timestamp": 1700000000100,
        "state_size": 4096,
        "external_path": f"file:/c/{JOB}/chk-12",
        "discarded": False,
    }
    answer = {
        "counts": {"restored": 1, "total": 12, "in_progress": 0, "completed": 12, "failed": 0},
        "summary": {},
        "latest": {
            "completed": completed,
            "savepoint": None,
            "failed": None,
            "restored": {
                "id": 3,
                "restore_timestamp": 1,
                "is_savepoint": True,
                "external_path": "file:/s/savepoint-1",
            },
        },
        "history": [completed],
    }
    flink = Recorded("1.20.3", {f"GET /jobs/{JOB}/checkpoints": (200, answer)})
    found = flink.client.checkpoints(JOB)
    newest = Checkpoint(12, f"file:/c/{JOB}/chk-12", False, 1700000000000, 4096)
    assert (found.count, found.completed, found.newest, found.savepoint, found.restored) == (
        12,
        newest,
        newest,
        None,
        "file:/s/savepoint-1",
    )


@pytest.mark.parametrize(
    ("interval", "externalization", "expected"),
    [
        (
            60000,
            {"enabled": True, "delete_on_cancellation": False},
            CheckpointConfig(60000, True),
        ),
        (60000, {"enabled": True, "delete_on_cancellation": True}, CheckpointConfig(60000, False)),
        (60000, {"enabled": False, "delete_on_cancellation": True}, CheckpointConfig(60000, False)),
        (
            9223372036854775807,
            {"enabled": False, "delete_on_cancellation": True},
            CheckpointConfig(None, False),
        ),
    ],
)
def test_how_a_job_makes_checkpoints(
    interval: int, externalization: dict[str, bool], expected: CheckpointConfig
) -> None:
    answer = {"mode": "exactly_once", "interval": interval, "externalization": externalization}
    flink = Recorded("1.20.3", {f"GET /jobs/{JOB}/checkpoints/config": (200, answer)})
    assert flink.client.checkpoint_config(JOB) == expected


@pytest.mark.parametrize("status", [404, 409])
def test_cancelling_a_job_that_has_ended_is_no_error(status: int) -> None:
    answers = {f"PATCH /jobs/{JOB}": (status, {"errors": ["Job cancellation failed"]})}
    flink = Recorded("1.20.3", answers)
    flink.client.cancel(JOB)
    assert flink.calls[0].query == "mode=cancel"


def test_uploading_a_jar_streams_it_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "job.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.class", "x" * 1000)
    location = f"/tmp/flink-web-1/flink-web-upload/{JAR}"
    flink = Recorded("1.20.3", {"POST /jars/upload": (200, {"filename": location})})
    assert flink.client.upload_jar(path, "fc-1.jar") == JAR
    body = flink.calls[0].body
    assert b'name="jarfile"; filename="fc-1.jar"' in body
    assert path.read_bytes() in body


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}),
        (400, {"errors": ["File 8f1b_job.jar does not exist in /tmp/flink-web-upload."]}),
        (404, {"errors": ["no such jar"]}),
    ],
)
def test_deleting_a_jar_that_is_not_there_is_no_error(answer: tuple[int, Any]) -> None:
    Recorded("1.20.3", {f"DELETE /jars/{JAR}": answer}).client.delete_jar(JAR)


def test_deleting_a_jar_can_fail() -> None:
    answers = {f"DELETE /jars/{JAR}": (500, {"errors": ["Caused by: java.io.IOException: disk"]})}
    with pytest.raises(FlinkError, match=r"^IOException: disk$"):
        Recorded("1.20.3", answers).client.delete_jar(JAR)


def test_a_plan_runs_main_and_submits_nothing() -> None:
    flink = Recorded("1.20.3", {f"POST /jars/{JAR}/plan": (200, {"plan": {"nodes": [1]}})})
    assert flink.client.plan_jar(JAR, {"entry_class": "org.acme.Job"}) == {"nodes": [1]}
    assert flink.calls[0].body == {"entryClass": "org.acme.Job"}


DISPOSAL = {"savepoint-path": "file:/s/savepoint-1"}


def test_a_disposal_names_the_savepoint() -> None:
    flink = Recorded("1.20.3", {"POST /savepoint-disposal": (200, {"request-id": TRIGGER})})
    assert flink.client.dispose("file:/s/savepoint-1") == TRIGGER
    assert flink.calls[0].body == DISPOSAL


def test_the_result_of_a_disposal() -> None:
    answer = {"status": {"id": "COMPLETED"}, "operation": {}}
    flink = Recorded("1.20.3", {f"GET /savepoint-disposal/{TRIGGER}": (200, answer)})
    assert flink.client.disposal_result(TRIGGER) == TriggerResult(done=True)


REQUIREMENTS = f"/jobs/{JOB}/resource-requirements"
NOT_ADAPTIVE = {
    "errors": [
        "Internal server error.",
        "<Exception on server side:\njava.util.concurrent.CompletionException: "
        "java.lang.UnsupportedOperationException: not supported\n\tat X.x(X.java:1)\n"
        "Caused by: java.lang.UnsupportedOperationException: not supported\n"
        "End of exception on server side>",
    ]
}


def test_the_bounds_of_each_vertex() -> None:
    body = {"a1": {"parallelism": {"lowerBound": 1, "upperBound": 4}}}
    flink = Recorded("1.18", {f"GET {REQUIREMENTS}": (200, body)})
    assert flink.client.requirements(JOB) == {"a1": (1, 4)}


def test_without_the_adaptive_scheduler_there_are_no_bounds() -> None:
    flink = Recorded("2.3", {f"GET {REQUIREMENTS}": (500, NOT_ADAPTIVE)})
    assert flink.client.requirements(JOB) is None


def test_another_error_is_not_taken_for_a_scheduler_that_can_not() -> None:
    flink = Recorded("2.3", {f"GET {REQUIREMENTS}": (500, {"errors": ["Caused by: x.Boom: 1"]})})
    with pytest.raises(FlinkError, match=r"^Boom: 1$"):
        flink.client.requirements(JOB)


def test_before_1_18_nobody_is_asked_for_bounds() -> None:
    flink = Recorded("1.17", {})
    assert flink.client.requirements(JOB) is None
    assert flink.calls == []


def test_other_bounds_are_asked_for() -> None:
    flink = Recorded("1.20", {f"PUT {REQUIREMENTS}": (200, {})})
    flink.client.require(JOB, {"a1": (4, 4), "b2": (1, 1)})
    assert flink.calls[0].body == {
        "a1": {"parallelism": {"lowerBound": 4, "upperBound": 4}},
        "b2": {"parallelism": {"lowerBound": 1, "upperBound": 1}},
    }
