"""Decisions: what of a plan must be the same when it is carried out."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.plan.outcome import Decisions, Does, RestoreKind, differences
from flink_components.plan.state.verdict import Verdict

PLANNED = Decisions(
    does=Does.RESTARTS,
    restore=RestoreKind.NEW_SAVEPOINT,
    verdict=Verdict.PARTIAL,
    dropped=("a" * 32,),
    order=("stop with a savepoint", "start", "stable"),
)


def but(**changes: Any) -> Decisions:
    return PLANNED.model_copy(update=changes)


def test_the_digest_names_the_decisions() -> None:
    assert PLANNED.digest == "6a15bfbb6769c3fc"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"does": Does.RESCALES}, "does: planned restarts with state, now rescales in place"),
        ({"restore": RestoreKind.CHECKPOINT}, "restore: planned new savepoint, now checkpoint"),
        ({"verdict": Verdict.FULL}, "verdict: planned partial, now full"),
        ({"verdict": None}, "verdict: planned partial, now none"),
        ({"dropped": ()}, f"dropped: planned {'a' * 32}, now none"),
        (
            {"order": ("start", "stable")},
            "order: planned stop with a savepoint, start, stable, now start, stable",
        ),
    ],
)
def test_each_of_them_counts(changes: dict[str, Any], said: str) -> None:
    assert differences(PLANNED, but(**changes)) == [said]
    assert but(**changes).digest != PLANNED.digest


def test_the_same_decisions_do_not_differ() -> None:
    assert differences(PLANNED, but()) == []


@pytest.mark.parametrize("does", [Does.NOTHING, Does.WAITS, Does.STAYS_DOWN])
def test_a_job_that_is_finished_passes(does: Does) -> None:
    assert differences(PLANNED, Decisions(does=does)) == []


def test_a_switch_that_was_interrupted_after_its_stop_may_go_on() -> None:
    now = but(does=Does.STARTS_AGAIN, restore=RestoreKind.SAVEPOINT, order=("start", "stable"))
    assert differences(PLANNED, now, begun=True) == []
    assert differences(PLANNED, now) != []


@pytest.mark.parametrize(
    "changes",
    [
        {"restore": RestoreKind.CHECKPOINT},
        {"verdict": Verdict.UNKNOWN},
        {"dropped": ("a" * 32, "b" * 32)},
        {"order": ("cancel", "start", "stable")},
    ],
)
def test_but_only_with_what_was_planned(changes: dict[str, Any]) -> None:
    left = {"does": Does.STARTS_AGAIN, "restore": RestoreKind.SAVEPOINT}
    now = but(**{**left, "order": ("start", "stable"), **changes})
    assert differences(PLANNED, now, begun=True) != []


def test_a_job_of_which_nothing_could_be_said_may_start_for_the_first_time_only() -> None:
    unknown = Decisions(does=Does.UNKNOWN)
    assert differences(unknown, Decisions(does=Does.STARTS, order=("start", "stable"))) == []
    assert differences(unknown, PLANNED)[0] == "does: planned unknown, now restarts with state"
    from_a_snapshot = Decisions(does=Does.STARTS, restore=RestoreKind.GIVEN)
    assert differences(unknown, from_a_snapshot) != []
