"""The reason in a Java stack trace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_components.flink.errors import cause_in_log, root_cause


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no reason given"),
        ("   \n", "no reason given"),
        ("Not found: /jobs/x", "Not found: /jobs/x"),
        ("java.lang.NullPointerException", "NullPointerException"),
        ("java.lang.NullPointerException:", "NullPointerException"),
        ("org.apache.flink.util.FlinkException: no  slots", "FlinkException: no slots"),
        ("org.acme.Outer$Inner: x", "Outer$Inner: x"),
        (
            "java.util.concurrent.CompletionException: java.io.IOException: disk",
            "IOException: disk",
        ),
        ("a.b.First: 1\n\tat x\nCaused by: a.b.Second: 2\n\t... 3 more", "Second: 2"),
        (
            "a.b.First: 1\nCaused by: a.b.Second: 2\n  Caused by: a.b.Third: 3\n",
            "Third: 3",
        ),
        ("<Exception on server side:\na.b.First: 1\nEnd of exception on server side>", "First: 1"),
        (
            "Internal server error.\n<Exception on server side:\na.b.First: 1\n\tat x\n",
            "First: 1",
        ),
        ("Internal server error.", "Internal server error."),
        ("a.b.First: 1\r\nCaused by: a.b.Second: 2\r\n", "Second: 2"),
        (
            'Unrecognized field "x" (class a.B)',
            'Unrecognized field "x" (class a.B)',
        ),
    ],
)
def test_the_innermost_reason_in_one_line(text: str, expected: str) -> None:
    assert root_cause(text) == expected


@given(st.text(max_size=200))
def test_any_text_gives_one_line_that_says_something(text: str) -> None:
    found = root_cause(text)
    assert found
    assert len(found.splitlines()) == 1


messages = st.text("abcdefg 123", min_size=1, max_size=20).filter(str.strip)


@given(st.lists(messages, min_size=1, max_size=5))
def test_the_last_cause_is_found_however_deep(reasons: list[str]) -> None:
    lines = [f"org.acme.E{n}: {reason}\n\tat x.Y(Z.java:1)" for n, reason in enumerate(reasons)]
    trace = "\nCaused by: ".join(lines)
    assert root_cause(trace) == f"E{len(reasons) - 1}: {' '.join(reasons[-1].split())}"


STARTS = "2027-01-15 08:00:00,000 INFO  org.apache.flink.X [] - Starting.\n"
HARMLESS = (
    "2027-01-15 08:00:00,100 WARN  org.apache.flink.X [] - No such host.\n"
    "java.net.UnknownHostException: x\nCaused by: java.net.UnknownHostException: harmless\n"
)
FATAL = (
    "2027-01-15 08:00:01,000 ERROR org.apache.flink.runtime.entrypoint.ClusterEntrypoint [] - "
    "Fatal error occurred in the cluster entrypoint.\n"
)
TRACE = (
    "java.util.concurrent.CompletionException: x.Application: Could not execute application.\n"
    "\tat java.base/x.y(Z.java:1)\n"
    "Caused by: x.JobInitializationException: Could not start the JobMaster.\n\t... 8 more\n"
    "Caused by: java.lang.IllegalStateException: Cannot map savepoint state for operator cbc3.\n"
    "\tat org.apache.flink.Y.z(Y.java:1)\n"
)
STOPS = "2027-01-15 08:00:01,200 INFO  org.apache.flink.X [] - Stopped.\n"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", None),
        (STARTS, None),
        (STARTS + HARMLESS + STOPS, "UnknownHostException: harmless"),
        (
            STARTS + FATAL + TRACE + STOPS + HARMLESS,
            "IllegalStateException: Cannot map savepoint state for operator cbc3.",
        ),
        (
            FATAL + "java.lang.OutOfMemoryError: Metaspace\n\tat x\n" + STOPS,
            "OutOfMemoryError: Metaspace",
        ),
        (FATAL + STOPS, None),
    ],
)
def test_what_ended_a_jobmanager_is_read_from_its_log(log: str, expected: str | None) -> None:
    assert cause_in_log(log) == expected
