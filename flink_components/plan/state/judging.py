"""The state verdict: what a new program would find of a snapshot."""

from collections.abc import Sequence

from flink_components.flink.job_graph import JobGraph, Operator
from flink_components.flink.metadata.contents import OperatorState, Snapshot
from flink_components.plan.state.before import operators_before
from flink_components.plan.state.limits import Target, obstacles, unproven
from flink_components.plan.state.matching import Match, match
from flink_components.plan.state.renames import candidates, new_operator
from flink_components.plan.state.verdict import (
    Dropped,
    FoundBy,
    Matched,
    StateVerdict,
    Verdict,
)
from flink_components.spec.version import minor_of


def judge(
    snapshot: Snapshot,
    graph: JobGraph,
    target: Target,
    earlier: JobGraph | None = None,
    missing: Sequence[str] = (),
) -> StateVerdict:
    """What becomes of the state in `snapshot` when `graph` goes on from it.

    `earlier` is the graph of the program that wrote it, where it is known: it names what is lost.
    `missing` are files that the snapshot leans on and that are not there.
    """
    matched = match(snapshot, graph)
    found = tuple(_matched(entry, operator) for entry, operator in matched.taken if entry.stateful)
    dropped = _dropped(snapshot, matched, graph, earlier)
    problems = [*filter(None, [incomplete(missing)]), *obstacles(snapshot, matched, target)]
    other_ids = _ids_of_another_flink(graph, target) if dropped and not problems else ""
    if other_ids:
        return unknown(other_ids, snapshot)
    return StateVerdict(
        verdict=_in_a_word(bool(found), bool(dropped), bool(problems)),
        matched=found,
        new=tuple(new_operator(operator) for operator in matched.new),
        dropped=dropped,
        obstacles=tuple(problems),
        unproven=tuple(unproven(snapshot, matched, graph, target)),
        size=snapshot.size,
        max_parallelism=min((one.max_parallelism for one in snapshot.operators), default=None),
        read=snapshot.bytes_read,
    )


def unknown(reason: str, snapshot: Snapshot | None = None) -> StateVerdict:
    """The verdict where the graph, or the snapshot, can't be had; `reason` says which and why."""
    return StateVerdict(
        Verdict.UNKNOWN, reason=reason, size=snapshot.size if snapshot is not None else 0
    )


def unreadable(problem: str) -> StateVerdict:
    """The verdict on a snapshot that was reached, and is missing or damaged: Flink refuses it."""
    return StateVerdict(Verdict.INCOMPATIBLE, obstacles=(problem,))


def _in_a_word(keeps: bool, loses: bool, refused: bool) -> Verdict:
    if refused or (loses and not keeps):
        return Verdict.INCOMPATIBLE
    return Verdict.PARTIAL if loses else Verdict.FULL


def incomplete(missing: Sequence[str]) -> str:
    """What is said of a snapshot without these files; "" where none is missing."""
    if not missing:
        return ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    verb = "are" if more else "is"
    return f"the snapshot is incomplete: {missing[0]}{more} {verb} missing: take another one"


def _ids_of_another_flink(graph: JobGraph, target: Target) -> str:
    """Why nobody knows the ids that the program will have; "" where they are known.

    What seems lost may be found: another Flink chains otherwise, and so generates other ids.
    """
    made, runs = graph.flink_version, target.flink_version
    if minor_of(made) == minor_of(runs) or not any(one.generated for one in graph.operators):
        return ""
    return (
        f"the job graph was made by Flink {made}, and on Flink {runs} operators without a uid may "
        f"have other ids: make it again with Flink {runs}"
    )


def _matched(entry: OperatorState, operator: Operator) -> Matched:
    by = FoundBy.GENERATED if operator.generated else FoundBy.UID
    if entry.id != operator.id:
        by = FoundBy.UID_HASH
    return Matched(operator.id, operator.label, entry.size, by, entry.id)


def _dropped(
    snapshot: Snapshot, matched: Match, graph: JobGraph, earlier: JobGraph | None
) -> tuple[Dropped, ...]:
    lost = [entry for entry in matched.lost if entry.stateful]
    if not lost:
        return ()
    before = operators_before(snapshot, graph, earlier)
    likely = candidates(matched, before)
    return tuple(
        Dropped(
            id=entry.id,
            size=entry.size,
            parts=entry.parts,
            states=_state_names(entry),
            uid=before[entry.id].uid,
            name=before[entry.id].name,
            candidates=likely.get(entry.id, ()),
        )
        for entry in lost
    )


def _state_names(entry: OperatorState) -> tuple[str, ...]:
    """As the program calls them; Flink has several states for timers."""
    names = ("timers" if state.kind == "timers" else state.name for state in entry.states)
    return tuple(dict.fromkeys(names))
