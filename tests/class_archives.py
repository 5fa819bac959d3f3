"""What Java keeps of Flink's classes on this machine, so that a test's Flink starts cheaper."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from sandbox.images.tools import locked, scratch
from sandbox.paths import CACHE

JOBMANAGER, TASKMANAGER = "jobmanager.jsa", "taskmanager.jsa"


def archives(version: str, run_once: Callable[[Path], None]) -> Path:
    """The folder with both files for this Flink and this Java, made if it is not in the cache.

    ``run_once`` runs a Flink whose processes write them into the folder that it is given. Where
    Java can't use one (other jars, another collector), it loads its classes as ever.
    """
    java = Path(shutil.which("java") or "java").resolve()
    modules = java.parent.parent / "lib" / "modules"
    known = (version, str(java), modules.stat().st_mtime if modules.is_file() else 0)
    key = hashlib.sha256(repr(known).encode()).hexdigest()[:12]
    folder = CACHE / "class-archives" / f"{version}-{key}"
    if folder.is_dir():
        return folder
    with locked(folder.parent / f".{version}.lock"):
        if not folder.is_dir():
            with scratch(folder.parent) as work:
                made = work / "made"
                made.mkdir(mode=0o755)
                run_once(made)
                made.rename(folder)
    return folder
