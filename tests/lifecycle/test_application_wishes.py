"""What is asked of an application beside an upgrade: a snapshot that is claimed, a loss that is
accepted, a rollback by hand; on real JobManagers with real guards, whose pods are local processes.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.jobs.jars import build
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.starting_by_hand import rollback_by_hand
from flink_components.plan.record import Record, Run
from sandbox.images import DEFAULT_VERSIONS, distribution
from tests.faults.local_pods import local_pods
from tests.faults.struck_application import StruckApplication
from tests.lifecycle.kubernetes import Kubernetes, until

pytestmark = pytest.mark.cluster

NAMESPACE = f"test-lifecycle-applications-{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
LOSS = {"operator": "uid-largest", "version": "3", "reason": "nobody reads it"}


@pytest.fixture
def app(kubeconfig: str, tmp_path: Path) -> Iterator[StruckApplication]:
    kubernetes, version = Kubernetes(kubeconfig), DEFAULT_VERSIONS[0]
    pods = tmp_path / "pods"
    with local_pods(kubernetes, NAMESPACE, pods, version):
        folder = tmp_path / "app"
        made = StruckApplication("wishes", NAMESPACE, kubeconfig, version, folder, pods)
        made.up(made.program(0))
        made.written("v1", 20)
        yield made


def graph(app: StruckApplication, example: str, folder: Path) -> str:
    """The job graph of a program, made as a build makes it."""
    file = folder / f"{example}.json"
    args = shlex.join(app.program(0).args)
    command = [sys.executable, "-m", "flink_components.cli", "graph", str(build()[example])]
    command += ["-o", str(file), "--flink-home", str(distribution(app.version)), "--args", args]
    subprocess.run(command, check=True, timeout=60)
    return str(file)


def run_of(record: Record) -> Run:
    assert record.run is not None
    return record.run


def test_a_claim_a_loss_and_a_rollback(app: StruckApplication, tmp_path: Path) -> None:
    suspended = app.up(app.program(0, state="suspended"), app.program(0))
    assert suspended.restore is not None
    savepoint = suspended.restore.path
    wishes: dict[str, Any] = {
        "restore_from": savepoint,
        "claim_mode": "CLAIM",
        "job_graph": graph(app, "stateful-v3", tmp_path),
        "version": "3",
    }

    # a program without an operator for some state is refused, and goes on once that is accepted
    with pytest.raises(Refused, match="state would be lost: keep it, or accept each loss by name"):
        app.up(app.program(1, "stateful-v3", **wishes), app.program(0, state="suspended"))
    assert app.running() == []
    record = app.up(app.program(1, "stateful-v3", **wishes, accept=[LOSS]), app.program(0))
    assert [entry.reason for entry in record.accepted] == ["nobody reads it"]
    assert (run_of(record).revision, run_of(record).restored_from) == (2, savepoint)
    assert app.written("v3").ok

    # what was claimed is Flink's own
    metadata = Path(savepoint.removeprefix("file:")) / "_metadata"
    until("its removal by Flink", 30, lambda: not metadata.exists())

    # by hand it goes back to the program before, with the state of the present one
    back = rollback_by_hand(app.shop, app.ledger)
    run = run_of(back)
    assert (run.revision, run.rolled_back_from) == (1, 2)
    assert back.restore is not None
    assert (run.restored_from, back.restore.revision) == (back.restore.path, 2)
    assert app.goes_on("v1").ok
