"""The lowest layer of every Flink image: a small Debian with Java 17 and the user ``flink``."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from sandbox.images import tools
from sandbox.images.archive import Layer, LayerWriter, file_digest
from sandbox.paths import CACHE
from sandbox.progress import SandboxError, step

JAVA_HOME = "/opt/java/openjdk"
"""Where the official images have their Java too."""

FLINK_UID = 9999
"""User and group id of ``flink`` in the official images."""

_SUITE = "bookworm"
_PACKAGES = ("openjdk-17-jre-headless", "ca-certificates", "curl", "libjemalloc2")
_LEFT_OUT = (
    "dev", "proc", "run", "sys", "tmp", "debootstrap",
    "usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man",
    "var/cache", "var/lib/apt/lists", "var/log",
)  # fmt: skip
_RECIPE = "3"


def base_layer() -> Layer:
    """Return the layer from the cache, or make it (about a minute, as root).

    Raises SandboxError when it has to be made and the user is not root or a package is missing.
    """
    recipe = repr((_RECIPE, _SUITE, _PACKAGES, _LEFT_OUT))
    key = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    path = CACHE / "base-image" / f"{key}.tar"
    if not path.is_file():
        with tools.locked(path.with_suffix(".lock")):
            if not path.is_file():
                with step("java base image: bootstrapping", "java base image: made"):
                    _make(path)
    return Layer(path, file_digest(path))


def _make(path: Path) -> None:
    if os.geteuid() != 0:
        raise SandboxError("the Java base image can only be made by root: run this as root once")
    debootstrap = tools.need("debootstrap", "debootstrap")
    began = time.time()
    with tools.scratch(path.parent) as work:
        root = work / "root"
        command = [debootstrap, "--variant=minbase", f"--include={','.join(_PACKAGES)}"]
        tools.run([*command, _SUITE, str(root), *_own_mirror()], "debootstrap")
        layer = LayerWriter(work / "layer.tar")
        _add_user(root)
        # Java refuses its class archive when the time of lib/modules changes, so times are kept
        layer.tree(root, skip=_LEFT_OUT, keep_times_before=began)
        for name in ("dev", "proc", "run", "sys", "var/cache", "var/log"):
            layer.directory(name)
        layer.directory("tmp", mode=0o1777)
        (java,) = (root / "usr/lib/jvm").glob("java-17-openjdk-*")
        layer.directory("opt/java")
        layer.link(JAVA_HOME, f"/usr/lib/jvm/{java.name}")
        layer.finish()
        (work / "layer.tar").rename(path)


def _add_user(root: Path) -> None:
    home = "/opt/flink"
    with (root / "etc/passwd").open("a") as users:
        users.write(f"flink:x:{FLINK_UID}:{FLINK_UID}::{home}:/bin/sh\n")
    with (root / "etc/group").open("a") as groups:
        groups.write(f"flink:x:{FLINK_UID}:\n")
    (root / "etc/hostname").unlink(missing_ok=True)
    # debootstrap copies the machine's resolver; a container gets its own
    (root / "etc/resolv.conf").unlink(missing_ok=True)


def _own_mirror() -> list[str]:
    """The mirror this machine already uses for the suite, else none (debootstrap's default)."""
    form = "$(ORIGIN) $(CODENAME) $(REPO_URI)"
    for line in tools.run(["apt-get", "indextargets", "--format", form], "apt-get").splitlines():
        origin, _, rest = line.partition(" ")
        codename, _, uri = rest.partition(" ")
        if (origin, codename) == ("Debian", _SUITE) and uri:
            return [uri]
    return []
