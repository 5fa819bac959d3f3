"""What an `up` does with a group of jobs, in one summary, and its one rendering as text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from flink_components.plan.outcome import Does
from flink_components.plan.plan import Plan
from flink_components.spec.fleet import FleetSpec

_NAMED = 8
"""So many jobs are named in a line; of further ones only how many."""


class Fate(str, Enum):
    """What becomes of one job; the value is what a line of the summary is called."""

    REFUSED = "refused"
    RESTARTS = "restart"
    EMPTY = "empty"
    RESCALES = "rescale"
    IN_PLACE = "in place"
    STARTS = "start"
    ADOPTS = "adopt"
    STOPS = "stop"
    WAITS = "wait"
    UNKNOWN = "unknown"
    UNTOUCHED = "untouched"


_SAID = {
    Fate.REFUSED: ("is refused", "are refused"),
    Fate.RESTARTS: ("restarts with its state", "restart with their state"),
    Fate.EMPTY: ("restarts empty", "restart empty"),
    Fate.RESCALES: ("is rescaled in place", "are rescaled in place"),
    Fate.IN_PLACE: ("is changed in place", "are changed in place"),
    Fate.STARTS: ("starts", "start"),
    Fate.ADOPTS: ("is adopted", "are adopted"),
    Fate.STOPS: ("is suspended or cancelled", "are suspended or cancelled"),
    Fate.WAITS: ("is waited for", "are waited for"),
    Fate.UNKNOWN: ("can't be foretold", "can't be foretold"),
}
_IF_TOUCHED = {
    False: "this change does not touch it",
    True: "it is restored where a refresh has seen that",
}
_FATES = {
    Does.REFUSED: Fate.REFUSED,
    Does.WAITS: Fate.WAITS,
    Does.ADOPTS: Fate.ADOPTS,
    Does.STARTS: Fate.STARTS,
    Does.STARTS_AGAIN: Fate.STARTS,
    Does.RESTARTS: Fate.RESTARTS,
    Does.RESTARTS_EMPTY: Fate.EMPTY,
    Does.GIVES_UP: Fate.EMPTY,
    Does.RESCALES: Fate.RESCALES,
    Does.SUSPENDS: Fate.STOPS,
    Does.CANCELS: Fate.STOPS,
    Does.DELETES: Fate.STOPS,
    Does.UNKNOWN: Fate.UNKNOWN,
}


def fate_of(plan: Plan) -> Fate:
    """What a plan does with its job."""
    if plan.does in _FATES:
        return _FATES[plan.does]
    return Fate.IN_PLACE if plan.changed or plan.unfinished else Fate.UNTOUCHED


@dataclass(frozen=True)
class FleetPlan:
    """What happens to the jobs of a fleet, by their keys.

    `canary` is the key of the job that is changed first. `deleted` are jobs of the stack that its
    program no longer declares, `troubles` what is wrong with jobs that are not touched, `unseen`
    the clusters that could not be asked for that. `in_up`: it is about to be done.
    """

    name: str
    spec: FleetSpec
    fates: Mapping[str, Fate]
    canary: str | None = None
    deleted: tuple[str, ...] = ()
    troubles: Mapping[str, str] | None = None
    unseen: tuple[str, ...] = ()
    in_up: bool = False

    @property
    def refused(self) -> tuple[str, ...]:
        """The jobs that are refused."""
        return self.of(Fate.REFUSED)

    def of(self, fate: Fate) -> tuple[str, ...]:
        """The jobs with which this happens."""
        return tuple(key for key, found in self.fates.items() if found is fate)

    def text(self) -> str:
        """For a terminal: how many of each kind, then which ones, then in what order."""
        lines = [f"{self.name}  {self._counts()}"]
        lines += [_line(fate.value, self._named(self.of(fate))) for fate in _SAID if self.of(fate)]
        if self.deleted:
            lines.append(_line("deleted", _listed(self.deleted)))
        label = "look at"
        for key, what in (self.troubles or {}).items():
            lines.append(_line(label, f"{key} is {what}; {_IF_TOUCHED[self.in_up]}"))
            label = ""
        if self.unseen:
            where = _listed(self.unseen)
            lines.append(_line("unseen", f"how the untouched jobs on {where} are"))
        if not self.refused and any(one is not Fate.UNTOUCHED for one in self.fates.values()):
            lines.append(_line("order", self.order()))
        return "\n".join(lines)

    def order(self) -> str:
        """In what order the jobs are changed, and when that ends."""
        touched = [key for key, fate in self.fates.items() if fate is not Fate.UNTOUCHED]
        at_once = self.spec.max_in_flight
        rest = f"{at_once} at a time" if at_once > 1 else "one at a time"
        if self.canary in touched:
            rest = f"{self.canary}, then {rest}" if len(touched) > 1 else f"{self.canary}"
        count = self.spec.stop_after_failures
        failures = "the first failure" if count == 1 else f"{count} failures"
        return f"{rest}; no further one after {failures}"

    def _counts(self) -> str:
        counts = Counter(self.fates.values())
        said = [
            f"{counts[fate]} {words[counts[fate] > 1]}"
            for fate, words in _SAID.items()
            if counts[fate]
        ]
        if self.deleted:
            said.append(f"{len(self.deleted)} deleted")
        if counts[Fate.UNTOUCHED]:
            said.append(f"{counts[Fate.UNTOUCHED]} untouched")
        count = len(self.fates)
        return f"{count} job{'s' if count > 1 else ''}: {', '.join(said)}"

    def _named(self, keys: Sequence[str]) -> str:
        return _listed([f"{key} (canary)" if key == self.canary else key for key in keys])


def _line(label: str, text: str) -> str:
    return f"    {label:<9} {text}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
