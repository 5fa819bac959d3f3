"""Plans of a small stack, as literal values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flink_components.plan.changes import Change, Kind
from flink_components.plan.outcome import Does, RestoreKind
from flink_components.plan.plan import HIDDEN, Origin, Plan
from flink_components.plan.plan_json import as_json, deleted, of_stack
from flink_components.plan.state.judgement import Judgement
from flink_components.plan.state.losses import Refused
from flink_components.plan.state.verdict import Dropped, FoundBy, Matched, StateVerdict, Verdict

STACK = "acme/flink/prod"
WINDOW = Dropped("8b1f02aa" * 4, 1_234_567, ("keyed",), ("seen", "timers"), "dedup-window")
RULES = Matched("cafe" * 8, "rules", 42, FoundBy.UID, "cafe" * 8)
UPGRADE = Plan(
    key="payments/fraud",
    old_revision=7,
    new_revision=8,
    headline="RESTARTS WITH ITS STATE",
    changed=(
        Change("jar_content", "9f2c1111aa", "77b02222bb", Kind.RESTART),
        Change("args", HIDDEN, HIDDEN, Kind.RESTART),
    ),
    restore="a savepoint taken by this up, native, below s3://acme/payments/fraud/",
    state=Judgement(
        StateVerdict(Verdict.FULL, matched=(RULES,), size=42, max_parallelism=128), by="chk-7"
    ),
    does=Does.RESTARTS,
    origin=Origin(RestoreKind.NEW_SAVEPOINT, size=42),
    if_it_fails="r7 runs on",
    down=(48.0, 51.0, 61.0),
    stable="every task RUNNING; limit 14 min",
    way_back="r7 again from that savepoint",
    order=("stop with a savepoint", "start", "stable"),
)
REFUSED = replace(
    UPGRADE,
    key="payments/dedup",
    state=Judgement(
        StateVerdict(Verdict.PARTIAL, matched=(RULES,), dropped=(WINDOW,), size=1_234_609),
        refused=(Refused(WINDOW, "", '{"operator": "dedup-window"}'),),
    ),
).refusing("state would be lost: keep it, or accept each loss by name")
IN_PLACE = Plan(
    key="payments/totals",
    old_revision=3,
    new_revision=3,
    headline="RUNS ON",
    changed=(Change("description", None, "x | `y` @acme <b>", Kind.IN_PLACE),),
)
UNKNOWN = Plan(
    "payments/new",
    None,
    None,
    "UNKNOWN",
    unknown="what becomes of the job's state, since Flink can't be asked: no answer",
    does=Does.UNKNOWN,
)


def stack() -> dict[str, Any]:
    """The plans of these, of two that are upgraded alike, and of one that goes."""
    alike = [
        replace(UPGRADE, key=f"payments/{name}", old_revision=1, new_revision=2, down=())
        for name in ("counts", "rates")
    ]
    plans = [IN_PLACE, UNKNOWN, UPGRADE, REFUSED, *alike]
    gone = deleted("payments/old", "savepoint")
    return of_stack(STACK, [*map(as_json, plans), gone], ["payments/still"])
