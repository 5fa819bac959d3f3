"""Programs of the node that Debian has.

Those with services (etcd, containerd) are unpacked into the cache and never installed, so that no
service of the machine is added, started or replaced; plain tools are installed.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from sandbox.paths import CACHE
from sandbox.progress import SandboxError, step

UNPACKED = ("etcd-server", "containerd", "runc", "containernetworking-plugins")
UNPACKED_PROGRAMS = (
    "usr/bin/etcd",
    "usr/bin/containerd",
    "usr/bin/containerd-shim-runc-v2",
    "usr/bin/ctr",
    "usr/sbin/runc",
    "usr/lib/cni/bridge",
    "usr/lib/cni/host-local",
    "usr/lib/cni/loopback",
    "usr/lib/cni/portmap",
)

INSTALLED = {
    "iptables": "iptables",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "mount": "mount",
    "openssl": "openssl",
    "debootstrap": "debootstrap",
}
"""Packages that are installed when their program is missing, by program."""

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def unpacked_root() -> Path:
    """Return the folder the unpacked packages lie in, one for each release of the system."""
    release = platform.freedesktop_os_release()
    return CACHE / "packages" / f"{release['ID']}-{release.get('VERSION_ID', 'rolling')}"


def missing_tools() -> list[str]:
    """Return the packages to install, sorted."""
    found = {
        program: shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")
        for program in INSTALLED
    }
    missing = {INSTALLED[program] for program, path in found.items() if path is None}
    if not _has_library("libseccomp.so.2"):
        missing.add("libseccomp2")
    return sorted(missing)


def is_unpacked() -> bool:
    """Whether etcd, containerd, runc and the CNI plugins are in the cache."""
    return all((unpacked_root() / program).is_file() for program in UNPACKED_PROGRAMS)


def ensure() -> Path:
    """Return the root of the unpacked packages; install and unpack what is missing.

    Raises SandboxError if the system has no apt, or apt fails.
    """
    tools = missing_tools()
    if not tools and is_unpacked():
        return unpacked_root()
    if shutil.which("apt-get") is None:
        raise SandboxError(
            "the node needs packages of Debian or Ubuntu and there is no apt-get here: "
            "use a cluster of your own (`python -m sandbox doctor` tells how)"
        )
    _apt("apt-get", "update", "-qq")
    if tools:
        with step(f"packages: installing {' '.join(tools)}", "packages: installed"):
            wait = "DPkg::Lock::Timeout=300"
            _apt("apt-get", "install", "-o", wait, "-yqq", "--no-install-recommends", *tools)
    if not is_unpacked():
        with step(f"packages: unpacking {' '.join(UNPACKED)}", "packages: unpacked"):
            _unpack(unpacked_root())
    return unpacked_root()


def _unpack(root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent, prefix=f".{root.name}.") as work:
        tree = Path(work) / "tree"
        _apt("apt-get", "download", *UNPACKED, folder=Path(work))
        for archive in sorted(Path(work).glob("*.deb")):
            _apt("dpkg-deb", "--extract", str(archive), str(tree))
        shutil.rmtree(root, ignore_errors=True)
        tree.rename(root)


def _apt(*command: str, folder: Path | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stdout.strip().splitlines()[-1:] or ["no output"]
        raise SandboxError(f"`{' '.join(command)}` failed: {said[0]}")


def _has_library(name: str) -> bool:
    folders = ("/lib", "/usr/lib", "/lib64", "/usr/lib64")
    machine = f"{platform.machine()}-linux-gnu"
    return any(
        (Path(folder) / name).exists() or (Path(folder) / machine / name).exists()
        for folder in folders
    )
