"""The plans of a whole stack as one comment of a pull request.

What users have named stands in code alone, in which nothing is a link, a mention or HTML.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from flink_components.plan.listing import Job, does, ordered, summary, verdict
from flink_components.plan.outcome import Does

LIMIT = 60_000
"""Characters; a comment of GitHub may have 65,536."""

_LONGEST_BLOCK = 6_000
_LONGEST_NAME = 100
_LONGEST_LINE = 400
_NAMED = 3
_RESERVED = 500


@dataclass(frozen=True)
class _Group:
    """Jobs whose plans are the same but for names, numbers and sizes."""

    jobs: tuple[Job, ...]

    @property
    def first(self) -> Job:
        return self.jobs[0]

    def line(self) -> str:
        """What happens to which of them, as HTML, not long."""
        found = verdict(self.first)
        what = self.first["headline"].lower() + (
            f", verdict {found.value.upper()}" if found else ""
        )
        names = ", ".join(_code(job["key"]) for job in self.jobs[:_NAMED])
        more = len(self.jobs) - _NAMED
        return f"{names}{f' and {more} more' if more > 0 else ''}: {what}"

    def block(self) -> str:
        """The line, and all there is to say to be unfolded; of a refusal it is unfolded."""
        is_open = " open" if does(self.first) is Does.REFUSED else ""
        others = ""
        if len(self.jobs) > 1:
            keys = "\n".join(_cut(job["key"], _LONGEST_NAME) for job in self.jobs)
            others = f"{_fenced(keys)}\n\nThe first of them; names, numbers and sizes differ:\n\n"
        return (
            f"<details{is_open}><summary>{self.line()}</summary>\n\n"
            f"{others}{_fenced(self.first['text'])}\n\n</details>"
        )


def as_markdown(plans: Mapping[str, Any]) -> str:
    """Refusals first, equal plans together, and always shorter than LIMIT.

    What does not fit is a line only, or is counted: the JSON has all of it.
    """
    jobs = ordered(plans["jobs"])
    head = [
        f"### Flink, {summary(jobs, len(plans['untouched']))}",
        f"Stack {_code(plans['stack'])}",
    ]
    groups = _groups(jobs)
    lines = [f"- {group.line()}" for group in groups]
    left = LIMIT - _RESERVED - sum(len(part) + 2 for part in head)
    shown = _how_many(lines, left)
    left -= sum(len(line) + 2 for line in lines[:shown])
    parts = list(head)
    for group, line in zip(groups[:shown], lines[:shown], strict=True):
        block = group.block()
        if len(block) - len(line) <= left:
            left -= len(block) - len(line)
            parts.append(block)
        else:
            parts.append(line)
    missing = sum(len(group.jobs) for group in groups[shown:])
    if missing:
        parts.append(f"… and {missing} more, which the JSON has")
    return "\n\n".join(parts)


def _groups(jobs: Sequence[Job]) -> list[_Group]:
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(_shape(job), []).append(job)
    return [_Group(tuple(same)) for same in found.values()]


def _shape(job: Job) -> str:
    """What two plans have in common that are equal to whoever reads them."""
    said = [job[name] for name in ("headline", "refused", "unknown", "why", "unfinished")]
    text = repr([job["digest"], job["changes"], job["stable"], job["way_back"], *said])
    for name in (job["key"], job["key"].rpartition("/")[2]):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "NAME", text) if name else text
    return re.sub(r"\br\d+\b|\d+ ?(ms|s|min|h|d)\b", "#", text)


def _how_many(lines: Sequence[str], room: int) -> int:
    """Of these lines the first that have room."""
    for number, line in enumerate(lines):
        room -= len(line) + 2
        if room < 0:
            return number
    return len(lines)


def _code(text: str) -> str:
    """A name in a line of HTML."""
    return f"<code>{escape(_cut(_in_a_line(text), _LONGEST_NAME))}</code>"


def _in_a_line(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _fenced(text: str) -> str:
    """Text as it is; the fence is longer than any in it."""
    body = "\n".join(_body(text))
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", body))])
    return f"{fence}text\n{body}\n{fence}"


def _body(text: str) -> Iterator[str]:
    """The lines of a text, as far as they are not too many or too long."""
    lines, room = text.split("\n"), _LONGEST_BLOCK
    for number, line in enumerate(lines):
        cut = _cut(_in_a_line(line), _LONGEST_LINE)
        room -= len(cut) + 1
        if room < 0:
            yield f"… {len(lines) - number} more lines, which the JSON has"
            return
        yield cut
