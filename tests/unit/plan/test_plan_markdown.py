"""A comment of a pull request: short enough, refusals first, and nothing in it is a user's HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flink_components.plan.changes import Change, Kind
from flink_components.plan.markdown import LIMIT, as_markdown
from flink_components.plan.outcome import Does
from flink_components.plan.plan import Plan
from flink_components.plan.plan_json import as_json, of_stack
from tests.unit.plan.plans import REFUSED, STACK, UPGRADE

_TEXT = st.text(max_size=200) | st.sampled_from(
    [
        "`" * 7,
        "</details>",
        "@acme/team",
        "#1",
        "<script>",
        "\n# head",
        "![x](http://x)",
        "|",
        "~~~",
    ]
)
_PLANS = st.builds(
    Plan,
    key=_TEXT,
    old_revision=st.none() | st.integers(1, 99),
    new_revision=st.none() | st.integers(1, 99),
    headline=st.sampled_from(["RUNS ON", "RESTARTS WITH ITS STATE"]),
    changed=st.lists(
        st.builds(Change, field=_TEXT, old=_TEXT, new=_TEXT, kind=st.sampled_from(Kind)),
        max_size=4,
    ).map(tuple),
    restore=_TEXT,
    why=_TEXT,
    refused=st.none() | _TEXT.filter(bool),
    unknown=st.none() | _TEXT,
    does=st.sampled_from(Does),
    stable=_TEXT,
    way_back=_TEXT,
)


def comment(plans: list[Plan]) -> str:
    return as_markdown(of_stack(STACK, map(as_json, plans), []))


def outside_of_code(text: str) -> str:
    """What a page renders as something else than code."""
    fenced = re.compile(r"^(`{3,})text\n.*?^\1$", re.MULTILINE | re.DOTALL)
    return re.sub(r"<code>.*?</code>", "", fenced.sub("", text))


@settings(max_examples=60, deadline=None)
@given(st.lists(_PLANS, max_size=130))
def test_it_is_never_too_long(plans: list[Plan]) -> None:
    assert len(comment(plans)) < LIMIT


@settings(max_examples=10, deadline=None)
@given(_PLANS, st.integers(100, 150))
def test_many_large_plans_have_room_too(plan: Plan, count: int) -> None:
    long = replace(plan, why="x" * 3_000 + "\n" + "y" * 3_000)
    plans = [replace(long, key=f"{plan.key}{n}", stable=str(n) * 9) for n in range(count)]
    assert len(comment(plans)) < LIMIT


@settings(max_examples=150, deadline=None)
@given(st.lists(_PLANS, min_size=1, max_size=5))
def test_what_users_have_named_is_code_only(plans: list[Plan]) -> None:
    left = outside_of_code(comment(plans))
    for sign in ("@", "![", "<script", "# head", "~~~"):
        assert sign not in left
    assert left.count("<details") == left.count("</details>")


def test_every_job_of_a_hundred_that_differ_has_a_line() -> None:
    plans = [
        replace(UPGRADE, key=f"payments/job-{n}", changed=(Change("args", n, -n, Kind.RESTART),))
        for n in range(100)
    ]
    text = comment(plans)
    assert all(f"<code>payments/job-{n}</code>" in text for n in range(100))
    assert len(text) < LIMIT


def test_a_hundred_that_are_equal_are_one() -> None:
    def job(number: int) -> Plan:
        key = f"payments/job-{number}"
        restore = f"a savepoint below s3://acme/{key}/"
        return replace(UPGRADE, key=key, restore=restore, new_revision=number, down=(number,))

    text = comment([job(number) for number in range(1, 101)])
    assert text.count("<details") == 1
    assert "and 97 more: restarts with its state, verdict FULL" in text
    assert "payments/job-100\n" in text


def test_what_differs_by_the_names_of_the_jobs_only_is_equal() -> None:
    def job(name: str) -> Plan:
        graph = Change("job_graph", None, f"build/{name}-graph.json", Kind.IN_PLACE)
        return replace(UPGRADE, key=f"payments/{name}", changed=(graph,))

    assert comment([job("fraud"), job("rates")]).count("<details") == 1
    assert comment([job("fraud"), replace(job("fraud"), key="payments/x")]).count("<details") == 2


def test_refusals_come_first_and_are_unfolded() -> None:
    text = comment([UPGRADE, REFUSED])
    assert text.index("<details open>") < text.index("<details><summary>")
    assert text.index("payments/dedup") < text.index("payments/fraud")


def test_where_there_is_no_room_refusals_have_it() -> None:
    def refused(number: int) -> Plan:
        return replace(REFUSED, key=f"z/{number}").refusing(f"{number * 7919} " + "because " * 40)

    others = [replace(UPGRADE, key=f"a/{n}", why=f"{n}z" * 300) for n in range(100)]
    text = comment([*others, *map(refused, range(10))])
    assert text.count("<details open>") == 10
    assert len(text) < LIMIT


def test_what_has_no_line_is_counted() -> None:
    plans: list[Any] = [replace(UPGRADE, key=f"{n:0>200}", why=f"{n}z") for n in range(600)]
    (last,) = re.findall(r"… and (\d+) more, which the JSON has", comment(plans))
    assert int(last) > 0
