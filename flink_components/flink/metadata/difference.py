"""What differs between two snapshots, operator by operator."""

from dataclasses import dataclass
from typing import Any

from flink_components.flink.metadata.contents import OperatorState, Snapshot
from flink_components.flink.metadata.types import state_text

_FIELDS = ("uid", "name", "parallelism", "max_parallelism", "finished", "parts", "keyed")


@dataclass(frozen=True, slots=True)
class OperatorDifference:
    """An operator that one of two snapshots does not have, or that is another in each.

    `before` is None where it is new, `after` where it is gone. A difference of size alone is none.
    """

    before: OperatorState | None
    after: OperatorState | None
    fields: tuple[tuple[str, Any, Any], ...] = ()
    """Name, before, after."""
    states: tuple[tuple[str, str, str], ...] = ()
    """Name, and kind and types before and after; empty where there is no such state."""


def difference(before: Snapshot, after: Snapshot) -> tuple[OperatorDifference, ...]:
    """Operators are matched by their ids, as Flink does at a restore."""
    old = {operator.id: operator for operator in before.operators}
    new = {operator.id: operator for operator in after.operators}
    gone = (OperatorDifference(was, None) for key, was in old.items() if key not in new)
    added = (OperatorDifference(None, now) for key, now in new.items() if key not in old)
    both = (_changed(was, new[key]) for key, was in old.items() if key in new)
    return (*gone, *added, *(found for found in both if found.fields or found.states))


def _changed(before: OperatorState, after: OperatorState) -> OperatorDifference:
    values = ((name, getattr(before, name), getattr(after, name)) for name in _FIELDS)
    # names are not written before Flink 2.0: one that is not known is no other one
    fields = tuple(one for one in values if one[1] != one[2] and None not in one)
    old, new = _states(before), _states(after)
    unread = before.unread or after.unread
    states = tuple(
        (name, old.get(name, ""), new.get(name, ""))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name) and not (unread and not (old.get(name) and new.get(name)))
    )
    return OperatorDifference(before, after, fields, states)


def _states(operator: OperatorState) -> dict[str, str]:
    return {state.name: f"{state.kind} {state_text(state)}".strip() for state in operator.states}
