"""Two ways to do the same, measured in turn in one run, so that what the machine does hits both."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

Way = Callable[[], Mapping[str, float]]
"""Does its work once; the seconds of each part that is to be compared."""


@dataclass(frozen=True)
class Comparison:
    """Seconds of each repetition; `goal` is the largest ratio that is good, None where any is."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    goal: float | None

    @property
    def ratio(self) -> float:
        """Median of ours over median of theirs."""
        return median(self.ours) / median(self.theirs)

    @property
    def missed(self) -> bool:
        """The ratio is above its goal."""
        return self.goal is not None and self.ratio > self.goal


@dataclass(frozen=True)
class Report:
    """One benchmark: its comparisons by name, and in words what was measured."""

    title: str
    ours: str
    theirs: str
    comparisons: Mapping[str, Comparison]

    @property
    def missed(self) -> bool:
        """A goal was missed."""
        return any(found.missed for found in self.comparisons.values())


def seconds_of(what: Callable[[], object]) -> float:
    """How long a call takes, by the wall clock."""
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def compare(
    ours: Way,
    theirs: Way,
    goals: Mapping[str, float | None],
    repetitions: int,
    warm_ups: int = 1,
) -> dict[str, Comparison]:
    """Measures both in turn, `repetitions` times each; who is first changes with each turn.

    The turns before, `warm_ups` of them, are not counted. The parts are those of `goals`.
    """
    turns: dict[Way, list[Mapping[str, float]]] = {ours: [], theirs: []}
    for turn in range(warm_ups + repetitions):
        for way in (ours, theirs) if turn % 2 else (theirs, ours):
            turns[way].append(way())
            sys.stderr.write("." if turn >= warm_ups else "w")
            sys.stderr.flush()
    sys.stderr.write("\n")

    def part(way: Way, name: str) -> tuple[float, ...]:
        return tuple(turn[name] for turn in turns[way][warm_ups:])

    return {name: Comparison(part(ours, name), part(theirs, name), goals[name]) for name in goals}


def machine() -> str:
    """The machine in one line, with its load: a ratio of a busy one says less."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} x {model}, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def text(report: Report) -> str:
    """The report as a Markdown table."""
    count = len(next(iter(report.comparisons.values())).ours)
    rows = [
        ["", report.ours, report.theirs, "ratio", "goal"],
        ["---"] * 5,
        *(
            [name, _spread(found.ours), _spread(found.theirs), f"{found.ratio:.2f}", _goal(found)]
            for name, found in report.comparisons.items()
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([f"{report.title} (median of {count}, quartiles):", "", *lines])


def _goal(found: Comparison) -> str:
    if found.goal is None:
        return "none"
    return f"{found.goal:.1f}" + (", MISSED" if found.missed else "")


def _spread(seconds: tuple[float, ...]) -> str:
    if len(seconds) == 1:
        return f"{seconds[0] * 1000:.0f} ms"
    low, middle, high = quantiles(seconds, n=4, method="inclusive")
    return f"{middle * 1000:.0f} ms ({low * 1000:.0f} to {high * 1000:.0f})"
