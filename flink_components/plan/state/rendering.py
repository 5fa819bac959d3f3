"""A state verdict for a terminal, for a pull request, and for a machine."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from enum import Enum
from typing import Any

from flink_components.plan.state.facts import facts, headline
from flink_components.plan.state.losses import Refused
from flink_components.plan.state.verdict import StateVerdict

SCHEMA = 1
"""Version of the JSON form."""


def as_text(verdict: StateVerdict, refused: Sequence[Refused] = ()) -> str:
    """The block of a plan: labels at the left, as in the rest of it."""
    lines = [f"    {'state':<9} {headline(verdict)}"]
    for label, said in facts(verdict, refused):
        lines += [f"    {label if i == 0 else '':<9} {line}" for i, line in enumerate(said)]
    return "\n".join(lines)


def as_markdown(verdict: StateVerdict, refused: Sequence[Refused] = ()) -> str:
    """For a pull request: the headline, and the rest to be unfolded."""
    word, _, rest = headline(verdict).partition(": ")
    shown = f"**{word}**: {_escaped(rest)}"
    lines = [
        f"{label if i == 0 else '':<9} {line}".rstrip()
        for label, said in facts(verdict, refused)
        for i, line in enumerate(said)
    ]
    if not lines:
        return shown
    body = "\n".join(lines)
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", body))])
    return (
        f"{shown}\n\n<details><summary>state, operator by operator</summary>\n\n"
        f"{fence}text\n{body}\n{fence}\n\n</details>"
    )


def as_json(verdict: StateVerdict, refused: Sequence[Refused] = ()) -> dict[str, Any]:
    """Plain values; `accept` holds the lines that would accept what is refused."""
    return {
        "schema_version": SCHEMA,
        **_plain(asdict(verdict)),
        "accept": [loss.line for loss in refused],
    }


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]|#])", r"\\\1", text)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
