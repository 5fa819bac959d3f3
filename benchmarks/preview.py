"""`pulumi preview` of unchanged jobs, against the same program with plain dynamic resources.

The jobs are real: an `up` has started them on one real Flink with a slot for each, and their
ledgers are on a real API server. What is timed is the command as a user types it, from its start
to its end. The plain program has as many resources with the same inputs; their provider does
nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.fleet import Fleet
from benchmarks.ground import local_flink, namespace, reference
from benchmarks.measuring import Report, compare, seconds_of
from benchmarks.project import Project, check_that_all_run, project
from examples.jobs.jars import build

_NAMESPACE = "benchmark-preview"
_JOBS = 100
_PART = f"preview, {_JOBS} unchanged jobs"
_GOALS = {_PART: 1.3}


def measure(repetitions: int) -> Report:
    """Compares the two."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flink-benchmark-")))
        space = stack.enter_context(namespace(_NAMESPACE))
        flink = stack.enter_context(local_flink(work / "flink", slots=_JOBS))
        ref, jar = reference(flink, space).to_json(), str(build()["stateful-v1"])
        packaged, plain = (
            project(work, Fleet(way, _JOBS, ref, jar, str(work / way)))
            for way in ("packaged", "plain")
        )
        for one in (packaged, plain):
            seconds = seconds_of(partial(one.run, "up", "--yes", "--skip-preview"))
            sys.stderr.write(f"up of the {one.folder.name} program: {seconds:.0f} s\n")
        check_that_all_run(flink.url, _JOBS)
        found = compare(lambda: _preview(packaged), lambda: _preview(plain), _GOALS, repetitions)
    return Report("Preview", "flink_components", "plain dynamic resources", found)


def _preview(one: Project) -> Mapping[str, float]:
    return {_PART: seconds_of(lambda: one.run("preview", "--expect-no-changes"))}
