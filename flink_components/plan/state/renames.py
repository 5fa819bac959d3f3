"""Which new operator may be a lost one whose id has changed: "did the uid change?"."""

from collections.abc import Iterable, Mapping, Sequence

from flink_components.flink.job_graph import Operator
from flink_components.plan.state.before import Before
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
    lost = [before[entry.id] for entry in match.lost]
    became = {entry.id: operator.id for entry, operator in match.taken}
    found: dict[str, tuple[Candidate, ...]] = {}
    free = list(match.new)
    for evidence in (_by_name, _by_inputs):
        # what was found again leads on to what reads from it
        while step := evidence(lost, free, became):
            old, operators = step
            found[old.state.id] = tuple(_candidate(old, one, became) for one in operators)
            lost.remove(old)
            if len(operators) == 1:
                became[old.state.id] = operators[0].id
                free.remove(operators[0])
    stateful = [old for old in lost if old.state.stateful]
    if len(stateful) == len(free) == 1 and _can_be(stateful[0], free[0], became):
        (old,), (operator,) = stateful, free
        found[old.state.id] = (_candidate(old, operator, became, ONLY_ONE),)
    return found


def new_operator(operator: Operator) -> New:
    """An operator that the snapshot does not know."""
    return New(operator.id, operator.label, operator.uid)


_Step = tuple[Before, Sequence[Operator]] | None


def _by_name(lost: Iterable[Before], free: Sequence[Operator], _: Mapping[str, str]) -> _Step:
    for old in lost:
        operators = [operator for operator in free if _same_name(old, operator)]
        if operators:
            return old, operators
    return None


def _by_inputs(
    lost: Iterable[Before], free: Sequence[Operator], became: Mapping[str, str]
) -> _Step:
    for old in lost:
        operators = [operator for operator in free if _same_inputs(old, operator, became)]
        operators = [one for one in operators if not _differs_in_name(old, one)] or operators
        if operators:
            return old, operators
    return None


def _same_name(old: Before, operator: Operator) -> bool:
    return old.name is not None and old.name == operator.name


def _differs_in_name(old: Before, operator: Operator) -> bool:
    return old.name is not None and old.name != operator.name


def _same_inputs(old: Before, operator: Operator, became: Mapping[str, str]) -> bool:
    if old.inputs is None or len(old.inputs) != len(operator.inputs):
        return False
    return [became.get(one) for one in old.inputs] == list(operator.inputs)


def _can_be(old: Before, operator: Operator, became: Mapping[str, str]) -> bool:
    """Nothing that is known of them speaks against it: a source stays one."""
    if old.inputs is None:
        return True
    return bool(old.inputs) == bool(operator.inputs)


def _candidate(old: Before, operator: Operator, became: Mapping[str, str], *more: str) -> Candidate:
    shared = (
        (SAME_NAME, _same_name(old, operator)),
        (
            SAME_INPUTS if operator.inputs else SOURCE_TOO,
            _same_inputs(old, operator, became),
        ),
        (SAME_PARALLELISM, old.state.parallelism == operator.parallelism),
    )
    return Candidate(new_operator(operator), (*(words for words, holds in shared if holds), *more))
