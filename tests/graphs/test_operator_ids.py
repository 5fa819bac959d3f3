"""The operators of a job graph have the ids that a real Flink gives them."""

from __future__ import annotations

import pytest

from flink_components.flink.cluster_graph import client_at, read_by_cluster
from flink_components.flink.graph_driver import Program, read_by_driver
from flink_components.flink.metadata.reading import read_snapshot
from sandbox.images import distribution
from tests.graphs.programs import Lab, Variant

NO_UIDS = Variant("shapes", ("uids=none", "parallelism.tag=1", "extra=last"), parallelism=2)
V5 = Variant("stateful-v5")
VARIANTS = [NO_UIDS, Variant("shapes"), V5]


@pytest.mark.newest_alone
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_driver_reads_the_ids_that_a_savepoint_holds(graph_lab: Lab, variant: Variant) -> None:
    stored = read_snapshot(graph_lab.savepoint(variant)).operators
    graph = graph_lab.graph(variant)
    assert {operator.id for operator in graph.operators} == {entry.id for entry in stored}
    assert {operator.head for operator in graph.operators} == graph_lab.vertices(variant)


@pytest.mark.newest_alone
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_plans_of_a_cluster_tell_the_same_operators(graph_lab: Lab, variant: Variant) -> None:
    client, version = client_at(graph_lab.flink.url)
    program = Program(
        args=variant.arguments(graph_lab.flink.workdir), parallelism=variant.parallelism
    )
    found = read_by_cluster(client, version, variant.path, program)
    known = graph_lab.graph(variant)
    told = graph_lab.graph_of_plans(found["operators"])
    assert {(o.id, o.head, o.name, o.parallelism, o.generated) for o in told.operators} == {
        (o.id, o.head, o.name, o.parallelism, o.generated) for o in known.operators
    }
    generated = {o.id: o.inputs for o in known.operators if o.generated}
    assert {o.id: o.inputs for o in told.operators if o.generated} == generated
    assert not [jar for jar in client.jars() if "graph-" in jar]


def test_another_flink_may_chain_otherwise_and_so_change_generated_ids() -> None:
    ids = []
    for version in ("1.20.3", "2.3.0"):
        program = Program(args=("--output", "/nowhere"))
        found = read_by_driver(V5.path, program, distribution(version))
        ids.append([operator["id"][:6] for operator in found["operators"]])
    assert ids == [
        ["bc764c", "0a4484", "ea632d", "6d2677"],
        ["bc764c", "0a4484", "e70bbd", "604ee7"],
    ]
