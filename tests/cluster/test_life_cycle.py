"""A job is saved, suspended, resumed and restarted by `pulumi up`, and its output stays exact."""

from __future__ import annotations

import pulumi
import pytest

from flink_components import SavepointSnapshot, SessionJob
from flink_components.lifecycle.history import book_of
from tests.cluster.session import StackOfJob
from tests.conformance.lab import Program
from tests.conformance.lab import Run as EngineRun

pytestmark = [pytest.mark.cluster, pytest.mark.engine]


def program(job: StackOfJob, snapshot: bool = True, **changes: object) -> Program:
    def declare() -> None:
        made = SessionJob(job.name, job.values(**changes))  # type: ignore[arg-type]
        pulumi.export("state", made.state)
        pulumi.export("reason", made.state_reason)
        pulumi.export("since", made.state_since)
        pulumi.export("restored_from", made.restored_from)
        if snapshot:
            taken = SavepointSnapshot("before-the-sale", {"job": made})
            pulumi.export("location", taken.location)

    return declare


def up(job: StackOfJob, **changes: object) -> EngineRun:
    run = job.stack.up(program(job, **changes))  # type: ignore[arg-type]
    assert run.ok, run.error
    return run


def test_it_is_saved_suspended_resumed_and_restarted_with_its_state(job: StackOfJob) -> None:
    first = up(job)
    job.written("v1", 50)
    assert (first.outputs["state"], job.state()) == ("STABLE", "RUNNING")
    assert (first.outputs["reason"], first.outputs["since"][-1]) == ("", "Z")
    assert job.stack.preview(program(job)).changes() == {}

    preview = job.stack.preview(program(job, state="suspended"))
    said = "\n".join(text for _, text, _ in preview.messages)
    assert "IS SUSPENDED WITH A SAVEPOINT" in said
    suspended = up(job, state="suspended")
    assert (suspended.outputs["state"], job.state()) == ("SUSPENDED", "FINISHED")
    assert suspended.outputs["location"] == first.outputs["location"]
    assert suspended.outputs["since"] > first.outputs["since"]
    refreshed = job.stack.refresh()
    assert refreshed.result(f"{job.name}-job").outputs["drift"] == "none"
    assert job.stack.preview(program(job, state="suspended")).changes() == {}

    resumed = up(job)
    point = book_of(job.ledger).read().points[-1]
    assert (point.why, resumed.outputs["restored_from"]) == ("suspended", point.path)
    job.goes_on("v1")

    restarted = up(job, restart="tuesday")
    assert restarted.outputs["restored_from"] != resumed.outputs["restored_from"]
    assert job.job.revision == 1
    report = job.goes_on("v1")
    assert report.ok, str(report)
    assert [point.why for point in book_of(job.ledger).read().points] == [
        "asked for",
        "suspended",
        "before revision 1",
    ]


def test_another_job_starts_from_a_snapshot_of_the_first(job: StackOfJob) -> None:
    taken = up(job).outputs["location"]
    assert job.stack.up(program(job, snapshot=False)).ok
    started = up(job, snapshot=False, restore_from=taken)
    assert started.outputs["restored_from"].removeprefix("file:") == taken.removeprefix("file:")
