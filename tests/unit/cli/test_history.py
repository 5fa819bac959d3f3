"""How a history looks on a terminal: restore points, and the switches of an application."""

from __future__ import annotations

from flink_components.cli.printing import told
from flink_components.plan.record import History, Switch, Taken

POINT = Taken(
    path="s3://acme/savepoints/savepoint-1",
    kind="savepoint",
    at=1_800_000_000.0,
    revision=1,
    flink_version="1.20.3",
    why="before revision 2",
    by="ci/7 up of payments/fraud",
)
SWITCH = Switch(
    revision=2,
    attempt=2,
    at=1_800_000_006.0,
    steps={"prepare": 11.42, "stop": 0.61, "go": 0.2, "run": 3.55, "stable": 0.9},
    down=4.36,
    size=8622,
)


def test_a_switch_is_told_between_restore_points_newest_first() -> None:
    rows = told(History(key="payments/fraud", points=(POINT,), switches=(SWITCH,)))
    assert [row["kind"] for row in rows] == ["switch", "savepoint"]
    assert {name: value for name, value in rows[0].items() if value is not None} == {
        "at": "2027-01-15 08:00:06",
        "kind": "switch",
        "revision": 2,
        "why": "attempt 2: prepare 11.4 s, stop 0.6 s, go 0.2 s, run 3.5 s, stable 0.9 s",
        "down ms": 4360,
        "bytes": 8622,
    }
    assert list(rows[0]) == list(rows[1])


def test_a_history_without_switches_has_restore_points_alone() -> None:
    (row,) = told(History(key="payments/etl", points=(POINT,)))
    assert "down ms" not in row
    assert row["location"] == "s3://acme/savepoints/savepoint-1"
