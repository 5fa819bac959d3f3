"""Finds the Pulumi CLI, or installs it, or builds it from its Go module."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from sandbox import gobuild
from sandbox.paths import BUILDS, CACHE
from sandbox.progress import say, step

BUILT_VERSION = "3.246.0"
"""The version of the CLI that `sandbox/builds/pulumi` pins."""

OLDEST_VERSION = (3, 182, 0)
"""The oldest CLI that has what the components use (resource hooks)."""

_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_INSTALLER = "https://get.pulumi.com/install.sh"
_INSTALLER_PROBE_SECONDS = 4.0
_INSTALL_SECONDS = 300.0


def find_or_build(variables: Mapping[str, str] | None = None) -> Path:
    """Return the `pulumi` executable to use.

    In this order: the one on PATH, what an earlier call left in the cache, Pulumi's own installer
    where it can be reached, and the Go build (about 2 minutes on 2 cores). ``variables`` is the
    environment to look in (default: the process's).

    Raises SandboxError if none of them gives one.
    """
    variables = os.environ if variables is None else variables
    return (
        _on_path(variables.get("PATH", ""))
        or _installed()
        or (None if gobuild.is_built("pulumi", BUILT_VERSION) else _install())
        or _build()
    )


def version_of(executable: Path) -> tuple[int, int, int] | None:
    """The version that this CLI reports, or None if it does not run or reports something else."""
    try:
        answer = subprocess.run(
            [executable, "version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"},
        ).stdout
        major, minor, patch = answer.strip().lstrip("v").split("-")[0].split("+")[0].split(".")
        return int(major), int(minor), int(patch)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _on_path(path: str) -> Path | None:
    found = shutil.which("pulumi", path=path)
    if found is None:
        return None
    executable = Path(found)
    if CACHE in executable.resolve().parents:
        return executable
    has = version_of(executable)
    if has is not None and has >= OLDEST_VERSION:
        return executable
    oldest = ".".join(map(str, OLDEST_VERSION))
    reports = ".".join(map(str, has)) if has else "no version"
    say(f"pulumi: {executable} is passed over (it reports {reports}, needed is {oldest} or later)")
    return None


def _install_root() -> Path:
    return CACHE / "pulumi" / version("pulumi")


def _installed() -> Path | None:
    executable = _install_root() / "bin" / "pulumi"
    return executable if executable.is_file() and _install_root().name != BUILT_VERSION else None


def _install() -> Path | None:
    """Run the Automation API's installer, in a process of its own so that it can be timed out."""
    try:
        urllib.request.urlopen(_INSTALLER, timeout=_INSTALLER_PROBE_SECONDS).close()
    except (urllib.error.URLError, OSError):
        return None
    root = _install_root()
    partial = root.with_name(f".{root.name}.tmp")
    shutil.rmtree(partial, ignore_errors=True)
    program = "import sys; from pulumi.automation import PulumiCommand as p; p.install(sys.argv[1])"
    try:
        with step(f"pulumi {root.name}: installing", f"pulumi {root.name}: installed"):
            subprocess.run(
                [sys.executable, "-c", program, partial],
                capture_output=True,
                timeout=_INSTALL_SECONDS,
                check=True,
            )
    except subprocess.SubprocessError:
        say(f"pulumi {root.name}: the installer failed, building {BUILT_VERSION} from source")
        shutil.rmtree(partial, ignore_errors=True)
        return None
    with contextlib.suppress(OSError):
        partial.rename(root)
    return _installed()


def _build() -> Path:
    root = gobuild.build(
        "pulumi",
        BUILT_VERSION,
        BUILDS / "pulumi",
        [_PACKAGE],
        ldflags=f"-s -w -X {_VERSION_VARIABLE}=v{BUILT_VERSION}",
    )
    return root / "bin" / "pulumi"
