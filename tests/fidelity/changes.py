"""The changes of a declaration that are drawn, by their kind."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fidelity.ground import ADAPTIVE, NEWER, PLAIN

Change = dict[str, Any]
HERE = (PLAIN, ADAPTIVE)
EVERYWHERE = (PLAIN, ADAPTIVE, NEWER)

_ALL_LOST = {"operator": "*", "version": "2", "reason": "begun anew"}
_LARGEST_LOST = {"operator": "uid-largest", "version": "2", "reason": "nobody reads it"}


def _one(name: str, *values: Any) -> list[Change]:
    return [{name: value} for value in values]


IN_PLACE: Sequence[Change] = (
    *_one("description", "a", "b"),
    *_one("deadlines", {"stable": "20 s"}, {"stable": "25 s", "savepoint": "1 min"}),
    *_one("keep_savepoints", {"count": 1}, {"count": 2}, {"count": 3}, None),
    *_one("savepoints_in", "savepoints", "savepoints/elsewhere"),
    *_one("savepoint_format", "native", "canonical"),
    *_one("on_delete", "savepoint", "cancel", None),
    *_one("max_restore_age", "1 h", None),
    *({"upgrade_mode": mode, "fallback": None} for mode in ("savepoint", "stateless")),
    *[{"upgrade_mode": "last_state", "fallback": None}] * 2,
    {"upgrade_mode": "savepoint", "fallback": "last_state"},
    *[{"version": "2", "accept": [loss]} for loss in (_ALL_LOST, _LARGEST_LOST)] * 2,
    {"version": "3", "accept": None},
)
"""What does nothing to the job that runs, by itself."""

PROGRAM: Sequence[Change] = (
    *_one("parallelism", 1, 2, 3) * 2,
    *_one("args", ("--rate", "150"), ("--state-bytes", "100"), ("--keys", "12"), None),
    *_one("args", ("--checkpoint-interval", "0"), ("--checkpoint-interval", "500")),
    *_one("config", {"pipeline.object-reuse": "true"}, None),
    *_one("restart", "1", "2", None),
    *_one("jar", "stateful-v1", "stateful-v2"),
    *({"jar": f"stateful-v{n}", "with_graph": graph} for n in range(1, 6) for graph in (1, 0)),
    *_one("with_graph", True, False),
)
"""What makes it another program, or may."""

BROKEN: Sequence[Change] = ({"jar": "fails-in-main"}, {"entry_class": "org.acme.Missing"})
MENDED: Change = {"entry_class": None}
STATE: Sequence[Change] = tuple(_one("state", "suspended", "cancelled"))
MEDDLING = ("cancelled", "stopped", "saved", "suspended")


@dataclass(frozen=True)
class Act:
    """One change: `change`, and what depends on how things are.

    `move`: to which of the other clusters; `snapshot`: from which of those that there are;
    `by_hand`: what someone does before. `wakes`: a job that is down is declared running.
    """

    change: Mapping[str, Any] = field(default_factory=dict)
    move: int | None = None
    snapshot: int | None = None
    by_hand: str = ""
    wakes: bool = True


def acts(seed: int, count: int) -> list[Act]:
    """The same ones for the same seed."""
    rng = random.Random(seed)
    return [_act(rng) for _ in range(count)]


def _act(rng: random.Random) -> Act:
    number, wakes = rng.randrange(12), rng.random() < 0.8
    one, other = rng.choice(PROGRAM), rng.choice((*IN_PLACE, *PROGRAM, *STATE))
    kind = rng.choices(range(8), weights=(18, 26, 14, 7, 13, 6, 8, 8))[0]
    match kind:
        case 0:
            return Act(rng.choice(IN_PLACE), wakes=wakes)
        case 1:
            return Act(one, wakes=wakes)
        case 2:
            return Act({**one, **other}, wakes=wakes)
        case 3:
            return Act(rng.choice(STATE))
        case 4:
            return Act(rng.choice(({}, {}, one, other)), move=number)
        case 5:
            return Act(rng.choice(BROKEN))
        case 6:
            return Act(snapshot=number)
    return Act(by_hand=rng.choice(MEDDLING))
