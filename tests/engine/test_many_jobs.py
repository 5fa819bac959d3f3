"""Programs with more jobs than the SDK has threads."""

from __future__ import annotations

import os
import threading

import pytest

from examples.jobs.jars import build
from flink_components import SessionJob
from tests.engine.conftest import NewStack

pytestmark = pytest.mark.engine

_MORE_THAN_THREADS = 40


def test_each_job_of_many_has_a_plan(new_stack: NewStack, namespace: str, kubeconfig: str) -> None:
    jar = str(build()["stateful-v1"])
    ref = {
        "key": f"{namespace}/main",
        "namespace": namespace,
        "name": "main",
        "revision": 1,
        "service": "main-r1-rest",
        "flink_version": "1.20.3",
        "connection": {"kubeconfig": kubeconfig, "rest_url": "http://127.0.0.1:9"},
    }

    def program() -> None:
        threading.Timer(60, os._exit, [1]).start()  # a program that hangs would do so for ever
        for number in range(_MORE_THAN_THREADS):
            SessionJob(
                f"job-{number}",
                {"cluster": ref, "jar": jar, "savepoint_dir": "file:///data/savepoints"},
            )

    run = new_stack("many-jobs").preview(program)

    assert run.ok, run.error
    planned = {name for kind, text, name in run.messages if "STARTS" in text}
    assert planned == {f"job-{number}" for number in range(_MORE_THAN_THREADS)}
