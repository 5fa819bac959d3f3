"""What each part of the sandbox needs, whether it is there, and what to do where it is not."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox import gobuild
from sandbox.node import builds, lifecycle, packages, status
from sandbox.node.cgroups import ControlGroups
from sandbox.node.store import ImageStore
from sandbox.paths import BUILDS, CACHE
from sandbox.progress import SandboxError

_OLDEST_JAVA = 11


@dataclass(frozen=True)
class Finding:
    """One part: whether it is there, and its version or what to do."""

    part: str
    is_there: bool
    says: str

    def __str__(self) -> str:
        """Return the finding as a line of a table."""
        return f"{'ok' if self.is_there else '--'}  {self.part:<20} {self.says}"


def lines() -> Iterator[str]:
    """Yield the findings as a table, then the state of the node or how to do without one."""
    yield from map(str, _system())
    yield from map(str, _tools())
    yield from map(str, _engine())
    yield from map(str, _node_parts())
    yield ""
    yield from status.lines()
    if lifecycle.reason_against() or not all(item.is_there for item in _system()):
        yield ""
        yield from OWN_CLUSTER.splitlines()


OWN_CLUSTER = """\
No node can run here. All else works with a cluster of your own:
  kind create cluster                  or  k3d cluster create  (both make a context)
  python -m sandbox shell --kubeconfig ~/.kube/config --context kind-kind
  python -m pytest --kubeconfig ~/.kube/config --context kind-kind
Pods there run the official images flink:<version>, which the cluster pulls by itself."""


def _system() -> list[Finding]:
    reason = lifecycle.reason_against()
    where = f"{platform.system()} {platform.release()}, {platform.machine()}"
    found = [Finding("system", not reason, f"{where}{f': {reason}' if reason else ', root'}")]
    if reason:
        return found
    groups = ControlGroups()
    missing = groups.missing_controllers()
    says = f"version {groups.version}"
    says += f", without {', '.join(missing)}: the kernel must offer them" if missing else ""
    overlay = "overlay" in Path("/proc/filesystems").read_text()
    if not overlay:
        loaded = subprocess.run(["modprobe", "overlay"], capture_output=True, check=False)
        overlay = loaded.returncode == 0
    return [
        *found,
        Finding("control groups", not missing, says),
        Finding("overlay filesystem", overlay, "offered" if overlay else "the kernel has none"),
    ]


def _tools() -> Iterator[Finding]:
    missing = packages.missing_tools() if shutil.which("apt-get") else []
    needs = f"`up` installs {' '.join(missing)}" if missing else "all installed"
    if not shutil.which("apt-get"):
        yield Finding("system packages", False, "no apt-get: the node needs Debian or Ubuntu")
    else:
        yield Finding("system packages", not missing, needs)
    yield _go()
    for program in ("java", "javac"):
        yield _java(program)


def _go() -> Finding:
    says = _first_line("go", "version")
    needed = max(map(gobuild.needed_go, BUILDS.iterdir()), key=_number)
    wanted = f"Go {needed} or later builds the node and the engine"
    if not says:
        return Finding("Go", False, f"not there: {wanted}")
    match = re.search(r"go(\d[\d.]*)", says)
    has = match is not None and _number(match[1]) >= _number(needed)
    # From 1.21 on, Go fetches the version that a module needs, unless told not to.
    return Finding("Go", has, says if has else f"{says}: {wanted} (or one with GOTOOLCHAIN=auto)")


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.strip(".").split(".")))


def _java(program: str) -> Finding:
    says = _first_line(program, "-version")
    match = re.search(r"(\d+)\.", says)
    has = match is not None and int(match[1]) >= _OLDEST_JAVA
    install = "`apt-get install openjdk-17-jdk-headless` (example jobs are compiled with it)"
    return Finding(program, has, says if has else f"{says or 'not there'}: {install}")


def _engine() -> Iterator[Finding]:
    """Findings about Pulumi; nothing is built or downloaded for them."""
    from sandbox import engine
    from sandbox.engine.cli import BUILT_VERSION

    present = shutil.which("pulumi") or any(CACHE.glob("pulumi/*/bin/pulumi"))
    if not present and not gobuild.is_built("pulumi", BUILT_VERSION):
        yield Finding("pulumi", False, "not there: `make shell` installs or builds it in minutes")
        return
    try:
        parts = engine.describe()
    except (ImportError, SandboxError) as error:
        yield Finding("pulumi", False, f"{error}: `make shell` sets up what it needs")
        return
    yield from (Finding(part, True, says) for part, says in parts.items())


def _node_parts() -> Iterator[Finding]:
    later = "not built yet: `up` builds it, minutes once"
    for name, version in (("kubernetes", builds.KUBERNETES), ("coredns", builds.COREDNS)):
        built = gobuild.is_built(name, version)
        yield Finding(name, built, version if built else f"{version}, {later}")
    if shutil.which("apt-get"):
        unpacked = packages.is_unpacked()
        names = ", ".join(packages.UNPACKED)
        yield Finding(
            "node packages", unpacked, names if unpacked else f"{names}: `up` downloads them"
        )
    kept = sorted(name.removeprefix("docker.io/library/") for name in ImageStore().images())
    yield Finding("images", bool(kept), ", ".join(kept) or "none yet: `up` makes them")


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.returncode == 0 else ""
