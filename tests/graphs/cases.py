"""Cases of a restore, drawn from all that may differ between a snapshot and its restore."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from sandbox.images import DEFAULT_VERSIONS
from tests.graphs.programs import Keeping, Variant

SEED = 7
COUNT = 160
OLDER, NEWER = DEFAULT_VERSIONS[0], DEFAULT_VERSIONS[-1]
OF_COUNT = "353a6b34b8b7f1c1d0fb4616d911049c"
"""The id that `count` has without a uid."""

Args = dict[str, str]


class GraphFrom(str, Enum):
    """What the job graph of the new program was read from."""

    DRIVER = "its driver"
    CLUSTER = "the cluster's plans"
    OTHER_FLINK = "another Flink's driver"


class Damage(str, Enum):
    """What became of the snapshot before it is restored."""

    NONE = ""
    GONE = "snapshot gone"
    CUT = "metadata cut off"
    FILE_GONE = "a state file gone"


@dataclass(frozen=True)
class Case:
    """A program, how it kept its state and on what, and the program that is to go on from that.

    `told`: the verdict is told the new program's state backend.
    """

    old: Variant
    keeping: Keeping
    written_by: str
    new: Variant
    backend: str
    version: str
    graph: GraphFrom = GraphFrom.DRIVER
    told: bool = True
    damage: Damage = Damage.NONE

    def __str__(self) -> str:
        keeps = [str(self.keeping), self.backend, "" if self.told else "untold", self.damage.value]
        said = ", ".join(filter(None, [*keeps, self.graph.value]))
        return f"{self.old} ({self.written_by}) -> {self.new} ({self.version}): {said}"


OLD: tuple[tuple[Args, int], ...] = (
    ({}, 1),
    ({}, 2),
    ({"uids": "none"}, 1),
    ({"uids": "none"}, 2),
    ({"max": "128"}, 2),
    ({"max": "4"}, 1),
    ({"max.count": "8"}, 1),
    ({"chaining": "off"}, 1),
    ({"extra": "last"}, 1),
    ({"more.count": "second"}, 1),
    ({"text": "total"}, 1),
    ({"uids": "none", "chaining": "off"}, 1),
)
"""Programs whose snapshots are restored: arguments and parallelism."""

CHANGES: dict[str, Args] = {
    "nothing": {},
    "a uid changed": {"uid.count": "count-v2"},
    "a source's uid changed": {"uid.a": "a-v2"},
    "a stateless operator's uid changed": {"uid.tag": "tag-v2"},
    "no uids": {"uids": "none"},
    "uids": {"uids": "all"},
    "an operator removed": {"without": "total"},
    "an operator added before": {"extra": "first"},
    "an operator added behind": {"extra": "last"},
    "not chained": {"chaining": "off"},
    "chained": {"chaining": "on"},
    "max parallelism set": {"max": "128"},
    "max parallelism raised": {"max": "256"},
    "max parallelism lowered": {"max": "2"},
    "an operator's max parallelism": {"max.count": "64"},
    "a state renamed": {"state.count": "renamed"},
    "a state retyped": {"text": "count"},
    "a state added": {"more.total": "second"},
    "a state removed": {"more.count": ""},
    "no state left": {"empty": "count"},
    "an operator's parallelism": {"parallelism.tag": "3"},
    "a hash given": {"hash.count": OF_COUNT},
}
"""What may be changed in a program, by what it is."""

_PARALLELISM = (None, None, None, 1, 2, 3)
_VERSIONS = ((OLDER, OLDER), (OLDER, OLDER), (NEWER, NEWER), (OLDER, NEWER), (NEWER, OLDER))
_BACKENDS = ("hashmap", "rocksdb")
_KINDS = ("native", "native", "canonical", "checkpoint")
_GRAPHS = (*[GraphFrom.DRIVER] * 6, *[GraphFrom.CLUSTER] * 2, GraphFrom.OTHER_FLINK)
_DAMAGES = (*[Damage.NONE] * 17, Damage.GONE, Damage.CUT, Damage.FILE_GONE)
_SHARING = 3
"""So many cases in a row have one old and one new program: a graph takes seconds to read."""


def cases(count: int = COUNT, seed: int = SEED) -> list[Case]:
    """The same ones for the same seed, no two alike."""
    drawn = _drawn(random.Random(seed))
    found: dict[Case, None] = {}
    while len(found) < count:
        found[next(drawn)] = None
    return list(found)


def _drawn(rng: random.Random) -> Iterator[Case]:
    while True:
        old, new = _programs(rng)
        for _ in range(_SHARING):
            written_by, version = rng.choice(_VERSIONS)
            backend = rng.choice(_BACKENDS)
            yield Case(
                old=old,
                keeping=Keeping(backend, rng.choice(_KINDS)),
                written_by=written_by,
                new=new,
                backend=backend if rng.random() < 0.7 else rng.choice(_BACKENDS),
                version=version,
                graph=rng.choice(_GRAPHS),
                told=rng.random() < 0.8,
                damage=rng.choice(_DAMAGES),
            )


def _programs(rng: random.Random) -> tuple[Variant, Variant]:
    args, parallelism = rng.choice(OLD)
    changes = rng.sample(sorted(CHANGES), rng.choice((1, 1, 2)))
    changed = dict(args)
    for change in changes:
        changed |= CHANGES[change]
    then = rng.choice(_PARALLELISM) or parallelism
    return _variant(args, parallelism), _variant(changed, then)


def _variant(args: Args, parallelism: int) -> Variant:
    given = (f"{name}={value}" for name, value in sorted(args.items()) if value not in _DEFAULTS)
    return Variant("shapes", tuple(given), parallelism)


_DEFAULTS = ("", "all", "on")
"""Values that say what is so anyway."""


def some(count: int, holds: Callable[[Case], bool], seed: int = SEED) -> list[Case]:
    """A few of the cases for which `holds`."""
    return random.Random(seed).sample([case for case in cases() if holds(case)], count)
