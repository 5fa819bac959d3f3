"""The operators of a program from the plans that Flink's REST API gives of its jar.

A plan names operators by the heads of their chains alone. The plan with chaining switched off has
all operators, but generated ids depend on chaining; so they are computed anew.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, permutations
from typing import Any

from flink_components.flink.job_graph import GraphError
from flink_components.flink.operator_ids import generated_id

_MARKUP = re.compile(r"<br/?>")
_MOST_ORDERS = 5040


@dataclass(frozen=True)
class _Node:
    """An operator of the plan without chains; `position` is None where its id is from a uid."""

    id: str
    name: str
    parallelism: int
    inputs: tuple[str, ...]
    forward: bool
    position: int | None = None


def operators_of_plans(
    chained: Mapping[str, Any], unchained: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """All operators of a program, as `JobGraph` has them in JSON.

    `chained` is its plan, `unchained` the one with `pipeline.operator-chaining` false. Raises
    GraphError where they are not plans of one program.
    """
    nodes = _in_order([_explained(node, unchained) for node in unchained["nodes"]])
    vertices = {str(node["id"]) for node in chained["nodes"]}
    ids, heads = _Chains(nodes, vertices).found()
    return [
        {
            "id": ids[node.id],
            "name": node.name,
            "parallelism": node.parallelism,
            "generated": node.position is not None,
            "inputs": [ids[before] for before in node.inputs],
            "head": heads[node.id],
        }
        for node in nodes
    ]


def _explained(node: Mapping[str, Any], plan: Mapping[str, Any]) -> _Node:
    """The node with the place from which its id is made, if it is."""
    own = str(node["id"])
    given: Sequence[Mapping[str, Any]] = node.get("inputs", [])
    listed = tuple(str(one["id"]) for one in given)
    position, inputs = _place(own, listed, len(plan["nodes"]))
    return _Node(
        id=own,
        name=_MARKUP.sub("", html.unescape(str(node["description"]))).strip(),
        parallelism=int(node["parallelism"]),
        inputs=inputs,
        forward=len(given) == 1 and given[0].get("ship_strategy") == "FORWARD",
        position=position,
    )


def _place(own: str, listed: tuple[str, ...], count: int) -> tuple[int | None, tuple[str, ...]]:
    """The position and the order of inputs that give this id; a plan may list them otherwise."""
    for inputs in islice(permutations(listed), _MOST_ORDERS):
        for position in range(count):
            if generated_id(position, 0, inputs) == own:
                return position, inputs
    return None, listed


def _in_order(nodes: Sequence[_Node]) -> list[_Node]:
    """Each node behind its inputs."""
    left, placed, ordered = list(nodes), set[str](), list[_Node]()
    while left:
        ready = [node for node in left if placed.issuperset(node.inputs)]
        if not ready:
            raise GraphError("the plan of the job is not a graph: an operator reads from itself")
        ordered += ready
        placed.update(node.id for node in ready)
        left = [node for node in left if node.id not in placed]
    return ordered


class _Chains:
    """Finds which edges are chained: those with which all heads have the ids of the vertices."""

    def __init__(self, nodes: Sequence[_Node], vertices: set[str]) -> None:
        self._nodes = nodes
        self._vertices = vertices
        self._followers: dict[str, list[_Node]] = {node.id: [] for node in nodes}
        parallelism = {node.id: node.parallelism for node in nodes}
        for node in nodes:
            if node.forward and parallelism[node.inputs[0]] == node.parallelism:
                self._followers[node.inputs[0]].append(node)
        self._ids: dict[str, str] = {}
        self._chained: dict[str, bool] = {node.id: False for node in nodes}

    def found(self) -> tuple[dict[str, str], dict[str, str]]:
        """The true id, and that of the head of the chain, of each node of the plan."""
        open_choices = [self._choices(self._nodes[0])]
        while open_choices:
            if next(open_choices[-1], None) is None:
                open_choices.pop()
            elif len(open_choices) < len(self._nodes):
                open_choices.append(self._choices(self._nodes[len(open_choices)]))
            else:
                heads = self._heads()
                if set(heads.values()) == self._vertices:
                    return self._ids, heads
        raise GraphError(
            "the operators of the job can't be told from its plans: make its graph with "
            "`flink-components graph JAR --flink-home DIR`, which asks Flink's own classes"
        )

    def _choices(self, node: _Node) -> Iterator[bool]:
        """Sets the id of a node, and which of its followers are chained to it: as many as can be,
        then fewer."""
        followers = self._followers[node.id]
        with_uid = [one for one in followers if one.position is None]
        chained = [one for one in with_uid if one.id not in self._vertices]
        unsure = [one for one in followers if one.position is not None]
        for count in range(len(unsure), -1, -1):
            own = self._id(node, len(chained) + count)
            if (own in self._vertices) is self._chained[node.id]:
                continue
            for some in combinations(unsure, count):
                self._ids[node.id] = own
                for follower in followers:
                    self._chained[follower.id] = follower in chained or follower in some
                yield True

    def _id(self, node: _Node, chained_outputs: int) -> str:
        if node.position is None:
            return node.id
        inputs = [self._ids[before] for before in node.inputs]
        return generated_id(node.position, chained_outputs, inputs)

    def _heads(self) -> dict[str, str]:
        heads: dict[str, str] = {}
        for node in self._nodes:
            chained = self._chained[node.id]
            heads[node.id] = heads[node.inputs[0]] if chained else self._ids[node.id]
        return heads
