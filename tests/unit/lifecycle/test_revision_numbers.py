"""The number of an application's revision: never one whose objects Pulumi has forgotten."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.revisions import next_revision
from flink_components.plan.record import Record, Run

RUN = Run(
    revision=1,
    attempt=1,
    job_id="0" * 32,
    fingerprint="v1",
    jar="",
    cluster={"kind": "application"},
    upgrade_mode="savepoint",
)


@pytest.mark.parametrize(
    ("record", "fingerprint", "last", "number"),
    [
        (None, "v1", None, 1),
        (Record(key="k", highest=1, revisions={"1": "v1"}), "v1", None, 1),
        (Record(key="k", highest=1, revisions={"1": "v1"}, run=RUN), "v1", 1, 1),
        (Record(key="k", highest=1, revisions={"1": "v1"}, run=RUN), "v2", 1, 2),
        (Record(key="k", highest=2, revisions={"1": "v1", "2": "v2"}, run=RUN), "v2", 2, 2),
        (Record(key="k", highest=2, revisions={"1": "v1", "2": "v2"}, run=RUN), "v2", 1, 2),
        (Record(key="k", highest=2, revisions={"1": "v1", "2": "v2"}, run=RUN), "v1", 2, 3),
        (Record(key="k", highest=2, revisions={"1": "v1", "2": "v2"}, run=RUN), "v1", None, 1),
        (Record(key="k", highest=4, revisions={"1": "v1", "2": "v2"}, run=RUN), "v2", 4, 5),
    ],
    ids=[
        "the first",
        "the first again, which was never started",
        "what runs",
        "the next",
        "another try after a failure",
        "another try after a death",
        "a revert after a failure",
        "a lost state",
        "back to an earlier failure",
    ],
)
def test_the_number_of_a_revision(
    record: Record | None, fingerprint: str, last: int | None, number: int
) -> None:
    assert next_revision(record, fingerprint, last) == number
