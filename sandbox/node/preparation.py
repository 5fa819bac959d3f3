"""Builds and downloads what the node consists of, before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox import images
from sandbox.node import builds, packages
from sandbox.node.components import Programs


@dataclass(frozen=True)
class Prepared:
    """All that a node is started from."""

    programs: Programs
    images: dict[str, Path]
    """The archive of each image, by the image's full name."""

    def archive_names(self) -> dict[str, str]:
        """Return the file name of each archive, which changes when the image does."""
        return {name: archive.name for name, archive in self.images.items()}


def image_name(version: str) -> str:
    """Return the full name of the image of a Flink version."""
    return f"docker.io/library/flink:{version}"


def prepare(versions: Sequence[str]) -> Prepared:
    """Return the programs and the images of these Flink versions, made where they are missing.

    Raises SandboxError with what could not be made.
    """
    # Compiling keeps the processors busy, the rest waits for the network and the disk.
    with ThreadPoolExecutor(max_workers=2) as pool:
        compiled = pool.submit(_compile)
        unpacked, archives = _download(versions)
        kubernetes, coredns = compiled.result()
    return Prepared(Programs(unpacked, kubernetes, coredns), archives)


def _compile() -> tuple[Path, Path]:
    return builds.kubernetes(), builds.coredns()


def _download(versions: Sequence[str]) -> tuple[Path, dict[str, Path]]:
    unpacked = packages.ensure()
    archives = {images.PAUSE_IMAGE: images.pause()}
    for version in versions:
        archives[image_name(version)] = images.ensure(version)
    return unpacked, archives
