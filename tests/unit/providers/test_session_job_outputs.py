"""What a job's resource says of it: its state, why, and since when."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.plan.record import Phase, Record
from flink_components.providers.session_job import outputs

_AT = 1_800_000_000.0  # 2027-01-15T08:00:00Z


def said(record: Record | None, drift: str = "none") -> tuple[Any, Any, Any]:
    """State, reason and time."""
    found = outputs({"key": "payments/fraud"}, record, drift)
    return found["phase"], found["reason"], found["since"]


@pytest.mark.parametrize(
    ("record", "drift", "expected"),
    [
        (
            Record(key="k", phase=Phase.STABLE, since=_AT),
            "none",
            ("STABLE", "", "2027-01-15T08:00:00Z"),
        ),
        (
            Record(key="k", phase=Phase.ROLLED_BACK, reason="no slots", since=_AT),
            "none",
            ("ROLLED_BACK", "no slots", "2027-01-15T08:00:00Z"),
        ),
        (
            Record(key="k", phase=Phase.FAILED, reason="no slots", since=_AT),
            "FAILED: no slots",
            ("FAILED", "no slots", "2027-01-15T08:00:00Z"),
        ),
        (
            Record(key="k", phase=Phase.STABLE, since=_AT),
            "LOST: the JobManager does not know 1234",
            ("LOST", "the JobManager does not know 1234", ""),
        ),
        (
            Record(key="k", phase=Phase.STABLE, since=_AT),
            "revision 3 runs, which is not what was declared",
            ("STABLE", "revision 3 runs, which is not what was declared", ""),
        ),
        (None, "LOST: its ledger is not there", ("LOST", "its ledger is not there", "")),
        (Record(key="k"), "none", ("CREATED", "", "")),
    ],
)
def test_state_reason_and_time(
    record: Record | None, drift: str, expected: tuple[str, str, str]
) -> None:
    assert said(record, drift) == expected
