"""A program with jobs whose arguments come from a file. Run by `pulumi`."""

from __future__ import annotations

import json
import os
from pathlib import Path

VARIABLE = "FLINK_BENCHMARK_JOBS"
PROGRAM = "from benchmarks.changed import declare\n\ndeclare()\n"


def declare() -> None:
    """Declares each job of the file, by its name."""
    from flink_components import SessionJob

    jobs = json.loads(Path(os.environ[VARIABLE]).read_text())
    for name, arguments in jobs.items():
        SessionJob(name, arguments)
