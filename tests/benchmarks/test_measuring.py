"""How two ways are compared, and what is said of it."""

from __future__ import annotations

import pytest

from benchmarks.measuring import Comparison, Report, compare, text


def test_the_two_ways_take_turns_and_who_is_first_changes() -> None:
    order: list[str] = []

    def ours() -> dict[str, float]:
        order.append("ours")
        return {"part": 1.0}

    def theirs() -> dict[str, float]:
        order.append("theirs")
        return {"part": 1.0}

    compare(ours, theirs, {"part": None}, repetitions=2, warm_ups=0)
    assert order == ["theirs", "ours", "ours", "theirs"]


def test_warm_ups_are_not_counted() -> None:
    seconds = iter([100.0, 1.0, 2.0])
    found = compare(
        lambda: {"part": next(seconds)}, lambda: {"part": 1.0}, {"part": None}, 2, warm_ups=1
    )
    assert found["part"].ours == (1.0, 2.0)


@pytest.mark.parametrize(("ours", "missed"), [((1.0, 1.1, 9.0), False), ((1.0, 1.2, 9.0), True)])
def test_a_goal_is_a_limit_of_the_ratio_of_medians(ours: tuple[float, ...], missed: bool) -> None:
    assert Comparison(ours, (1.0, 1.0, 1.0), goal=1.1).missed is missed


def test_a_report_is_a_table_with_medians_quartiles_and_ratios() -> None:
    found = Comparison((0.1, 0.2, 0.3), (0.1, 0.1, 0.1), goal=1.1)
    assert text(Report("Title", "ours", "theirs", {"part": found})) == (
        "Title (median of 3, quartiles):\n"
        "\n"
        "|      | ours                | theirs              | ratio | goal        |\n"
        "| ---  | ---                 | ---                 | ---   | ---         |\n"
        "| part | 200 ms (150 to 250) | 100 ms (100 to 100) | 2.00  | 1.1, MISSED |"
    )
