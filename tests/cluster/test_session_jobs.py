"""Jobs on session clusters by `pulumi up`: created, upgraded, refused, ended, with their state."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tests.cluster.session import StackOfJob

pytestmark = [pytest.mark.cluster, pytest.mark.engine]


def test_a_job_is_created_upgraded_and_destroyed_with_its_state(job: StackOfJob) -> None:
    created = job.up("stateful-v1")
    assert (created.outputs["state"], created.outputs["restored_from"]) == ("STABLE", "")
    assert created.outputs["job_id"] == job.job.job_id
    job.written("v1", 50)

    upgraded = job.up("stateful-v2")
    report = job.written("v2", 50)

    assert report.ok, str(report)
    assert list(report.versions) == ["v1", "v2"]
    (metadata,) = job.savepoints.rglob("_metadata")
    below = metadata.relative_to(job.savepoints).parts
    assert (below[0], len(below[1]), len(below)) == ("1-1", 32, 4)
    assert upgraded.outputs["revision"] == 2
    restored = PurePosixPath(upgraded.outputs["restored_from"].removeprefix("file:"))
    assert restored.parts[-3:] == below[:3]
    assert not job.stack.preview(job.declare("stateful-v2")).changes()

    destroyed = job.stack.destroy()
    assert destroyed.ok, destroyed.error
    record = job.record
    assert (record.deleted, record.phase.value) == (True, "SUSPENDED")
    assert job.state(upgraded.outputs["job_id"]) == "FINISHED"

    again = job.up("stateful-v2")
    assert again.outputs["restored_from"] == record.restore.path  # type: ignore[union-attr]
    report = job.goes_on("v2")
    assert report.ok, str(report)
