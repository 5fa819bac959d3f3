"""Records which classes a JobManager loads until its job runs: the list of the guard's preloader.

``python -m tests.guard.record_classes 1.20.3 2.3.0`` writes ``classes.gz``; the names of all
given versions together. Needs Java 17.
"""

from __future__ import annotations

import gzip
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flink_components.java import GUARD
from tests.guard.application import LocalApplication

LIST = GUARD.path.parent / "src/org/flinkcomponents/guard/classes.gz"
_LOADED = re.compile(r"^\[class,load\] (\S+) source: (\S+)", re.MULTILINE)
# made while Flink runs, under names that mean nothing in the next JVM
_MADE = re.compile(r"\$\$|/0x|LambdaForm|\$Proxy|GeneratedMethod|GeneratedConstructor|Accessor\d")
_JOB = "a" * 32


def loaded(version: str, workdir: Path) -> Iterator[str]:
    """The names of the classes of one start."""
    log = workdir / "classes.log"
    with LocalApplication(version, workdir) as flink:
        flink.start_taskmanager()
        flink.start_job_manager(
            [f"-Xlog:class+load=info:file={log}:tags"], arguments=["--job-id", _JOB]
        )
        flink.wait_for(_JOB, "RUNNING")
    for name, source in _LOADED.findall(log.read_text()):
        if not _MADE.search(name) and "stateful-v1" not in source:
            yield name


def main() -> None:
    """Write the list."""
    names: set[str] = set()
    for version in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as workdir:
            names |= set(loaded(version, Path(workdir)))
    text = "".join(f"{name}\n" for name in sorted(names))
    LIST.write_bytes(gzip.compress(text.encode("ascii"), mtime=0))
    sys.stdout.write(f"{len(names)} names, {LIST.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
