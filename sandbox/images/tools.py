"""Runs the programs that fetch and build: apt, pip, Maven, debootstrap. Errors are one line."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.progress import SandboxError, step

_MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_POM = (
    "<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId>"
    "<artifactId>copy</artifactId><version>1</version>"
    "<dependencies>{}</dependencies></project>"
)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, so that two processes never make the same thing at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A new folder in ``parent``, on the same file system as what it becomes; gone afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=parent) as made:
        yield Path(made)


def run(command: Sequence[str], what: str, cwd: Path | None = None) -> str:
    """Run a program to its end and return its output.

    Raises SandboxError "<what> failed: <reason>" with the last line that names an error.
    """
    done = subprocess.run(
        list(command),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode != 0:
        raise SandboxError(f"{what} failed: {_reason(done.stdout)}")
    return done.stdout


def need(program: str, package: str) -> str:
    """Return the program's path; where it is missing, install the Debian package that has it.

    Raises SandboxError when it cannot be installed (no apt, or not root).
    """
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found:
        return found
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise SandboxError(f"`{program}` is missing: install it (Debian package {package})")
    with step(f"{package}: installing by apt", f"{package}: installed"):
        run(["apt-get", "update", "-qq"], "apt-get update")
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
        run(install, f"installing {package}")
    return shutil.which(program) or f"/usr/sbin/{program}"


def pip_download(requirement: str, into: Path, *options: str) -> Path:
    """Download one package without its dependencies, and return the file."""
    command = [_python_with_pip(), "-m", "pip", "download", "--quiet", "--no-deps", *options]
    run([*command, "--dest", str(into), requirement], f"downloading {requirement}")
    (found,) = into.iterdir()
    return found


def maven_copy(artifacts: Sequence[str], into: Path) -> list[Path]:
    """Fetch artifacts (``group:name:version``) by Maven without what they depend on."""
    maven = need("mvn", "maven")
    into.mkdir(parents=True, exist_ok=True)
    pom = into / "pom.xml"
    pom.write_text(_POM.format("".join(_dependency(artifact) for artifact in artifacts)))
    what = f"downloading {', '.join(artifacts)}"
    options = ["-DexcludeTransitive", f"-DoutputDirectory={into}"]
    run([maven, "-q", "-B", "-f", str(pom), _MAVEN_COPY, *options], what)
    pom.unlink()
    return [into / f"{name}-{version}.jar" for _, name, version in map(_parts, artifacts)]


def _dependency(artifact: str) -> str:
    group, name, version = _parts(artifact)
    return (
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>{version}</version></dependency>"
    )


def _parts(artifact: str) -> list[str]:
    return artifact.split(":")


def _python_with_pip() -> str:
    own = [sys.executable, getattr(sys, "_base_executable", sys.executable)]
    for python in dict.fromkeys([*own, "/usr/bin/python3"]):
        probe = [python, "-c", "import pip"]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return python
    need("pip3", "python3-pip")
    return "/usr/bin/python3"


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or line.startswith("E:")]
    return (errors or lines or ["no output"])[-1]
