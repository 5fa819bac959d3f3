"""A state verdict in words, as lines under labels: what text and Markdown have in common."""

from collections import Counter
from collections.abc import Iterator, Sequence

from flink_components.plan.state.losses import Refused, size_text
from flink_components.plan.state.verdict import Candidate, Dropped, Matched, StateVerdict, Verdict

Facts = list[tuple[str, list[str]]]
_MOST = 20
"""Of one kind are listed; how many more there are is said."""


def headline(verdict: StateVerdict) -> str:
    """The verdict in one line."""
    word = verdict.verdict.value.upper()
    if verdict.verdict is Verdict.UNKNOWN:
        return f"{word}: {verdict.reason}"
    if verdict.obstacles:
        return f"{word}: Flink would refuse this restore"
    if verdict.stateful == 0:
        return f"{word}: the snapshot holds no state"
    parts = [
        f"{word}: {len(verdict.matched)} of {verdict.stateful} stateful operators find theirs"
        f"{_ways(verdict.matched)}",
        size_text(verdict.size),
    ]
    if verdict.max_parallelism is not None:
        parts.append(f"max parallelism {verdict.max_parallelism}")
    return "; ".join(parts)


def facts(verdict: StateVerdict, refused: Sequence[Refused] = ()) -> Facts:
    """What there is to say besides the headline; `refused` are the losses not accepted.

    The first lines have no label: they go on from the headline.
    """
    found: Facts = [("", [*_some(verdict.obstacles), *_moves(verdict)])]
    found += [("likely", _some(list(_likely(verdict.dropped))))]
    found += [("do one", _ways_out(refused))]
    if verdict.fragile:
        names = ", ".join(_some([fragile.label for fragile in verdict.fragile]))
        found.append(("no uid", [f"{names}: the next change of the graph may change their ids"]))
    found.append(("unproven", list(verdict.unproven)))
    return [(label, lines) for label, lines in found if lines]


def _ways(matched: Sequence[Matched]) -> str:
    ways = Counter(one.by.value for one in matched)
    if len(ways) == 1:
        return f" by {next(iter(ways))}"
    counted = ", ".join(f"{count} by {way}" for way, count in ways.most_common())
    return f" ({counted})" if counted else ""


def _moves(verdict: StateVerdict) -> list[str]:
    if verdict.verdict is Verdict.UNKNOWN:
        return []
    lines = _some([f"{lost(dropped)}: no operator takes it" for dropped in verdict.dropped])
    new = ", ".join(_some([new.label for new in verdict.new]))
    if new:
        lines.append(f"new, starts empty: {new}")
    return lines


def lost(dropped: Dropped) -> str:
    """An operator whose state is lost: what it is, how much, and of what names."""
    named = dropped.label if dropped.label == dropped.id else f"{dropped.label} ({dropped.id[:6]}…)"
    states = f", states {' + '.join(dropped.states)}" if dropped.states else ""
    return f"{named} {' + '.join(dropped.parts)}, {size_text(dropped.size)}{states}"


def _likely(dropped: Sequence[Dropped]) -> Iterator[str]:
    for one in dropped:
        for candidate in one.candidates:
            shared = ", ".join(candidate.why)
            yield f"{_change(one, candidate)}: {candidate.operator.label} is new, {shared}"


def _change(dropped: Dropped, candidate: Candidate) -> str:
    if dropped.uid is None:
        return f"the id of {dropped.label} changed"
    return f"the uid of {dropped.label} {'changed' if candidate.operator.uid else 'was removed'}"


def _ways_out(refused: Sequence[Refused]) -> list[str]:
    lines = []
    for loss in refused[:_MOST]:
        dropped = loss.dropped
        if dropped.uid:
            lines.append(f'keep .uid("{dropped.uid}")')
        lines += [
            f'.setUidHash("{dropped.id}") on {candidate.operator.label}, for one release'
            for candidate in dropped.candidates
        ]
    accepting = [loss.line for loss in refused if loss.line]
    if len(accepting) == 1:
        lines.append(f"accept=[{accepting[0]}]")
    elif accepting:
        lines += ["accept=[", *(f"  {line}," for line in accepting), "]"]
    return lines + [f"{loss.dropped.label}: {loss.why}" for loss in refused if loss.why]


def _some(lines: Sequence[str]) -> list[str]:
    left = len(lines) - _MOST
    return [*lines[:_MOST], *([f"… and {left} more"] if left > 0 else [])]
