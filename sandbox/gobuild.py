"""Builds programs from pinned Go modules, once per version, into the cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.paths import CACHE
from sandbox.progress import SandboxError, step

_STAMP = "built-from"
# Nobody debugs these programs, and memory is there: both cost a cold build minutes.
_FLAGS = ("-trimpath", "-gcflags", "all=-dwarf=false")
_QUICK = {"GOGC": "400"}


def build(
    name: str,
    version: str,
    module_dir: Path,
    packages: Sequence[str],
    ldflags: str = "-s -w",
    env: Mapping[str, str] | None = None,
) -> Path:
    """Return the cache folder ``<name>/<version>`` with the programs in its ``bin``.

    ``module_dir`` holds the ``go.mod`` and ``go.sum`` that pin everything, and may hold a program
    of its own; ``packages`` are the import paths of the programs. ``env`` is added to the
    environment (default ``CGO_ENABLED=0``). A build that is there already, from the same files
    and flags, is used as it is. The folder appears whole or not at all, and two builders of the
    same program wait for each other.

    Raises SandboxError if Go is missing or the build fails.
    """
    variables = {"CGO_ENABLED": "0", **(env or {})}
    root = CACHE / name / version
    stamp = _stamp(module_dir, packages, ldflags, variables)
    if _is_built(root, stamp):
        return root
    with _lock(CACHE / name / f".{version}.lock"):
        if _is_built(root, stamp):
            return root
        if shutil.which("go") is None:
            raise SandboxError(
                f"{name} {version} has to be built, but there is no `go` on PATH: "
                f"install Go {needed_go(module_dir)} or later, and run this again"
            )
        with step(f"{name} {version}: building", f"{name} {version}: built"):
            _build_into(root, module_dir, packages, ldflags, variables, stamp)
    return root


def is_built(name: str, version: str) -> bool:
    """Whether the cache holds some build of this version."""
    return (CACHE / name / version / _STAMP).is_file()


def needed_go(module_dir: Path) -> str:
    """Return the oldest version of Go that builds a module, as its ``go.mod`` has it."""
    found = re.search(r"^go (\S+)$", (module_dir / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise SandboxError(f"{module_dir / 'go.mod'} has no line `go <version>`: add it")
    return found[1]


def _stamp(
    module_dir: Path, packages: Sequence[str], ldflags: str, variables: Mapping[str, str]
) -> str:
    digest = hashlib.sha256()
    for part in (
        (module_dir / "go.mod").read_text(),
        (module_dir / "go.sum").read_text(),
        *(source.read_text() for source in sorted(module_dir.glob("*.go"))),
        *packages,
        ldflags,
        *(f"{key}={value}" for key, value in sorted(variables.items())),
    ):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _is_built(root: Path, stamp: str) -> bool:
    file = root / _STAMP
    return file.is_file() and file.read_text() == stamp


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build_into(
    root: Path,
    module_dir: Path,
    packages: Sequence[str],
    ldflags: str,
    variables: Mapping[str, str],
    stamp: str,
) -> None:
    for abandoned in root.parent.glob(f".{root.name}.*.tmp"):
        shutil.rmtree(abandoned)
    made = Path(tempfile.mkdtemp(prefix=f".{root.name}.", suffix=".tmp", dir=root.parent))
    try:
        (made / "bin").mkdir()
        command = ["go", "build", *_FLAGS, "-ldflags", ldflags, "-o", f"{made / 'bin'}/"]
        done = subprocess.run(
            [*command, *packages],
            cwd=module_dir,
            env={**os.environ, **_QUICK, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            log = root.parent / f"{root.name}.build.log"
            log.write_text(done.stdout)
            last = done.stdout.strip().splitlines()[-1:] or ["no output"]
            raise SandboxError(f"building {root.parent.name} failed: {last[0]} (all of it: {log})")
        (made / _STAMP).write_text(stamp)
        made.chmod(0o755)
        if root.exists():
            shutil.rmtree(root)
        made.rename(root)
    finally:
        shutil.rmtree(made, ignore_errors=True)
