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

Measured = Callable[[], float]


@dataclass(frozen=True)
class Comparison:
    """Seconds of each repetition; the goal is the largest ratio of the medians."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    goal: float

    @property
    def ratio(self) -> float:
        """Median of ours over median of theirs."""
        return median(self.ours) / median(self.theirs)


def seconds_of(what: Callable[[], object]) -> float:
    """How long a call takes, by the wall clock."""
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def compare(ours: Measured, theirs: Measured, goal: float, repetitions: int) -> Comparison:
    """Measures both in turn, `repetitions` times each; who is first changes with each turn.

    One turn before is not counted.
    """
    found: dict[Measured, list[float]] = {ours: [], theirs: []}
    for turn in range(-1, repetitions):
        for way in (ours, theirs) if turn % 2 else (theirs, ours):
            seconds = way()
            if turn >= 0:
                found[way].append(seconds)
                sys.stderr.write(".")
                sys.stderr.flush()
    sys.stderr.write("\n")
    return Comparison(tuple(found[ours]), tuple(found[theirs]), goal)


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


def report(title: str, named: Mapping[str, Comparison], ours: str, theirs: str) -> int:
    """Prints a table; 1 where a goal was missed."""
    print(f"{title}\n{machine()}\n")
    width = max(len(name) for name in named)
    print(f"{'':<{width}}  {ours:>24}  {theirs:>24}  {'ratio':>6}  goal")
    for name, found in named.items():
        verdict = "" if found.ratio <= found.goal else "  MISSED"
        print(
            f"{name:<{width}}  {_spread(found.ours):>24}  {_spread(found.theirs):>24}  "
            f"{found.ratio:>6.2f}  {found.goal:.2f}{verdict}"
        )
    print(f"\nmedian [quartiles] of {len(next(iter(named.values())).ours)}, measured in turn")
    return 0 if all(found.ratio <= found.goal for found in named.values()) else 1


def _spread(seconds: tuple[float, ...]) -> str:
    low, middle, high = quantiles(seconds, n=4)
    return f"{middle * 1000:.0f} [{low * 1000:.0f}-{high * 1000:.0f}] ms"
