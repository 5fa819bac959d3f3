"""`import flink_components` against `import pulumi_kubernetes`, each in a fresh process.

Names of the package are loaded when they are first used, and so are the kinds of
`pulumi_kubernetes`: what a program with a cluster and a job loads is measured too, against the
same kinds of objects without the package.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.installed import variables
from benchmarks.measuring import Report, compare

_PACKAGE = "the package alone"
_PROGRAM = "all that a cluster and a job need"
_GOALS = {_PACKAGE: 1.2, _PROGRAM: None}
_KINDS = (
    "from pulumi_kubernetes.apps.v1 import Deployment; "
    "from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount; "
    "from pulumi_kubernetes.networking.v1 import NetworkPolicy"
)
_OURS = {
    _PACKAGE: "import flink_components",
    _PROGRAM: f"{_KINDS}; from flink_components import Environment, SessionCluster, SessionJob",
}
_THEIRS = {_PACKAGE: "import pulumi_kubernetes", _PROGRAM: _KINDS}


def measure(repetitions: int) -> Report:
    """Compares the imports."""
    with tempfile.TemporaryDirectory(prefix="flink-benchmark-") as folder:
        environment = variables(Path(folder))

        def ours() -> Mapping[str, float]:
            return {name: _process(statement, environment) for name, statement in _OURS.items()}

        def theirs() -> Mapping[str, float]:
            return {name: _process(statement, environment) for name, statement in _THEIRS.items()}

        found = compare(ours, theirs, _GOALS, repetitions)
    return Report("Imports in a fresh process", "flink_components", "pulumi_kubernetes", found)


def _process(statement: str, environment: Mapping[str, str]) -> float:
    """The clock runs inside of the process: the interpreter's own start is not measured."""
    clock = "time.perf_counter()"
    code = f"import time; started = {clock}; {statement}; print({clock} - started)"
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    return float(answer.stdout)
