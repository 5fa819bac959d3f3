"""The plans of a whole stack for people: what happens to how many, in order, as text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flink_components.plan.outcome import Does
from flink_components.plan.state.verdict import Verdict

Job = Mapping[str, Any]

_WORDS = {
    Does.REFUSED: ("is refused", "are refused"),
    Does.DELETES: ("is deleted", "are deleted"),
    Does.UNKNOWN: ("can't be told", "can't be told"),
    Does.GIVES_UP: ("gives up its state", "give up their state"),
    Does.RESTARTS_EMPTY: ("restarts empty", "restart empty"),
    Does.CANCELS: ("is cancelled", "are cancelled"),
    Does.SUSPENDS: ("is suspended", "are suspended"),
    Does.RESTARTS: ("restarts with state", "restart with state"),
    Does.STARTS_AGAIN: ("starts again", "start again"),
    Does.STARTS: ("starts", "start"),
    Does.RESCALES: ("rescales in place", "rescale in place"),
    Does.ADOPTS: ("is adopted", "are adopted"),
    Does.WAITS: ("is waited for", "are waited for"),
    Does.STAYS_DOWN: ("stays down", "stay down"),
    Does.NOTHING: ("runs on", "run on"),
}
"""From what needs most attention to what needs none."""
_ORDER = list(_WORDS)


def does(job: Job) -> Does:
    """What happens to a job; one that is not done at all is refused."""
    return Does.REFUSED if job["refused"] else Does(job["decisions"]["does"])


def verdict(job: Job) -> Verdict | None:
    """What becomes of its state; None where none is restored."""
    if job["unknown"]:
        return Verdict.UNKNOWN
    found = job["decisions"]["verdict"]
    return Verdict(found) if found else None


def ordered(jobs: Iterable[Job]) -> list[Job]:
    """Refusals first, and what is left as it is last; by key among the same."""
    return sorted(jobs, key=lambda job: (_ORDER.index(does(job)), job["key"]))


def summary(jobs: Sequence[Job], untouched: int) -> str:
    """How many jobs there are of each kind, in one line."""
    counts = Counter(map(does, jobs))
    found = [(counts[one], _WORDS[one]) for one in _ORDER if counts[one]]
    if untouched:
        found.append((untouched, ("is untouched", "are untouched")))
    parts = [f"{count} {words[0] if count == 1 else words[1]}" for count, words in found]
    if not parts:
        return "no jobs"
    total = len(jobs) + untouched
    return f"{total} {'job' if total == 1 else 'jobs'}: {', '.join(parts)}"


def as_text(plans: Mapping[str, Any]) -> str:
    """Each plan as a preview prints it, and a last line for all."""
    jobs = ordered(plans["jobs"])
    last = f"{plans['stack']}: {summary(jobs, len(plans['untouched']))}"
    return "\n\n".join([*(job["text"] for job in jobs), last])
