"""How many subtasks each vertex gets, and how many slots that needs."""

from __future__ import annotations

import pytest

from flink_components.flink.answers import Vertex
from flink_components.plan.scaling import parallelism_of_each, slots_more

RUNNING = [Vertex("a", 2, 128, ""), Vertex("b", 1, None, "")]


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        ({"a": 4, "b": 1}, {"a": 4, "b": 1}),
        ({"a": 1, "b": 9}, {"a": 1, "b": 9}),
        ({"a": 200, "b": 200}, {"a": 128, "b": 200}),
        ({"a": 4}, None),
        ({"a": 4, "b": 4, "c": 4}, None),
        ({"a": 4, "x": 4}, None),
        ({}, None),
    ],
)
def test_the_job_graph_says_it_within_what_the_state_allows(
    planned: dict[str, int], expected: dict[str, int] | None
) -> None:
    assert parallelism_of_each(planned, RUNNING) == expected


def test_a_job_without_vertices_is_not_rescaled() -> None:
    assert parallelism_of_each({}, []) is None


@pytest.mark.parametrize(
    ("groups", "wanted", "expected"),
    [
        (("", ""), {"a": 4, "b": 4}, 2),
        (("", ""), {"a": 2, "b": 4}, 2),
        (("", ""), {"a": 1, "b": 1}, 0),
        (("x", "y"), {"a": 4, "b": 4}, 5),
        (("x", "y"), {"a": 4, "b": 1}, 2),
        (("x", "y"), {"a": 1, "b": 2}, 0),
    ],
)
def test_vertices_of_one_group_share_their_slots(
    groups: tuple[str, str], wanted: dict[str, int], expected: int
) -> None:
    running = [Vertex("a", 2, 128, groups[0]), Vertex("b", 1, 128, groups[1])]
    assert slots_more(wanted, running) == expected
