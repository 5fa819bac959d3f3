"""The API server is away for a minute, in the middle of an upgrade.

It is the one of the machine's node, so no test that needs the node runs beside.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flink_components.lifecycle.session_job import ensure
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Phase
from sandbox.images import DEFAULT_VERSIONS
from sandbox.node import layout, lifecycle, processes
from sandbox.paths import KUBECONFIG
from tests.lifecycle.conftest import CONFIG
from tests.lifecycle.jobs import JobUnderTest, local_ref
from tests.lifecycle.kubernetes import Kubernetes
from tests.local_flink import LocalFlink

pytestmark = [pytest.mark.cluster, pytest.mark.node_lifecycle]

AWAY_SECONDS = 60.0
NAMESPACE = "test-api-server-away"


@pytest.fixture(scope="module")
def kubernetes(restarts_done: Path) -> Iterator[Kubernetes]:
    lifecycle.up(DEFAULT_VERSIONS)
    with Kubernetes(str(KUBECONFIG)).namespace(NAMESPACE) as made:
        yield made


class Absence:
    """The API server stands still once the row of a job says these words, for a minute."""

    def __init__(self, words: str) -> None:
        self.came = False
        self._words = words
        self._end = threading.Timer(AWAY_SECONDS, _signal, [signal.SIGCONT])

    def say(self, text: str) -> None:
        if self._words in text and not self.came:
            self.came = True
            _signal(signal.SIGSTOP)
            self._end.start()


def _signal(number: signal.Signals) -> None:
    record = processes.Records(layout.PROCESSES).running()["kube-apiserver"]
    os.kill(record.pid, number)


def test_an_upgrade_waits_for_it_and_is_done(kubernetes: Kubernetes, tmp_path: Path) -> None:
    with LocalFlink(DEFAULT_VERSIONS[-1], tmp_path / "flink", config=CONFIG) as flink:
        ref = local_ref(flink, kubernetes, NAMESPACE)
        job = JobUnderTest("lonely", ref, tmp_path / "output", tmp_path / "savepoints")
        first, second = job.wish(), job.wish("stateful-v2")
        job.up(first)
        job.written("v1", 50)

        absence = Absence("with a savepoint")
        ensure(Workshop(job.access, say=absence.say), second, first)

        assert absence.came
        assert (job.record.phase, job.run.revision) == (Phase.STABLE, 2)
        running = [one.id for one in job.flink.jobs() if one.state == "RUNNING"]
        assert running == [job.run.job_id]
        report = job.goes_on("v2")
        assert report.ok, str(report)
