"""What changes between the object as it was and the new inputs, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from sandbox.engine.kubernetes_provider.force_new import Path, touches
from sandbox.engine.kubernetes_provider.values import Unknown

FieldPath = tuple[str | int, ...]

# In these maps every key is the user's, so an empty value is not the same as none.
_USERS_MAPS = {
    "annotations",
    "binaryData",
    "data",
    "labels",
    "matchLabels",
    "nodeSelector",
    "parameters",
    "selector",
    "stringData",
}


class ChangeKind(Enum):
    """How a field changes."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


class Change(NamedTuple):
    """A field that changes; ``replaces`` if the object has to be replaced for it."""

    kind: ChangeKind
    replaces: bool


def detailed_diff(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    force_new: Iterable[Path],
    ignored: Iterable[str] = (),
    empty_is_absent: bool = True,
) -> dict[str, Change]:
    """Return the changed fields, by their path in Pulumi's form (``spec.ports[0].port``).

    ``ignored`` are paths whose changes, and those of what is in them, do not count.
    ``empty_is_absent`` holds for built-in kinds: adding an empty value changes nothing there.
    """
    found: dict[FieldPath, Change] = {}
    patterns = tuple(force_new)

    def note(kind: ChangeKind, path: FieldPath, value: Any) -> None:
        replaces = any(touches(pattern, path, value) for pattern in patterns)
        found[path] = Change(kind, replaces)

    def compare(path: FieldPath, before: Any, after: Any) -> None:
        if isinstance(after, Unknown):
            note(ChangeKind.UPDATE, path, None)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            compare_maps(path, before, after)
        elif isinstance(before, list) and isinstance(after, list):
            compare_lists(path, before, after)
        elif isinstance(before, bool) != isinstance(after, bool) or before != after:
            note(ChangeKind.UPDATE, path, after)

    def compare_maps(path: FieldPath, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        for key in sorted({*before, *after}):
            at = (*path, key)
            if after.get(key) is None:
                if before.get(key) is not None:
                    note(ChangeKind.DELETE, at, None)
            elif before.get(key) is None:
                if not (empty_is_absent and _is_empty(after[key]) and _is_field(path)):
                    note(ChangeKind.ADD, at, after[key])
            else:
                compare(at, before[key], after[key])

    def compare_lists(path: FieldPath, before: list[Any], after: list[Any]) -> None:
        for index in range(max(len(before), len(after))):
            at = (*path, index)
            if index >= len(after):
                note(ChangeKind.DELETE, at, None)
            elif index >= len(before):
                note(ChangeKind.ADD, at, after[index])
            else:
                compare(at, before[index], after[index])

    compare_maps((), old, new)
    hidden = [parse_path(text) for text in ignored]
    return {
        format_path(path): change
        for path, change in found.items()
        if not any(_contains(pattern, path) for pattern in hidden)
    }


def format_path(path: FieldPath) -> str:
    """A path in Pulumi's form; names with special characters are quoted."""
    result = ""
    for step in path:
        if isinstance(step, int):
            result += f"[{step}]"
        elif any(character in step for character in '."[]'):
            escaped = step.replace('"', '\\"')
            result += f'["{escaped}"]'
        else:
            result += f".{step}" if result else step
    return result


def parse_path(text: str) -> FieldPath:
    """Read a path in Pulumi's form; "*" stands for any name or position.

    Raises ValueError if it is not one.
    """
    steps: list[str | int] = []
    rest = text
    while rest:
        if rest.startswith('["'):
            end = rest.index('"]', 2)
            steps.append(rest[2:end].replace('\\"', '"'))
            rest = rest[end + 2 :]
        elif rest.startswith("["):
            end = rest.index("]")
            inside = rest[1:end]
            steps.append(inside if inside == "*" else int(inside))
            rest = rest[end + 1 :]
        else:
            rest = rest.removeprefix(".")
            end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
            if end == 0:
                raise ValueError(f"not a property path: {text!r}")
            steps.append(rest[:end])
            rest = rest[end:]
    return tuple(steps)


def _contains(pattern: FieldPath, path: FieldPath) -> bool:
    return len(pattern) <= len(path) and all(
        wanted in ("*", step) for wanted, step in zip(pattern, path, strict=False)
    )


def _is_field(path: FieldPath) -> bool:
    return not path or path[-1] not in _USERS_MAPS


def _is_empty(value: Any) -> bool:
    return value in ("", 0, False, [], {})
