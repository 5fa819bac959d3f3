"""Records which classes a JobManager loads until its job runs: the list of the guard's preloader.

``python -m tests.guard.record_classes KUBECONFIG 1.20.3 2.3.0`` writes ``classes.gz``: the names of
all given versions together, with high availability by Kubernetes and without. Needs Java 17, and
a cluster of which it uses a namespace of its own.
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
from tests.lifecycle.kubernetes import Kubernetes

LIST = GUARD.path.parent / "src/org/flinkcomponents/guard/classes.gz"
_LOADED = re.compile(r"^\[class,load\] (\S+) source: (\S+)", re.MULTILINE)
# made while Flink runs, under names that mean nothing in the next JVM
_MADE = re.compile(r"\$\$|/0x|LambdaForm|\$Proxy|GeneratedMethod|GeneratedConstructor|Accessor\d")
# from the JDK's own archive of shared classes, where they cost nothing, or of the job
_ELSEWHERE = re.compile(r"^shared$|stateful-v1")
_JOB = "a" * 32
_NAMESPACE = "record-classes"


def loaded(
    version: str, workdir: Path, config: dict[str, str], environment: dict[str, str]
) -> Iterator[str]:
    """The names of the classes of one start."""
    log = workdir / "classes.log"
    with LocalApplication(version, workdir, config) as flink:
        flink.start_job_manager(
            [f"-Xlog:class+load=info:file={log}:tags"], environment, ["--job-id", _JOB]
        )
        flink.start_taskmanager(environment)
        flink.wait_for(_JOB, "RUNNING")
    for name, source in _LOADED.findall(log.read_text()):
        if not _MADE.search(name) and not _ELSEWHERE.search(source):
            yield name


def high_availability(workdir: Path) -> dict[str, str]:
    """The options of high availability by Kubernetes."""
    return {
        "high-availability.type": "kubernetes",
        "high-availability.storageDir": (workdir / "ha").as_uri(),
        "high-availability.cluster-id": "/recorded",
        "kubernetes.cluster-id": "recorded",
        "kubernetes.namespace": _NAMESPACE,
    }


def main() -> None:
    """Write the list."""
    kubeconfig, *versions = sys.argv[1:]
    names: set[str] = set()
    for version in versions:
        for ha in (False, True):
            with (
                tempfile.TemporaryDirectory() as folder,
                Kubernetes(kubeconfig).namespace(_NAMESPACE),
            ):
                config = high_availability(Path(folder)) if ha else {}
                names |= set(loaded(version, Path(folder), config, {"KUBECONFIG": kubeconfig}))
    text = "".join(f"{name}\n" for name in sorted(names))
    LIST.write_bytes(gzip.compress(text.encode("ascii"), mtime=0))
    sys.stdout.write(f"{len(names)} names, {LIST.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
