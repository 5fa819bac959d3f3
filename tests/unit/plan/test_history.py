"""Which restore points a history keeps, and which savepoints may go."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.plan.history import disposable, in_use, with_points
from flink_components.plan.record import History, Record, RestorePoint, Run, Taken
from flink_components.spec.base import load
from flink_components.spec.job import Retention

HOUR = 3600.0


def taken(number: int, **changes: Any) -> Taken:
    values = {"path": f"file:/s/{number}", "kind": "savepoint", "at": number * HOUR, "ours": True}
    return Taken.model_validate({**values, **changes})


def history(*points: Taken) -> History:
    return History(key="payments/fraud", points=points)


FIVE = history(*(taken(number) for number in range(5)))


def gone(
    found: History, used: set[str] | None = None, now: float = 5 * HOUR, **keep: Any
) -> list[int]:
    points = disposable(found, used or set(), load(Retention, keep), now)
    return [int(point.path.rsplit("/", 1)[1]) for point in points]


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ({}, []),
        ({"count": 5}, []),
        ({"count": 3}, [0, 1]),
        ({"count": 1}, [0, 1, 2, 3]),
        ({"age": "2 h"}, [0, 1, 2]),
        ({"age": "1 s"}, [0, 1, 2, 3]),
        ({"count": 4, "age": "3 h"}, [0, 1]),
    ],
)
def test_what_is_too_many_or_too_old_may_go_but_for_the_newest(
    keep: dict[str, Any], expected: list[int]
) -> None:
    assert gone(FIVE, **keep) == expected


def test_what_is_in_use_stays_however_it_is_spelled() -> None:
    assert gone(FIVE, {"file:///s/1/_metadata"}, count=2) == [0, 2]


@pytest.mark.parametrize("changes", [{"ours": False}, {"kind": "checkpoint"}, {"disposed_at": 1.0}])
def test_what_is_not_a_savepoint_of_ours_stays(changes: dict[str, Any]) -> None:
    found = history(taken(0, **changes), taken(1), taken(2))
    assert gone(found, count=1) == [1]


def test_what_the_job_runs_from_and_would_go_on_from_is_in_use() -> None:
    run = Run(
        revision=1,
        attempt=2,
        job_id="a",
        fingerprint="f",
        jar="j",
        cluster={},
        upgrade_mode="savepoint",
        restored_from="file:/s/1",
    )
    record = Record(
        key="k",
        run=run,
        stable=run.model_copy(update={"restored_from": "file:/s/0"}),
        restore=RestorePoint(path="file:/s/2", kind="savepoint", at=1.0),
    )
    assert in_use(record) == {"file:/s/0", "file:/s/1", "file:/s/2"}


def test_a_place_is_listed_once_and_in_order() -> None:
    found = with_points(history(taken(1), taken(3)), [taken(2), taken(3, why="again")])
    assert [(p.path, p.why) for p in found.points] == [
        ("file:/s/1", ""),
        ("file:/s/2", ""),
        ("file:/s/3", ""),
    ]


def test_the_oldest_of_two_hundred_and_one_drops_out() -> None:
    found = with_points(history(), [taken(number) for number in range(201)])
    assert (len(found.points), found.points[0].path) == (200, "file:/s/1")
