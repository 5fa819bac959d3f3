"""The plan of a job for a machine: one JSON form with a version, described by a schema.

`docs/plan.schema.json` is that schema. A folder holds one such file a job while plans are gathered;
what was gathered is one file for the whole stack.
"""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from flink_components.plan.changes import Change
from flink_components.plan.outcome import Decisions, Does, RestoreKind
from flink_components.plan.plan import HIDDEN, Plan, shown

SCHEMA = 1
"""Version of the JSON form."""


def as_json(plan: Plan) -> dict[str, Any]:
    """One job; `text` is the plan as it is printed."""
    decisions = plan.decisions
    return {
        "key": plan.key,
        "headline": plan.headline,
        "old_revision": plan.old_revision,
        "new_revision": plan.new_revision,
        "decisions": decisions.to_json(),
        "digest": decisions.digest,
        "changes": [_change(one) for one in plan.changed],
        "restore": _restore(plan),
        "state": _state(plan),
        "interruption": _interruption(plan),
        "needs": plan.needs or None,
        "stable": plan.stable or None,
        "way_back": plan.way_back or None,
        "why": plan.why or None,
        "unfinished": plan.unfinished or None,
        "refused": plan.refused,
        "unknown": plan.unknown,
        "text": plan.text(),
    }


def of_stack(
    stack: str, jobs: Iterable[Mapping[str, Any]], untouched: Iterable[str]
) -> dict[str, Any]:
    """The plans of a stack, `organization/project/stack`; `untouched` are the keys of the rest."""
    return {
        "schema_version": SCHEMA,
        "stack": stack,
        "jobs": sorted((dict(job) for job in jobs), key=lambda job: str(job["key"])),
        "untouched": sorted(untouched),
    }


def deleted(key: str, action: str) -> dict[str, Any]:
    """The plan of a job that the program no longer declares. `action`: its `on_delete`."""
    restore = RestoreKind.NEW_SAVEPOINT if action == "savepoint" else RestoreKind.NOTHING
    words = {
        "savepoint": "it is stopped with a savepoint, which stays",
        "cancel": "it is cancelled, and no savepoint is taken",
        "keep": "it runs on, and nobody manages it",
    }
    found = Plan(key, None, None, "IS DELETED", why=words[action], does=Does.DELETES)
    decisions = Decisions(does=Does.DELETES, restore=restore, order=(action,))
    return as_json(found) | {"decisions": decisions.to_json(), "digest": decisions.digest}


def _change(change: Change) -> dict[str, Any]:
    old, new = shown(change)
    return {
        "field": change.field,
        "old": None if change.old is None else old,
        "new": None if change.new is None else new,
        "kind": change.kind.value,
        "secret": HIDDEN in (change.old, change.new),
    }


def _restore(plan: Plan) -> dict[str, Any] | None:
    if not plan.restore:
        return None
    origin = plan.origin
    return {
        "kind": origin.kind.value,
        "text": plan.restore,
        "path": origin.path,
        "size": origin.size,
        "taken_at": origin.at,
        "if_it_fails": plan.if_it_fails or None,
    }


def _state(plan: Plan) -> dict[str, Any] | None:
    if plan.state is None:
        return None
    # Not loaded by a program whose jobs keep their state untouched.
    from flink_components.plan.state.rendering import as_json as verdict_as_json

    return {
        **verdict_as_json(plan.state.verdict, plan.state.refused),
        "accepted": [
            {"operator": one.dropped.id, "by": one.by.operator, "size": one.dropped.size}
            for one in plan.state.accepted
        ],
        "judged_by": plan.state.by or None,
        "graph": plan.state.graph or None,
    }


def _interruption(plan: Plan) -> dict[str, Any] | None:
    if not plan.down:
        return None
    return {"expected_seconds": median(plan.down), "last_seconds": list(plan.down)}
