"""The programs of the node that are built from source."""

from __future__ import annotations

import contextlib
from pathlib import Path

from sandbox import gobuild
from sandbox.paths import BUILDS, CACHE

# 1.35 and later refuse cgroup v1 by default.
KUBERNETES = "1.34.4"
# The last one whose libraries are those of this Kubernetes: most are compiled once for both.
COREDNS = "1.13.1"

KUBERNETES_PROGRAMS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
)


def kubernetes() -> Path:
    """Return the folder with the programs of Kubernetes, built if they are missing."""
    version = "k8s.io/component-base/version"
    major, minor, _patch = KUBERNETES.split(".")
    ldflags = (
        f"-s -w -X {version}.gitVersion=v{KUBERNETES} "
        f"-X {version}.gitMajor={major} -X {version}.gitMinor={minor}"
    )
    packages = [f"k8s.io/kubernetes/cmd/{program}" for program in KUBERNETES_PROGRAMS]
    built = gobuild.build("kubernetes", KUBERNETES, BUILDS / "kubernetes", packages, ldflags)
    return built / "bin"


def kubectl_folder() -> Path:
    """Return a folder with `kubectl` and no other program, building it if it is missing."""
    folder = CACHE / "kubectl" / KUBERNETES
    link = folder / "kubectl"
    if not link.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            link.symlink_to(kubernetes() / "kubectl")
    return folder


def coredns() -> Path:
    """Return the folder with CoreDNS, built if it is missing."""
    built = gobuild.build("coredns", COREDNS, BUILDS / "coredns", ["."])
    return built / "bin"
