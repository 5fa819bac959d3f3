"""Which new operator a lost one may have become."""

from __future__ import annotations

from flink_components.flink.job_graph import JobGraph
from flink_components.flink.metadata.contents import Snapshot
from flink_components.flink.operator_ids import generated_id
from flink_components.plan.state.judging import judge
from flink_components.plan.state.limits import Target
from tests.unit.doubles.job_graphs import entry, graph, operator, snapshot

OLD = graph(
    operator("source"),
    operator("dedup", "source"),
    operator("sum", "dedup"),
    operator("out", "sum"),
)
OF_OLD = snapshot(entry("source"), entry("dedup"), entry("sum"), entry("out", 0))


def likely(
    stored: Snapshot, new: JobGraph, earlier: JobGraph | None = None
) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    verdict = judge(stored, new, Target("1.20.3"), earlier)
    return {
        dropped.label: [(one.operator.label, one.why) for one in dropped.candidates]
        for dropped in verdict.dropped
    }


def renamed(**uids: str) -> JobGraph:
    """The old program with other uids, and names as before."""
    now = {uid: uids.get(uid, uid) for uid in ("source", "dedup", "sum", "out")}
    return graph(
        operator(now["source"], name="source"),
        operator(now["dedup"], now["source"], name="dedup"),
        operator(now["sum"], now["dedup"], name="sum"),
        operator(now["out"], now["sum"], name="out"),
    )


def test_an_operator_with_the_same_name() -> None:
    assert likely(OF_OLD, renamed(dedup="dedup-v2"), OLD) == {
        "dedup": [("dedup-v2", ("same name", "same inputs", "same parallelism"))]
    }


def test_an_operator_with_another_name_and_the_same_inputs() -> None:
    new = graph(
        operator("source"), operator("unique", "source"), operator("sum", "unique"),
        operator("out", "sum"),
    )  # fmt: skip
    assert likely(OF_OLD, new, OLD) == {"dedup": [("unique", ("same inputs", "same parallelism"))]}


def test_what_was_found_again_leads_on_to_what_reads_from_it() -> None:
    new = graph(
        operator("source"), operator("a", "source"), operator("b", "a"), operator("out", "b")
    )
    found = likely(OF_OLD, new, OLD)
    assert {label: [one for one, _ in shared] for label, shared in found.items()} == {
        "dedup": ["a"],
        "sum": ["b"],
    }


def test_names_that_flink_2_stores_are_enough() -> None:
    stored = snapshot(entry("source"), entry("dedup", uid="dedup", name="dedup"), version=6)
    new = graph(operator("source"), operator("dedup-v2", "source", name="dedup"), version="2.3.0")
    assert likely(stored, new) == {"dedup": [("dedup-v2", ("same name", "same parallelism"))]}


def test_the_only_new_operator_for_the_only_lost_one() -> None:
    new = graph(operator("source"), operator("unique", "source", parallelism=3))
    lost = entry("dedup")
    assert likely(snapshot(entry("source"), lost), new) == {
        lost.id: [("unique", ("the only new operator",))]
    }


def test_one_that_reads_from_elsewhere_is_not_suspected() -> None:
    new = graph(operator("source"), operator("sum", "source"), operator("extra", "sum"))
    stored = snapshot(entry("source"), entry("dedup"), entry("sum"))
    assert likely(stored, new, OLD) == {"dedup": []}


def test_of_several_that_fit_all_are_said() -> None:
    new = graph(operator("source"), operator("a", "source"), operator("b", "source"))
    found = likely(snapshot(entry("source"), entry("dedup")), new, OLD)
    assert [one for one, _ in found["dedup"]] == ["a", "b"]


def test_a_generated_id_tells_what_it_was_made_of() -> None:
    source = generated_id(0, 0, [])
    first, second = generated_id(1, 0, [source]), generated_id(2, 0, [source])
    stored = snapshot(*(entry("", id=one) for one in (source, first, second)))
    new = graph(operator("s"), operator("a", "s"), operator("b", "s"))
    found = likely(stored, new)
    assert {key: [one for one, _ in shared] for key, shared in found.items()} == {
        source: ["s"],
        first: ["a"],
        second: ["b"],
    }


def test_an_operator_before_it_shifts_a_generated_id() -> None:
    source = generated_id(0, 0, [])
    before, after = generated_id(1, 0, [source]), generated_id(2, 0, [source])
    new = graph(
        operator("", id=source, uid=None, generated=True),
        operator("new", source),
        operator("", source, id=after, uid=None, name="count", generated=True),
    )
    found = likely(snapshot(entry("", id=source), entry("", id=before)), new)
    assert [one for one, _ in found[before]] == ["new", "count"]
