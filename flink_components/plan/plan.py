"""The plan of one job as a value, and its one rendering as text."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from flink_components.plan.changes import Change
from flink_components.plan.outcome import Decisions, Does, RestoreKind
from flink_components.spec.errors import is_sensitive

if TYPE_CHECKING:
    from flink_components.plan.state.judgement import Judgement

HIDDEN = "[secret]"
_LONGEST = 60


@dataclass(frozen=True)
class Origin:
    """From what the job goes on, as far as it is known before: `at` in seconds since 1970."""

    kind: RestoreKind = RestoreKind.NOTHING
    path: str | None = None
    size: int | None = None
    at: float | None = None


@dataclass(frozen=True)
class Plan:
    """What an `up` does with one job.

    `unknown` says why no more can be said, `refused` why nothing will be done, `state` what
    becomes of its state where it is restored. `restore` is its `origin` in words, `if_it_fails`
    what happens where that can't be had. `down` has how long the last upgrades took it down, in
    seconds, oldest first; `needs` what new pods take of a quota. `stable` is what counts as such,
    `way_back` what runs where it is not. `order` are the steps of the switch; `begun`: an earlier
    `up` was interrupted in them. `planned` is the text of another plan, which was agreed to and is
    not this one.
    """

    key: str
    old_revision: int | None
    new_revision: int | None
    headline: str
    changed: tuple[Change, ...] = ()
    restore: str = ""
    why: str = ""
    unfinished: str = ""
    refused: str | None = None
    unknown: str | None = None
    state: "Judgement | None" = None
    does: Does = Does.NOTHING
    origin: Origin = Origin()
    if_it_fails: str = ""
    down: tuple[float, ...] = ()
    needs: str = ""
    stable: str = ""
    way_back: str = ""
    order: tuple[str, ...] = ()
    begun: bool = False
    planned: str = ""

    @property
    def decisions(self) -> Decisions:
        """What must be the same when it is carried out."""
        verdict = self.state.verdict if self.state else None
        return Decisions(
            does=self.does,
            restore=self.origin.kind,
            verdict=verdict.verdict if verdict else None,
            dropped=tuple(sorted(one.id for one in verdict.dropped)) if verdict else (),
            order=self.order,
        )

    def hiding(self, fields: Collection[str]) -> "Plan":
        """The same plan without the values of these fields, which are secret."""
        changed = tuple(
            change._replace(old=HIDDEN, new=HIDDEN) if change.field in fields else change
            for change in self.changed
        )
        return replace(self, changed=changed)

    def refusing(self, why: str) -> "Plan":
        """The same change, which is not carried out."""
        return replace(
            self,
            headline="REFUSED",
            does=Does.REFUSED,
            refused=why,
            restore="",
            why="",
            origin=Origin(),
            if_it_fails="",
            down=(),
            needs="",
            stable="",
            way_back="",
            order=(),
        )

    def text(self) -> str:
        """For a terminal: a headline, then one line a fact."""
        lines = [f"{self.key}  {self._revisions()}{self.headline}"]
        label = "changed"
        for change in self.changed:
            old, new = shown(change)
            lines.append(f"    {label:<9} {change.field} {old} -> {new}  ({change.kind.value})")
            label = ""
        lines.extend(_facts(("first", self.unfinished), ("why", self.why)))
        lines.extend([self.state.text()] if self.state else [])
        lines.extend(
            _facts(
                ("from", self.restore),
                ("", self.if_it_fails and f"if it fails: {self.if_it_fails}"),
                ("down", interruption(self.down)),
                ("needs", self.needs),
                ("stable", self.stable),
                ("else", self.way_back),
                ("unknown", self.unknown or ""),
                ("refused", self.refused or ""),
            )
        )
        label = "planned"
        for line in self.planned.splitlines():
            lines.append(f"    {label:<9} {line}")
            label = ""
        return "\n".join(lines)

    def _revisions(self) -> str:
        if self.new_revision is None:
            return ""
        if self.old_revision is None or self.old_revision == self.new_revision:
            return f"r{self.new_revision}  "
        return f"r{self.old_revision} -> r{self.new_revision}  "


def interruption(down: tuple[float, ...]) -> str:
    """How long the job is expected to be down, by how long it was; "" where it never was."""
    if not down:
        return ""
    times = {1: "last time", 2: "last two", 3: "last three"}[len(down)]
    digits = 0 if max(down) >= 10 else 1
    unit, values = ("s", [f"{one:.{digits}f}" for one in down])
    middle = f"{median(down):.{digits}f}"
    if max(down) < 1:
        unit, values = "ms", [f"{one * 1000:.0f}" for one in down]
        middle = f"{median(down) * 1000:.0f}"
    return f"~{middle} {unit} ({times}: {', '.join(values)} {unit})"


def shown(change: Change) -> tuple[str, str]:
    """The old and the new value of a changed field, each in a line and not long."""
    old, new = _apart(change.old, change.new)
    return _value(change, old), _value(change, new)


def _facts(*facts: tuple[str, str]) -> list[str]:
    return [f"    {name:<9} {fact}" for name, fact in facts if fact]


def _apart(old: Any, new: Any) -> tuple[Any, Any]:
    """Of two lists of objects, the objects that only one of them has: a line holds few."""
    both = [*old, *new] if isinstance(old, list) and isinstance(new, list) else []
    if not both or not all(isinstance(one, dict) for one in both):
        return old, new
    return [one for one in old if one not in new], [one for one in new if one not in old]


def _value(change: Change, value: Any) -> str:
    """A value in a line; of a hash only the start."""
    if change.field == "jar_content" and value not in (None, HIDDEN):
        return f"{value[:8]}…"
    return _short(value)


def _short(value: Any) -> str:
    if value is None:
        return "(unset)"
    if isinstance(value, dict) and "service" in value:
        return f"{value.get('key')} r{value.get('revision')}"
    if not isinstance(value, str):
        value = json.dumps(_without_secrets(value), sort_keys=True, default=str)
    # what is not printable could pass for another line, or colour it
    text = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _without_secrets(value: Any) -> Any:
    """Without the values of what has the name of a secret."""
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if is_sensitive(str(name)) else _without_secrets(item)
            for name, item in value.items()
        }
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value
