"""State that a new program would lose, by its real job graph and a real job's checkpoint."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.planning import plan
from sandbox.images import distribution
from tests.lifecycle.jobs import JobUnderTest

pytestmark = pytest.mark.cluster


def with_graph(job: JobUnderTest, jar: str, folder: Path) -> dict[str, Any]:
    """The declaration of a program with its job graph, made as a build makes it."""
    wish, file = job.wish(jar), folder / f"{jar}.json"
    home = distribution(job.ref.flink_version)
    command = [sys.executable, "-m", "flink_components.cli", "graph", wish.spec.jar, "-o", file]
    command += ["--flink-home", home, "--args", shlex.join(wish.spec.args)]
    subprocess.run(command, check=True, timeout=60)
    return {"jar": wish.spec.jar, "job_graph": str(file)}


def test_lost_state_is_refused_and_left_behind_once_it_is_accepted(
    any_job: JobUnderTest, tmp_path: Path
) -> None:
    job = any_job
    first = job.wish("stateful-v1")
    job.up(first)
    job.written()
    before = {**first.spec.model_dump(mode="json"), "jar_content": first.content}

    same = plan(job.shop, job.wish(**with_graph(job, "stateful-v2", tmp_path)), before)
    assert same.state is not None
    assert same.state.text().startswith("    state     FULL: 4 of 4 stateful operators")

    jars = job.flink.jars()
    asked = plan(job.shop, job.wish("stateful-v2", preview_graph="cluster"), before)
    assert asked.state is not None
    # The plans of a cluster tell names, and no uids.
    ids = [{one.id for one in state.verdict.matched} for state in (same.state, asked.state)]
    assert ids[0] == ids[1]
    assert "    graph     from the cluster: its JobManager had the jar" in asked.text()
    assert job.flink.jars() == jars

    lossy = with_graph(job, "stateful-v3", tmp_path)
    refused = plan(job.shop, job.wish(**lossy, version="3"), before)
    assert refused.state is not None
    assert refused.state.text().startswith("    state     PARTIAL: 3 of 4 stateful operators")
    runs = job.run
    with pytest.raises(Refused, match="state would be lost"):
        job.up(job.wish(**lossy, version="3"), first)
    assert (job.run, job.state()) == (runs, "RUNNING")

    loss = {"operator": "uid-largest", "version": "3", "reason": "nobody reads it"}
    record = job.up(job.wish(**lossy, version="3", accept=[loss]), first)
    job.written("v3", 20)
    assert record.run is not None
    assert record.run.restored_from is not None
    assert [entry.reason for entry in record.accepted] == ["nobody reads it"]
