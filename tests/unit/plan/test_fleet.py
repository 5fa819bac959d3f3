"""The row of a fleet: how many jobs of each kind, which ones, and in what order."""

from __future__ import annotations

import pytest

from flink_components.plan.changes import Change, Kind
from flink_components.plan.fleet import Fate, FleetPlan, fate_of
from flink_components.plan.outcome import Does
from flink_components.plan.plan import Plan
from flink_components.spec.fleet import FleetSpec

CHANGED = (Change("description", None, "x", Kind.IN_PLACE),)


@pytest.mark.parametrize(
    ("does", "fate"),
    [
        (Does.RESTARTS, Fate.RESTARTS),
        (Does.RESTARTS_EMPTY, Fate.EMPTY),
        (Does.GIVES_UP, Fate.EMPTY),
        (Does.RESCALES, Fate.RESCALES),
        (Does.STARTS, Fate.STARTS),
        (Does.STARTS_AGAIN, Fate.STARTS),
        (Does.ADOPTS, Fate.ADOPTS),
        (Does.SUSPENDS, Fate.STOPS),
        (Does.CANCELS, Fate.STOPS),
        (Does.DELETES, Fate.STOPS),
        (Does.WAITS, Fate.WAITS),
        (Does.REFUSED, Fate.REFUSED),
        (Does.UNKNOWN, Fate.UNKNOWN),
        (Does.NOTHING, Fate.UNTOUCHED),
        (Does.STAYS_DOWN, Fate.UNTOUCHED),
    ],
)
def test_what_is_done_with_a_job_is_of_one_kind(does: Does, fate: Fate) -> None:
    assert fate_of(Plan("payments/fraud", 1, 1, "", does=does)) is fate


def test_a_change_in_place_is_told_apart_from_a_job_that_runs_on() -> None:
    assert fate_of(Plan("payments/fraud", 1, 1, "RUNS ON", CHANGED)) is Fate.IN_PLACE


def test_a_row_names_what_happens_and_in_what_order() -> None:
    plan = FleetPlan(
        name="payments",
        spec=FleetSpec(canary="fraud", max_in_flight=2, stop_after_failures=3),
        fates={
            "payments/dedup": Fate.RESTARTS,
            "payments/fraud": Fate.RESTARTS,
            "payments/sums": Fate.RESCALES,
            "payments/new": Fate.STARTS,
            "payments/daily": Fate.UNTOUCHED,
        },
        canary="payments/fraud",
        deleted=("payments/old",),
        troubles={"payments/daily": "LOST"},
        unseen=("payments/etl",),
    )
    assert plan.text().splitlines() == [
        "payments  5 jobs: 2 restart with their state, 1 is rescaled in place, 1 starts, "
        "1 deleted, 1 untouched",
        "    restart   payments/dedup, payments/fraud (canary)",
        "    rescale   payments/sums",
        "    start     payments/new",
        "    deleted   payments/old",
        "    look at   payments/daily is LOST; this change does not touch it",
        "    unseen    how the untouched jobs on payments/etl are",
        "    order     payments/fraud, then 2 at a time; no further one after 3 failures",
    ]


def test_of_many_jobs_the_first_ones_are_named() -> None:
    fates = {f"payments/job-{number}": Fate.STARTS for number in range(120)}
    lines = FleetPlan("payments", FleetSpec(max_in_flight=1), fates).text().splitlines()
    assert lines[0] == "payments  120 jobs: 120 start"
    assert lines[1].endswith("payments/job-7 and 112 more")
    assert lines[2] == "    order     one at a time; no further one after the first failure"


def test_a_fleet_with_a_refusal_has_no_order() -> None:
    fates = {"payments/a": Fate.REFUSED, "payments/b": Fate.RESTARTS}
    assert "order" not in FleetPlan("payments", FleetSpec(), fates).text()


@pytest.mark.parametrize(
    ("touched", "said"),
    [
        (("payments/fraud",), "payments/fraud; no further one after the first failure"),
        (("payments/sums",), "4 at a time; no further one after the first failure"),
    ],
)
def test_a_canary_is_named_only_where_it_is_changed(touched: tuple[str, ...], said: str) -> None:
    keys = ("payments/fraud", "payments/sums")
    fates = {key: Fate.RESTARTS if key in touched else Fate.UNTOUCHED for key in keys}
    assert FleetPlan("payments", FleetSpec(), fates, "payments/fraud").order() == said
