"""Flink's answers as they were recorded, by call."""

from __future__ import annotations

import threading
from typing import Any

from flink_components.flink.rest import FlinkClient
from tests.unit.doubles.wire import Call, Fault, Wire

BASE = "https://flink.example.org/prefix"
JOB = "5e20cb6b0f357591171dfcca2eea09de"
TRIGGER = "1c9e0000000000000000000000000001"
JAR = "8f1b_job.jar"
RUN = f"POST /jars/{JAR}/run"
ACCEPTED: dict[str, tuple[int, Any]] = {RUN: (200, {"jobid": JOB})}
OVERVIEW = {
    "jobs": [
        {
            "jid": JOB,
            "name": "fraud",
            "state": "RUNNING",
            "start-time": 1,
            "end-time": -1,
            "duration": 5,
            "last-modification": 1,
            "tasks": {"total": 2, "running": 2},
        }
    ]
}


class Recorded:
    """Answers each call with what is written down for it, and keeps the calls."""

    def __init__(self, version: str, answers: dict[str, tuple[int, Any]]) -> None:
        self.answers = answers
        self.wire = Wire(self, threading.RLock())
        self.client = FlinkClient(BASE, self.wire, version, retry_pause=0.0)

    def handle(self, call: Call) -> tuple[int, Any]:
        """The recorded answer."""
        return self.answers[f"{call.method} {call.path.removeprefix('/prefix')}"]

    def later(self, call: Call) -> None:
        """Nothing comes late here."""
        raise AssertionError(call)

    @property
    def calls(self) -> list[Call]:
        """What was asked."""
        return self.wire.calls

    def fail(self, fault: Fault, times: int = 1) -> None:
        """The next calls fail."""
        self.wire.inject(fault, lambda _: True, times)
