"""What the example jobs have committed, as tests wait for it."""

from __future__ import annotations

import time
from pathlib import Path

from examples.jobs.check import CheckError, Report, check
from tests.lifecycle.kubernetes import until

_COMMITS_SECONDS = 15.0


def written(output: Path, version: str, more_than: int = 0, seconds: float = 60) -> Report:
    """Waits until more records of `version` than that are committed; what the output proves then.

    The tasks of a sink commit a checkpoint one after the other: for a moment, what one of them has
    yet to commit looks lost. What is still not there some time later is.
    """
    there_since: list[float] = []

    def look() -> Report | None:
        try:
            report = check(output)
        except CheckError:
            return None
        if report.versions.get(version, 0) <= more_than:
            return None
        there_since.append(time.monotonic())
        commits = report.missing and there_since[-1] - there_since[0] < _COMMITS_SECONDS
        return None if commits else report

    return until(f"output of {version}", seconds + _COMMITS_SECONDS, look)
