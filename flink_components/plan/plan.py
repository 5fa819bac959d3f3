"""The plan of one job as a value, and its one rendering as text."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flink_components.plan.changes import Change

if TYPE_CHECKING:
    from flink_components.plan.state.judgement import Judgement

_HIDDEN = "[secret]"
_LONGEST = 60


@dataclass(frozen=True)
class Plan:
    """What an `up` does with one job.

    `unknown` says why no more can be said, `refused` why nothing will be done, `state` what
    becomes of its state where it is restored.
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

    def hiding(self, fields: Collection[str]) -> "Plan":
        """The same plan without the values of these fields, which are secret."""
        changed = tuple(
            change._replace(old=_HIDDEN, new=_HIDDEN) if change.field in fields else change
            for change in self.changed
        )
        return replace(self, changed=changed)

    def text(self) -> str:
        """For a terminal: a headline, then one line a fact."""
        lines = [f"{self.key}  {self._revisions()}{self.headline}"]
        label = "changed"
        for change in self.changed:
            old, new = _apart(change.old, change.new)
            what = f"{change.field} {_value(change, old)} -> {_value(change, new)}"
            lines.append(f"    {label:<9} {what}  ({change.kind.value})")
            label = ""
        lines.extend(_facts(("first", self.unfinished), ("why", self.why)))
        lines.extend([self.state.text()] if self.state else [])
        lines.extend(
            _facts(
                ("from", self.restore),
                ("unknown", self.unknown or ""),
                ("refused", self.refused or ""),
            )
        )
        return "\n".join(lines)

    def _revisions(self) -> str:
        if self.new_revision is None:
            return ""
        if self.old_revision is None or self.old_revision == self.new_revision:
            return f"r{self.new_revision}  "
        return f"r{self.old_revision} -> r{self.new_revision}  "


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
    if change.field == "jar_content" and value is not None:
        return f"{value[:8]}…"
    return _short(value)


def _short(value: Any) -> str:
    if value is None:
        return "(unset)"
    if isinstance(value, dict) and "service" in value:
        return f"{value.get('key')} r{value.get('revision')}"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
