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


def test_a_suspended_job_is_resumed_and_the_next_up_leaves_it_alone(any_job: JobUnderTest) -> None:
    job, wish = any_job, any_job.wish()
    job.up(wish)
    job.written("v1", 50)
    suspended = read(job, "suspend", job.key)
    resumed = read(job, "resume", job.key)

    assert (resumed["state"], resumed["restored from"]) == ("STABLE", suspended["location"])
    report = job.goes_on()
    assert report.ok, str(report)
    before = job.run
    assert job.up(wish, wish).run == before
    assert job.state() == "RUNNING"

    refused = run(job, "resume", job.key)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (f"flink-components: {job.key} runs already: revision 1 is RUNNING\n")


def test_a_job_is_resumed_from_an_earlier_savepoint_which_the_next_up_does_not_undo(
    any_job: JobUnderTest,
) -> None:
    job, wish = any_job, any_job.wish()
    job.up(wish)
    job.written("v1", 50)
    saved = read(job, "savepoint", job.key, "--name", "before-the-sale")["location"]
    job.goes_on()
    read(job, "suspend", job.key)

    assert read(job, "resume", job.key, "--from", saved)["restored from"] == saved
    before = job.run.job_id
    job.up(wish, wish)
    assert (job.run.job_id, job.state()) == (before, "RUNNING")
    assert job.flink.checkpoints(before).restored == saved


def test_a_rollback_goes_on_with_the_earlier_program_and_all_the_state(
    any_job: JobUnderTest,
) -> None:
    job = any_job
    first, second = job.wish(parallelism=1), job.wish(parallelism=2)
    job.up(first)
    job.written("v1", 50)
    job.up(second, first)
    job.goes_on()

    done = read(job, "rollback", job.key)
    assert (done["state"], done["revision"]) == ("STABLE", 3)
    assert job.run.fingerprint == first.fingerprint
    report = job.goes_on()
    assert report.ok, str(report)
    assert read(job, "status", job.key)["rolled back"] == "by hand from revision 2"

    again = job.up(second, second).run
    assert again is not None
    assert (again.fingerprint, again.revision) == (second.fingerprint, 4)
    report = job.goes_on()
    assert report.ok, str(report)


def test_a_rollback_that_would_lose_state_leads_back_to_the_present_program_until_that_is_accepted(
    any_job: JobUnderTest,
) -> None:
    job, first = any_job, any_job.wish("stateful-v1")
    job.up(first)
    job.written("v1", 50)
    job.up(job.wish("stateful-v2"), first)
    job.written("v2", 50)

    done = run(job, "rollback", job.key)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("flink-components: ")
    assert "The old revision 2 runs again from file:" in last
    assert (job.record.phase.value, job.state()) == ("ROLLED_BACK", "RUNNING")
    report = job.goes_on("v2")
    assert report.ok, str(report)

    done = read(job, "rollback", job.key, "--accept-loss", "v2 counts in a wrong window")
    assert (done["state"], job.run.fingerprint) == ("STABLE", first.fingerprint)
    assert read(job, "status", job.key)["state lost"][0].endswith(
        " * (rollback from revision 2): v2 counts in a wrong window"
    )
    report = job.goes_on("v1")
    assert report.ok, str(report)


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
