"""What Flink refuses though every operator matches, and what only the restore can tell."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.flink.job_graph import Source
from flink_components.flink.metadata.contents import Serializer, State
from flink_components.plan.state.judging import judge
from flink_components.plan.state.limits import Backend, Target, backend_of
from flink_components.plan.state.verdict import StateVerdict
from tests.unit.doubles.job_graphs import entry, graph, operator, snapshot

SAME = Target("1.20.3")


def verdict(
    stored: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    target: Target = SAME,
    version: int = 4,
    savepoint: bool | None = True,
    **fields: Any,
) -> StateVerdict:
    return judge(
        snapshot(entry("count", **(stored or {})), version=version, savepoint=savepoint),
        graph(operator("count", **(new or {})), **fields),
        target,
    )


def test_nothing_speaks_against_the_same_program() -> None:
    assert verdict().obstacles == ()


def test_parallelism_above_the_stored_maximum() -> None:
    assert verdict({"max_parallelism": 4}, {"parallelism": 5}).obstacles == (
        "count has parallelism 5, above the max parallelism 4 of its state: lower its parallelism",
    )
    assert verdict({"max_parallelism": 4}, {"parallelism": 4}).obstacles == ()


def test_parallelism_of_a_vertex_without_state_has_no_limit() -> None:
    stateless = {"max_parallelism": 4, "size": 0, "parts": ()}
    assert verdict(stateless, {"parallelism": 5}).obstacles == ()
    chained = operator("map", "count", parallelism=5, head=operator("count").id)
    found = judge(
        snapshot(entry("count"), entry("map", **stateless)),
        graph(operator("count", parallelism=5), chained),
        SAME,
    )
    assert len(found.obstacles) == 1


@pytest.mark.parametrize("wanted", [64, 256])
def test_another_max_parallelism(wanted: int) -> None:
    assert verdict(new={"max_parallelism": wanted}).obstacles == (
        f"count sets max parallelism {wanted}, and its state has 128: set that, or none",
    )


def test_max_parallelism_counts_for_operators_without_state_too() -> None:
    found = verdict({"size": 0, "parts": ()}, {"max_parallelism": 256})
    assert len(found.obstacles) == 1


def test_an_older_flink_cannot_read_a_newer_format() -> None:
    assert verdict(version=6).obstacles == (
        "Flink 1.20.3 reads metadata up to format 4, and this snapshot has format 6, that of "
        "Flink 2.1 or later: go on with that Flink",
    )
    assert verdict(target=Target("2.3.0"), version=3).obstacles == ()


def test_operator_state_of_flink_1_18_cannot_be_read_before() -> None:
    older = Target("1.17.2", written_by="1.20.3")
    assert verdict({"parts": ("operator",), "keyed": ()}, target=older).obstacles == (
        "Flink 1.17.2 can't read operator state that Flink 1.20.3 wrote (its form changed in "
        "1.18): go on with 1.18 or later",
    )
    assert verdict({"parts": ("keyed",)}, target=older).obstacles == ()


@pytest.mark.parametrize(
    ("kind", "version", "backend", "refused"),
    [
        ("canonical", 4, Backend.ROCKSDB, False),
        ("canonical", 4, Backend.HASHMAP, False),
        ("incremental", 4, Backend.ROCKSDB, False),
        ("incremental", 4, Backend.FORST, False),
        ("incremental", 4, Backend.HASHMAP, True),
        ("key groups", 4, Backend.HASHMAP, False),
        ("key groups", 4, Backend.ROCKSDB, True),
        ("key groups", 3, Backend.ROCKSDB, False),
    ],
)
def test_a_native_snapshot_needs_its_backend(
    kind: str, version: int, backend: Backend, refused: bool
) -> None:
    found = verdict({"keyed": (kind,)}, target=Target("1.20.3", backend), version=version)
    assert bool(found.obstacles) is refused


def test_which_backend_wrote_it_is_said() -> None:
    target = Target("1.20.3", Backend.HASHMAP)
    assert verdict({"keyed": ("incremental",)}, target=target).obstacles == (
        "the snapshot is in the native format of the state backend rocksdb or forst, and the job "
        "has hashmap: keep that backend, or take a savepoint in the canonical format first",
    )


@pytest.mark.parametrize(
    ("savepoint", "claim", "refused"), [(False, False, 1), (False, True, 0), (True, False, 0)]
)
def test_a_checkpoint_with_a_changelog_must_be_claimed(
    savepoint: bool, claim: bool, refused: int
) -> None:
    target = Target("1.20.3", claim=claim)
    found = verdict({"keyed": ("changelog",)}, target=target, savepoint=savepoint)
    assert len(found.obstacles) == refused


@pytest.mark.parametrize(
    ("text", "backend"),
    [
        ("rocksdb", Backend.ROCKSDB),
        ("EmbeddedRocksDBStateBackend", Backend.ROCKSDB),
        ("hashmap", Backend.HASHMAP),
        ("filesystem", Backend.HASHMAP),
        ("org.apache.flink.runtime.state.hashmap.HashMapStateBackendFactory", Backend.HASHMAP),
        ("forst", Backend.FORST),
        ("org.acme.OwnBackend", None),
        (None, None),
    ],
)
def test_backends_by_option_and_by_class(text: str | None, backend: Backend | None) -> None:
    assert backend_of(text) is backend


def test_serializers_are_named_where_they_were_read() -> None:
    kryo = Serializer("org.apache.flink.KryoSerializerSnapshot", 2, "org.acme.Rule")
    pojo = Serializer("org.apache.flink.PojoSerializerSnapshot", 2, "org.acme.Profile")
    pair = Serializer("org.apache.flink.MapSerializerSnapshot", 1, parts=(kryo, pojo))
    states = (State("rules", "keyed map", (("value", pair),)),)
    assert verdict({"states": states}).unproven == (
        "serializers of Profile, Rule (Kryo) and state names of the new program: "
        "only the restore can tell",
    )


def test_all_that_is_unproven() -> None:
    stored = {"keyed": ("key groups",), "parts": ("keyed", "channel"), "finished_subtasks": 1}
    found = judge(
        snapshot(entry("count", **stored)),
        graph(operator("count"), operator("new"), source=Source.PLANS),
        Target("1.16.3"),
    )
    assert found.unproven == (
        "serializers and state names of the new program: only the restore can tell",
        "max parallelism, if the program sets one: the plans of a cluster lack it",
        "the state backend: the snapshot is in the native format of one",
        "the operator ids: the graph was made by Flink 1.20.3",
        "which Flink wrote the snapshot: operator state of 1.18 can't be read before",
        "records in flight (unaligned checkpoint), where edges have changed",
        "new operators before ones that had finished",
    )
