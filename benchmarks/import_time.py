"""`import flink_components` against `import pulumi_kubernetes`, each in a fresh process.

    python -m benchmarks.import_time [--repetitions 31]

`from flink_components import …` loads what the names need: that is measured too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from functools import partial

from benchmarks.measuring import compare, report

OURS = {
    "import the package": "import flink_components",
    "import its components": "from flink_components import SessionCluster, SessionJob, Environment",
}
THEIRS = "import pulumi_kubernetes"
GOAL = 1.2


def _process(statement: str) -> float:
    """A program's own start is not measured: the clock runs inside of it."""
    clock = "time.perf_counter()"
    code = f"import time; started = {clock}; {statement}; print({clock} - started)"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    return float(answer.stdout)


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_time", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=31)
    repetitions: int = parser.parse_args().repetitions
    found = {
        name: compare(partial(_process, statement), partial(_process, THEIRS), GOAL, repetitions)
        for name, statement in OURS.items()
    }
    return report("Import", found, "flink_components", "pulumi_kubernetes")


if __name__ == "__main__":
    raise SystemExit(main())
