"""What a client of Flink's REST API does when a call is refused or lost."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.flink.errors import FlinkError, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from tests.unit.doubles.wire import Fault
from tests.unit.flink_rest.recorded import ACCEPTED, BASE, JAR, JOB, OVERVIEW, RUN, Recorded

REFUSED = {
    "errors": [
        "Internal server error.",
        "<Exception on server side:\n"
        "org.apache.flink.client.program.ProgramInvocationException: The main method caused an "
        "error: Failed to execute job 'fraud'.\n\tat org.apache.flink.x.Y.z(Y.java:372)\n"
        "Caused by: java.util.concurrent.ExecutionException: x\n\t... 8 more\n"
        "Caused by: java.io.FileNotFoundException: Cannot find checkpoint or savepoint file "
        "'file:/nowhere'.\n\tat org.apache.flink.x.Y.z(Y.java:1)\n\n"
        "End of exception on server side>",
    ]
}


def test_a_refused_run_says_the_root_cause_in_one_line() -> None:
    with pytest.raises(FlinkError) as error:
        Recorded("1.20.3", {RUN: (400, REFUSED)}).client.run_jar(JAR, JOB, {})
    assert error.value.cause == (
        "FileNotFoundException: Cannot find checkpoint or savepoint file 'file:/nowhere'."
    )
    assert error.value.status == 400


@pytest.mark.parametrize(
    ("trace", "text"),
    [
        (
            "org.apache.pekko.pattern.AskTimeoutException: Ask timed out on [Actor[dispatcher_0]] "
            "after [10000 ms]. Message of type [LocalFencedMessage]. A typical reason is …",
            "AskTimeoutException: Ask timed out on [Actor[dispatcher_0]] after [10000 ms]",
        ),
        (
            "java.util.concurrent.CompletionException: java.util.concurrent.TimeoutException: "
            "Invocation of [DispatcherGateway.submitJob] at recipient [dispatcher_0] timed out. "
            "This is usually caused by: 1) …",
            "TimeoutException: Invocation of [DispatcherGateway.submitJob] at recipient "
            "[dispatcher_0] timed out",
        ),
    ],
)
def test_a_submission_that_flink_gave_no_reply_to_may_still_be_carried_out(
    trace: str, text: str
) -> None:
    errors = ["Internal server error.", f"<Exception on server side:\n{trace}\n\tat x.Y.z(Y.java)"]
    flink = Recorded("2.3.0", {RUN: (500, {"errors": errors})})
    with pytest.raises(FlinkUnreachable) as error:
        flink.client.run_jar(JAR, JOB, {})
    assert str(error.value) == f"Flink is overloaded: {text}"


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST])
def test_a_change_is_sent_once(fault: Fault) -> None:
    flink = Recorded("1.20.3", ACCEPTED)
    flink.fail(fault)
    with pytest.raises(FlinkUnreachable):
        flink.client.run_jar(JAR, JOB, {})
    assert len(flink.calls) == 1


def test_a_read_is_repeated_when_the_connection_breaks() -> None:
    flink = Recorded("1.20.3", {"GET /jobs/overview": (200, OVERVIEW)})
    flink.fail(Fault.REFUSED, times=2)
    assert len(flink.client.jobs()) == 1


def test_a_read_gives_up_after_three_attempts() -> None:
    flink = Recorded("1.20.3", {"GET /jobs/overview": (200, OVERVIEW)})
    flink.fail(Fault.REFUSED, times=9)
    with pytest.raises(FlinkUnreachable, match=r"/prefix does not answer: connection refused$"):
        flink.client.jobs()
    assert len(flink.calls) == 3


def k8s_status(code: int, message: str) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "message": message, "code": code}


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (
            503,
            k8s_status(503, "no endpoints available for service"),
            FlinkUnreachable,
            "Flink can't be reached by the API server's proxy: no endpoints available for service",
        ),
        (
            404,
            k8s_status(404, 'services "etl" not found'),
            FlinkUnreachable,
            "Flink can't be reached by the API server's proxy: services \"etl\" not found",
        ),
        (
            403,
            k8s_status(403, "services is forbidden"),
            FlinkError,
            "the API server refused the way to Flink: services is forbidden",
        ),
        (
            401,
            b"<html>login</html>",
            FlinkError,
            "credentials refused (HTTP 401): mend username and password_env, or bearer_token_env, "
            "of the connection",
        ),
        (502, b"<html>Bad Gateway</html>", FlinkUnreachable, "HTTP 502"),
        (504, b"", FlinkUnreachable, "HTTP 504"),
        (500, b"upstream connect error", FlinkUnreachable, "HTTP 500"),
        (
            200,
            b"<html>Flink</html>",
            FlinkError,
            "unexpected answer (HTTP 200): '<html>Flink</html>'",
        ),
    ],
)
def test_answers_that_are_not_flinks(
    status: int, body: Any, kind: type[FlinkError], text: str
) -> None:
    flink = Recorded("1.20.3", {RUN: (status, body)})
    with pytest.raises(FlinkError) as error:
        flink.client.run_jar(JAR, JOB, {})
    assert type(error.value) is kind
    assert str(error.value) == text
    assert error.value.status == status


def test_a_base_url_may_end_in_a_slash() -> None:
    answers = {"GET /jars": (200, {"files": [{"id": JAR, "name": "job.jar"}]})}
    flink = Recorded("1.20.3", answers)
    assert FlinkClient(f"{BASE}/", flink.wire, "1.20.3").jars() == [JAR]


def test_a_version_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"Flink 1.12.0 is not one of 1.13, "):
        Recorded("1.12.0", {})
