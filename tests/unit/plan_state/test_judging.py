"""The verdict in a word, and who takes what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flink_components.plan.state.judging import judge, unknown, unreadable
from flink_components.plan.state.limits import Target
from flink_components.plan.state.verdict import FoundBy, Matched, Verdict
from tests.unit.doubles.job_graphs import entry, graph, operator, snapshot

TARGET = Target("1.20.3")
OLD_ID = "8b1f0200000000000000000000000001"


def test_every_operator_finds_its_own() -> None:
    new = graph(operator("source"), operator("count", "source"))
    verdict = judge(snapshot(entry("source", 10), entry("count", 32)), new, TARGET)
    assert verdict.verdict is Verdict.FULL
    assert [(one.label, one.size, one.by) for one in verdict.matched] == [
        ("source", 10, FoundBy.UID),
        ("count", 32, FoundBy.UID),
    ]
    assert (verdict.dropped, verdict.new, verdict.size, verdict.max_parallelism) == (
        (),
        (),
        42,
        128,
    )


def test_a_new_operator_starts_empty_and_harms_nothing() -> None:
    new = graph(operator("source"), operator("score", "source"))
    verdict = judge(snapshot(entry("source")), new, TARGET)
    assert verdict.verdict is Verdict.FULL
    assert [one.label for one in verdict.new] == ["score"]


def test_state_without_a_taker_is_lost() -> None:
    verdict = judge(snapshot(entry("source"), entry("count")), graph(operator("source")), TARGET)
    assert verdict.verdict is Verdict.PARTIAL
    assert [one.size for one in verdict.dropped] == [1 << 30]


def test_where_nothing_is_taken_it_is_incompatible() -> None:
    verdict = judge(snapshot(entry("count")), graph(operator("source")), TARGET)
    assert verdict.verdict is Verdict.INCOMPATIBLE
    assert verdict.obstacles == ()


def test_an_operator_without_state_may_go() -> None:
    verdict = judge(snapshot(entry("source"), entry("map", 0)), graph(operator("source")), TARGET)
    assert verdict.verdict is Verdict.FULL


def test_a_snapshot_without_state_fits_everything() -> None:
    verdict = judge(snapshot(entry("map", 0)), graph(operator("source")), TARGET)
    assert (verdict.verdict, verdict.stateful, verdict.unproven) == (Verdict.FULL, 0, ())


def test_set_uid_hash_finds_the_state_of_the_former_id() -> None:
    renamed = operator("count-v2", uid_hash=OLD_ID)
    verdict = judge(snapshot(entry("", id=OLD_ID)), graph(renamed), TARGET)
    assert verdict.verdict is Verdict.FULL
    assert verdict.matched == (Matched(renamed.id, "count-v2", 1 << 30, FoundBy.UID_HASH, OLD_ID),)


def test_set_uid_hash_goes_before_the_operators_own_id_and_loses_its_state() -> None:
    renamed = operator("count-v2", uid_hash=OLD_ID)
    verdict = judge(snapshot(entry("", id=OLD_ID), entry("count-v2")), graph(renamed), TARGET)
    assert verdict.verdict is Verdict.PARTIAL
    assert [one.id for one in verdict.dropped] == [renamed.id]


def test_an_operator_found_by_a_generated_id_is_fragile() -> None:
    generated = operator("", id=OLD_ID, uid=None, name="count", generated=True)
    verdict = judge(snapshot(entry("", id=OLD_ID)), graph(generated), TARGET)
    assert verdict.matched[0].by is FoundBy.GENERATED
    assert [one.label for one in verdict.fragile] == ["count"]


def test_ids_that_another_flink_has_generated_prove_no_loss() -> None:
    made = graph(operator("source"), operator("", id="2" * 32, uid=None, name="b", generated=True))
    stored = snapshot(entry("source"), entry("", id="1" * 32))
    found = judge(stored, made, Target("2.3.0"))
    assert found.verdict is Verdict.UNKNOWN
    assert found.reason == (
        "the job graph was made by Flink 1.20.3, and on Flink 2.3.0 operators without a uid may "
        "have other ids: make it again with Flink 2.3.0"
    )
    assert judge(stored, made, Target("1.20.1")).verdict is Verdict.PARTIAL


def test_uids_are_the_same_for_every_flink() -> None:
    found = judge(snapshot(entry("source"), entry("b")), graph(operator("source")), Target("2.3.0"))
    assert found.verdict is Verdict.PARTIAL


def test_missing_files_make_it_incompatible() -> None:
    files = ["s3://b/chk-1/a", "s3://b/chk-1/b", "s3://b/chk-1/c"]
    verdict = judge(snapshot(entry("source")), graph(operator("source")), TARGET, missing=files)
    assert verdict.verdict is Verdict.INCOMPATIBLE
    assert verdict.obstacles == (
        "the snapshot is incomplete: s3://b/chk-1/a and 2 more are missing: take another one",
    )


def test_what_cannot_be_had_is_unknown_and_what_is_damaged_is_refused() -> None:
    assert unknown("no graph").verdict is Verdict.UNKNOWN
    assert unreadable("s3://b/_metadata is not there").verdict is Verdict.INCOMPATIBLE


NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(NAMES, NAMES)
def test_every_state_is_taken_or_lost_and_every_operator_takes_or_is_new(
    old: list[str], new: list[str]
) -> None:
    graph_of_new = graph(*map(operator, [*new, "always"]))
    verdict = judge(snapshot(*map(entry, old)), graph_of_new, TARGET)
    assert len(verdict.matched) + len(verdict.dropped) == len(old)
    assert len(verdict.matched) + len(verdict.new) == len(new) + 1
    kept = set(old) & set(new)
    assert {one.label for one in verdict.matched} == kept
    assert (verdict.verdict is Verdict.FULL) is (set(old) <= set(new))
    assert (verdict.verdict is Verdict.PARTIAL) is (bool(kept) and not set(old) <= set(new))
