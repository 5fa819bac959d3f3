"""Which new operator may be a lost one whose id has changed: "did the uid change?"."""

from collections.abc import Callable, Mapping, Sequence

from flink_components.flink.job_graph import Operator
from flink_components.plan.state.before import Before, Place
from flink_components.plan.state.matching import Match
from flink_components.plan.state.verdict import Candidate, New

SAME_NAME = "same name"
SAME_INPUTS = "same inputs"
SOURCE_TOO = "a source, too"
SAME_PARALLELISM = "same parallelism"
ONLY_ONE = "the only new operator"


def candidates(match: Match, before: Mapping[str, Before]) -> dict[str, tuple[Candidate, ...]]:
    """By the id of each lost operator: the likely one first, none where nothing speaks for any.

    A name says more than the inputs do: where the name is found again, the inputs are not asked.
    """
    every = [before[entry.id] for entry in match.lost]
    became = {entry.id: operator.id for entry, operator in match.taken}
    found: dict[str, list[Operator]] = {}
    lost, free = list(every), list(match.new)
    for evidence in (_by_name, _by_inputs):
        # what was found again leads on to what reads from it
        while step := _step(evidence, lost, free, became):
            old, operators = step
            operators = _in_turn(old, operators, every, became)
            found[old.state.id] = operators
            lost.remove(old)
            if len(operators) == 1:
                became[old.state.id] = operators[0].id
                free.remove(operators[0])
    stateful = [old for old in lost if old.state.stateful]
    if len(stateful) == len(free) == 1 and _can_be(stateful[0], free[0], became):
        found[stateful[0].state.id] = free
    return {
        key: tuple(_candidate(before[key], operator, became) for operator in operators)
        for key, operators in found.items()
    }


def new_operator(operator: Operator) -> New:
    """An operator that the snapshot does not know."""
    return New(operator.id, operator.label, operator.uid)


_Became = Mapping[str, str]
"""The id in the new graph of each operator of the old that was found again."""
_Evidence = Callable[[Before, Operator, _Became], bool]


def _step(
    holds: _Evidence, lost: Sequence[Before], free: Sequence[Operator], became: _Became
) -> tuple[Before, list[Operator]] | None:
    """The first lost operator for which the evidence holds, and those for which it does."""
    for old in lost:
        operators = [operator for operator in free if holds(old, operator, became)]
        if operators:
            return old, operators
    return None


def _in_turn(
    old: Before, operators: list[Operator], every: Sequence[Before], became: _Became
) -> list[Operator]:
    """Of as many operators as had the same inputs, the one whose turn it is."""
    if old.place is None:
        return operators
    rivals = {
        other.place.order: other
        for other in every
        if other.place and other.place.inputs == old.place.inputs
        if other.state.id not in became
    }
    if len(rivals) != len(operators):
        return operators
    return [operators[sorted(rivals).index(old.place.order)]]


def _by_name(old: Before, operator: Operator, _: _Became) -> bool:
    return old.name is not None and old.name == operator.name


def _by_inputs(old: Before, operator: Operator, became: _Became) -> bool:
    return old.place is not None and _now(old.place, became) == operator.inputs


def _now(place: Place, became: _Became) -> tuple[str | None, ...]:
    return tuple(map(became.get, place.inputs))


def _can_be(old: Before, operator: Operator, became: _Became) -> bool:
    """Nothing that is known of them speaks against it: a source stays one."""
    if old.place is None:
        return True
    return None in _now(old.place, became) and bool(operator.inputs)


def _candidate(old: Before, operator: Operator, became: _Became) -> Candidate:
    name, inputs = _by_name(old, operator, became), _by_inputs(old, operator, became)
    shared = (
        (ONLY_ONE, not (name or inputs)),
        (SAME_NAME, name),
        (SAME_INPUTS if operator.inputs else SOURCE_TOO, inputs),
        (SAME_PARALLELISM, old.state.parallelism == operator.parallelism),
    )
    return Candidate(new_operator(operator), tuple(words for words, holds in shared if holds))
