"""The JSONPath expressions of `pulumi.com/waitFor`: ``jsonpath={.status.phase}=Running``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]"']+)          # .name
    |\[(?P<quote>["'])(?P<quoted>.*?)(?P=quote)\]   # ["name"]
    |\[(?P<index>-?\d+)\]                # [0]
    |(?P<all>\[\*\]|\.\*)                # [*]
    |\[\?\(?\s*@\.(?P<key>[\w.-]+)\s*==\s*(?P<q>["'])(?P<wanted>.*?)(?P=q)\s*\)?\]  # [?(@.a=="b")]
    """,
    re.VERBOSE,
)


class JsonPathError(Exception):
    """The expression cannot be used; the text says why."""


@dataclass(frozen=True)
class JsonPath:
    """A path into an object and, if one was given, the value that it must have there."""

    path: str
    wanted: str
    _steps: tuple[re.Match[str], ...]

    def __str__(self) -> str:
        return f"{self.path}={self.wanted}" if self.wanted else self.path

    def found(self, manifest: Mapping[str, Any]) -> list[Any]:
        """All that the path selects."""
        values: list[Any] = [manifest]
        for step in self._steps:
            values = [item for value in values for item in _select(value, step)]
        return values

    def matches(self, manifest: Mapping[str, Any]) -> tuple[bool, str]:
        """Whether the object is as wanted, and a line that says what was found."""
        values = self.found(manifest)
        if not values:
            return False, f"{self.path} selected nothing"
        if isinstance(values[0], (dict, list)):
            if self.wanted:
                raise JsonPathError(f'"{self.path}" has a non-primitive value ({values[0]})')
            return True, f"Found {self}"
        shown = _text(values[0])
        if not self.wanted or shown == self.wanted:
            return True, f"Found {self}"
        return False, f'Waiting for {self} (found "{shown}")'


def parse(text: str) -> JsonPath:
    """Read ``jsonpath={path}`` or ``jsonpath={path}=value``.

    Raises JsonPathError if it is not of that form.
    """
    raw = text.removeprefix("jsonpath=")
    match = re.fullmatch(r"(?P<path>'?\{\s*(?P<inside>.*?)\s*\}'?)(?:=(?P<value>.*))?", raw)
    if match is None:
        raise JsonPathError(
            f"{raw} should be wrapped in brackets {{ ... }}: {{.path}}=value or {{.path}}"
        )
    if match["path"].startswith("'"):
        raise JsonPathError(f"{match['path']} should omit shell quotes")
    if match["value"] == "":
        raise JsonPathError(f"{match['path']}= requires a value")
    return JsonPath(match["path"], match["value"] or "", _steps(match["inside"]))


def _steps(inside: str) -> tuple[re.Match[str], ...]:
    rest = inside.removeprefix("$")
    if rest and rest[0] not in ".[":
        rest = f".{rest}"
    steps: list[re.Match[str]] = []
    while rest:
        step = _STEP.match(rest)
        if step is None:
            raise JsonPathError(f"parsing {{{inside}}}: cannot read {rest!r}")
        steps.append(step)
        rest = rest[step.end() :]
    return tuple(steps)


def _select(value: Any, step: re.Match[str]) -> list[Any]:
    name = step["name"] or step["quoted"]
    if step["all"] or name == "*":
        return list(value.values()) if isinstance(value, dict) else _items(value)
    if name is not None:
        return [value[name]] if isinstance(value, dict) and name in value else []
    if step["index"] is not None:
        items, index = _items(value), int(step["index"])
        return [items[index]] if -len(items) <= index < len(items) else []
    found = []
    for item in _items(value):
        inner: Any = item
        for key in step["key"].split("."):
            inner = inner.get(key) if isinstance(inner, dict) else None
        if inner is not None and _text(inner) == step["wanted"]:
            found.append(item)
    return found


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
