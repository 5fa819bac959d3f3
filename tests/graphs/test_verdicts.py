"""The verdict on a snapshot and a new program, against what a real Flink does with the two.

A few of the pairs run in `make test`, all with `--matrix`.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

import pytest

from flink_components.flink.metadata.reading import read_snapshot
from flink_components.plan.state.judging import judge
from flink_components.plan.state.limits import Target
from flink_components.plan.state.verdict import StateVerdict, Verdict
from tests.graphs.programs import Lab, Variant

FULL, PARTIAL, INCOMPATIBLE = Verdict.FULL, Verdict.PARTIAL, Verdict.INCOMPATIBLE
SEED = 7
# what `unproven` names in every verdict
ONLY_THE_RESTORE_TELLS = ("must not be incompatible", "must be compatible")


def shapes(*args: str, parallelism: int = 1) -> Variant:
    return Variant("shapes", args, parallelism)


BASE, NO_UIDS = shapes(), shapes("uids=none")
OF_COUNT = "353a6b34b8b7f1c1d0fb4616d911049c"
"""The id that `count` has without a uid."""
EXAMPLES = [
    (Variant(f"stateful-v{old}"), Variant(f"stateful-v{new}"), None)
    for old, new in [*permutations(range(1, 6), 2), (1, 1), (5, 5)]
]
SHAPES = [
    (BASE, BASE, FULL),
    (BASE, shapes(parallelism=3), FULL),
    (BASE, shapes("max=128"), FULL),
    (BASE, shapes("max=256"), INCOMPATIBLE),
    (BASE, shapes("max=64"), INCOMPATIBLE),
    (BASE, shapes("max.count=256"), INCOMPATIBLE),
    (BASE, shapes("max.tag=256"), INCOMPATIBLE),
    (shapes("max=2"), shapes("max=2", parallelism=2), FULL),
    (shapes("max=2"), shapes(parallelism=3), INCOMPATIBLE),
    (shapes("max.tag=2"), shapes("parallelism.tag=3"), FULL),
    (shapes("max.plain=2", "chaining=off"), shapes(parallelism=3), INCOMPATIBLE),
    (shapes("max.plain=2", "chaining=off"), BASE, FULL),
    (BASE, shapes("without=total"), PARTIAL),
    (BASE, shapes("extra=first"), FULL),
    (BASE, shapes("extra=last"), FULL),
    (BASE, shapes("chaining=off"), FULL),
    (BASE, shapes("uid.count=count-v2"), PARTIAL),
    (BASE, shapes("uid.tag=tag-v2"), FULL),
    (BASE, shapes("uid.a=a-v2"), PARTIAL),
    (BASE, NO_UIDS, INCOMPATIBLE),
    (BASE, shapes("text=count"), FULL),
    (shapes("extra=last"), BASE, PARTIAL),
    (NO_UIDS, NO_UIDS, FULL),
    (NO_UIDS, BASE, INCOMPATIBLE),
    (NO_UIDS, shapes("uids=none", parallelism=2), FULL),
    (NO_UIDS, shapes("uids=none", "parallelism.plain=2"), PARTIAL),
    (NO_UIDS, shapes("uids=none", "chaining=off"), PARTIAL),
    (NO_UIDS, shapes("uids=none", "extra=first"), PARTIAL),
    (NO_UIDS, shapes("uids=none", "extra=last"), FULL),
    (NO_UIDS, shapes("uids=none", "without=total"), PARTIAL),
    (NO_UIDS, shapes(f"hash.count={OF_COUNT}"), PARTIAL),
    (NO_UIDS, shapes("uids=none", f"hash.count={OF_COUNT}"), FULL),
]
PAIRS = [*SHAPES, *EXAMPLES]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pair" in metafunc.fixturenames:
        every = metafunc.config.getoption("--matrix")
        chosen = PAIRS if every else random.Random(SEED).sample(PAIRS, 3)
        metafunc.parametrize("pair", chosen, ids=lambda pair: f"{pair[0]} -> {pair[1]}")


@pytest.mark.newest_alone
def test_the_verdict_says_what_flink_does(
    graph_lab: Lab, pair: tuple[Variant, Variant, Verdict | None]
) -> None:
    old, new, expected = pair
    savepoint = graph_lab.savepoint(old)
    target = Target(graph_lab.flink.version)
    verdict = judge(read_snapshot(savepoint), graph_lab.graph(new), target, graph_lab.graph(old))
    assert expected in (None, verdict.verdict), verdict

    outcome = graph_lab.restore(new, savepoint)
    if verdict.verdict is FULL:
        proven = outcome.runs or any(text in outcome.cause for text in ONLY_THE_RESTORE_TELLS)
        assert proven, f"{outcome.cause} of {verdict}"
        return
    assert not outcome.runs, verdict
    allowed = graph_lab.restore(new, savepoint, allow_loss=True)
    unread = any(text in allowed.cause for text in ONLY_THE_RESTORE_TELLS)
    assert (allowed.runs or unread) is not bool(verdict.obstacles), f"{allowed} of {verdict}"


def _likely(verdict: StateVerdict) -> dict[str, list[str]]:
    return {d.label: [c.operator.label for c in d.candidates] for d in verdict.dropped}


@pytest.mark.newest_alone
def test_a_changed_uid_is_suspected_and_the_line_that_keeps_it_keeps_it(graph_lab: Lab) -> None:
    savepoint, new = graph_lab.savepoint(BASE), shapes("uid.count=count-v2")
    snapshot, target = read_snapshot(savepoint), Target(graph_lab.flink.version)
    verdict = judge(snapshot, graph_lab.graph(new), target, graph_lab.graph(BASE))
    assert _likely(verdict) == {"count": ["count-v2"]}

    (dropped,) = verdict.dropped
    kept = shapes("uid.count=count-v2", f"hash.count={dropped.id}")
    assert judge(snapshot, graph_lab.graph(kept), target).verdict is FULL
    assert graph_lab.restore(kept, savepoint).runs


@pytest.mark.newest_alone
def test_uids_given_to_a_job_without_any_are_traced_back_by_the_ids_alone(graph_lab: Lab) -> None:
    snapshot = read_snapshot(graph_lab.savepoint(NO_UIDS))
    nameless = [replace(entry, name=None) for entry in snapshot.operators]
    snapshot = replace(snapshot, operators=tuple(nameless))
    verdict = judge(snapshot, graph_lab.graph(BASE), Target(graph_lab.flink.version))
    ids = {operator.id: operator.name for operator in graph_lab.graph(NO_UIDS).operators}
    assert {
        ids[dropped.id]: [candidate.operator.label for candidate in dropped.candidates]
        for dropped in verdict.dropped
    } == {
        "Source: a": ["a"],
        "Source: b": ["b"],
        "count": ["count"],
        "total": ["total"],
        "join": ["join"],
    }
