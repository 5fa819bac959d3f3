"""`flink-components` on real jobs: what it prints, and what the next `up` makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.jobs import JobUnderTest

pytestmark = pytest.mark.cluster


def run(job: JobUnderTest, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a person types it, but for the kubeconfig."""
    kubeconfig = str(job.ref.connection.kubeconfig)
    command = [sys.executable, "-m", "flink_components.cli", *arguments]
    return subprocess.run(
        [*command, "--kubeconfig", kubeconfig],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def read(job: JobUnderTest, *arguments: str) -> Any:
    done = run(job, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_job_is_looked_at_saved_suspended_and_goes_on_by_the_next_up(
    any_job: JobUnderTest,
) -> None:
    job, wish = any_job, any_job.wish()
    job.up(wish)
    job.written("v1", 50)

    status = read(job, "status", job.key)
    assert (status["state"], status["flink"], status["job id"]) == (
        "STABLE",
        "RUNNING",
        job.run.job_id,
    )
    assert job.key in [found["key"] for found in read(job, "jobs", "-n", job.ref.namespace)]

    saved = read(job, "savepoint", job.key, "--name", "before-the-sale")
    assert Path(saved["location"].removeprefix("file:"), "_metadata").is_file()
    assert job.state() == "RUNNING"

    suspended = read(job, "suspend", job.key)
    assert job.state() == "FINISHED"
    status = read(job, "status", job.key)
    assert (status["state"], status["restore point"]) == ("SUSPENDED", suspended["location"])

    job.up(wish, wish)
    assert job.run.restored_from == suspended["location"]
    report = job.goes_on()
    assert report.ok, str(report)
    assert [(point["why"], point["name"]) for point in read(job, "history", job.key)] == [
        ("suspended by hand", None),
        ("by hand", "before-the-sale"),
    ]


def test_what_is_printed_for_people_has_the_same_facts(any_job: JobUnderTest) -> None:
    any_job.up(any_job.wish())
    printed = run(any_job, "status", any_job.key).stdout
    facts = {line[:14].strip(): line[15:] for line in printed.splitlines()}
    assert (facts["key"], facts["state"]) == (any_job.key, "STABLE")
    assert facts["managed by"] == "acme/flink/dev"


def test_a_key_that_is_not_there_is_one_line_and_a_failure(any_job: JobUnderTest) -> None:
    namespace = any_job.ref.namespace
    done = run(any_job, "suspend", f"{namespace}/none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"flink-components: there is no job {namespace}/none in namespace {namespace}: "
        f"`flink-components jobs --namespace {namespace}` lists those that there are\n"
    )


def test_a_kubeconfig_that_is_not_there_is_one_line_and_a_failure() -> None:
    command = [sys.executable, "-m", "flink_components.cli", "status", "a/b"]
    done = subprocess.run(
        [*command, "--kubeconfig", "/nowhere/config"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin"},
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("flink-components: the kubeconfig /nowhere/config can't be used")
