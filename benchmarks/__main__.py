"""Measures the package beside what it is built on, and says whether the goals are met.

python -m benchmarks [import_time] [savepoint] [session_job] [preview] [plans] [upgrades]
    [switch] [--repetitions N]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from benchmarks import ground
from benchmarks.measuring import machine, text
from sandbox.progress import SandboxError

_REPETITIONS = {
    "import_time": 11,
    "savepoint": 11,
    "session_job": 15,
    "preview": 5,
    "plans": 3,
    "upgrades": 1,
    "switch": 5,
}
_NEED_NO_NODE = {"import_time", "savepoint", "plans"}
_LONG = ("plans", "upgrades", "switch")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmarks that are named, or all; 1 where a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*_REPETITIONS, []], metavar="name")
    parser.add_argument("--repetitions", type=int, help="instead of each benchmark's own number")
    options = parser.parse_args(arguments)
    print(machine(), flush=True)
    missed = False
    try:
        names = options.names or [name for name in _REPETITIONS if name not in _LONG]
        if not _NEED_NO_NODE.issuperset(names):
            ground.bring_up_node()
        for name in names:
            measure = import_module(f"benchmarks.{name}").measure
            report = measure(options.repetitions or _REPETITIONS[name])
            print(f"\n{text(report)}", flush=True)
            missed = missed or report.missed
    except SandboxError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
