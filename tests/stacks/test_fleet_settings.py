"""What is said of a fleet that can't be right in a stack's configuration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flink_components.spec.base import SpecError
from stacks.settings import parse

CLUSTER = {"name": "main"}
JOB = {"name": "counts", "cluster": "main", "jar": "counts.jar"}
GIVEN: dict[str, Any] = {
    "namespace": "payments",
    "flink_version": "1.20.3",
    "savepoint_dir": "s3://acme/savepoints",
    "clusters": json.dumps([CLUSTER]),
    "jobs": json.dumps([JOB]),
}


def parsed(fleet: Any, **others: str) -> Any:
    return parse({**GIVEN, **others, "fleet": json.dumps(fleet)})


def test_without_a_fleet_there_is_none() -> None:
    assert parsed({}).fleet is None


def test_a_fleet_is_read() -> None:
    fleet = parsed({"canary": "counts", "max_in_flight": 2}).fleet
    assert (fleet.canary, fleet.max_in_flight, fleet.stop_after_failures) == ("counts", 2, 1)


@pytest.mark.parametrize(
    ("fleet", "others", "said"),
    [
        (
            {"canary": "count"},
            {},
            "fleet.canary: is not the name of a job or application of this stack "
            "(given: 'count'); use one of counts",
        ),
        ({"max_in_flight": 0}, {}, "fleet.max_in_flight: must be at least 1 (given: 0)"),
        (
            {"stop_after_failures": 2},
            {"jobs": "[]"},
            "fleet: is for jobs and applications, and there is none; add one to flink:jobs, or "
            "remove it",
        ),
        (
            {"canaries": ["counts"]},
            {},
            "fleet.canaries: there is no such field; did you mean canary?",
        ),
    ],
)
def test_a_fleet_that_cannot_be_right_is_refused(
    fleet: dict[str, Any], others: dict[str, str], said: str
) -> None:
    with pytest.raises(SpecError) as refused:
        parsed(fleet, **others)
    assert [str(problem) for problem in refused.value.problems] == [said]
