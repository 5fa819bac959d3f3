"""All operators of a program are told from its two plans, for any graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flink_components.flink.job_graph import GraphError
from flink_components.flink.operator_ids import generated_id, id_of_uid
from flink_components.flink.plan_graph import operators_of_plans

Json = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """An operator by its number: `chained` to its one input, or not though it could be."""

    uid: bool
    parallelism: int
    inputs: tuple[int, ...]
    forward: bool
    chained: bool


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 9))):
        inputs = draw(st.lists(st.integers(0, number - 1), max_size=3)) if number else []
        parallelism = draw(st.integers(1, 2))
        forward = len(inputs) == 1 and draw(st.booleans())
        can_chain = forward and nodes[inputs[0]].parallelism == parallelism
        chained = can_chain and draw(st.booleans())
        nodes.append(Node(draw(st.booleans()), parallelism, tuple(inputs), forward, chained))
    return nodes


def ids_of(nodes: list[Node], chaining: bool) -> list[str]:
    ids: list[str] = []
    for number, node in enumerate(nodes):
        followers = [after for after in nodes if after.chained and after.inputs[0] == number]
        chained = len(followers) if chaining else 0
        inputs = [ids[before] for before in node.inputs]
        ids.append(id_of_uid(f"u{number}") if node.uid else generated_id(number, chained, inputs))
    return ids


def plan(nodes: list[Node], chaining: bool) -> Json:
    """As Flink gives it: with chaining the heads alone, and the inputs in any order."""
    ids = ids_of(nodes, chaining)
    shown = [
        {
            "id": ids[number],
            "parallelism": node.parallelism,
            "description": f"op &lt;{number}&gt;<br/>",
            "inputs": [
                {"id": ids[before], "ship_strategy": "FORWARD" if node.forward else "HASH"}
                for before in reversed(node.inputs)
            ],
        }
        for number, node in enumerate(nodes)
        if not (chaining and node.chained)
    ]
    return {"nodes": shown[::-1]}


@settings(max_examples=60)
@given(graphs())
def test_ids_heads_and_inputs_are_those_of_the_graph(nodes: list[Node]) -> None:
    ids = ids_of(nodes, True)
    heads: list[str] = []
    for number, node in enumerate(nodes):
        heads.append(heads[node.inputs[0]] if node.chained else ids[number])
    found = {o["name"]: o for o in operators_of_plans(plan(nodes, True), plan(nodes, False))}
    for number, node in enumerate(nodes):
        told = found[f"op <{number}>"]
        assert (told["id"], told["head"]) == (ids[number], heads[number])
        assert told["generated"] is not node.uid
        assert sorted(told["inputs"]) == sorted(ids[before] for before in node.inputs)
        if not node.uid:
            assert told["inputs"] == [ids[before] for before in node.inputs]


def test_plans_of_two_programs_are_refused() -> None:
    one = [Node(False, 1, (), False, False), Node(False, 1, (0,), True, True)]
    other = [Node(True, 1, (), False, False)]
    with pytest.raises(GraphError, match="can't be told from its plans"):
        operators_of_plans(plan(one, True), plan(other, False))
