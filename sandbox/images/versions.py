"""The Flink versions that can run here, and which packages each is made of."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.progress import SandboxError


@dataclass(frozen=True)
class Release:
    """What differs between Flink versions when a distribution is put together.

    ``wheel_python`` and ``wheel_platform`` name a build of the Python package that exists (its
    scripts are the same in each); ``s3_plugin`` is the version of ``flink-s3-fs-hadoop`` that is
    served and works, or None; ``java17_flags`` says that this Flink does not itself bring the
    flags it needs on Java 17.
    """

    wheel_python: str = "3.8"
    wheel_platform: str = "manylinux1_x86_64"
    s3_plugin: str | None = None
    java17_flags: bool = False


VERSIONS: dict[str, Release] = {
    "1.13.6": Release(s3_plugin="1.13.6", java17_flags=True),
    "1.15.4": Release(java17_flags=True),
    "1.17.2": Release(s3_plugin="1.17.2", java17_flags=True),
    "1.18.1": Release(),
    "1.19.3": Release(),
    "1.20.3": Release(s3_plugin="1.20.1"),
    "2.0.2": Release(wheel_python="3.9", wheel_platform="manylinux2014_x86_64"),
    "2.3.0": Release(wheel_python="3.11", wheel_platform="manylinux2014_x86_64", s3_plugin="2.3.0"),
}
"""Every version an image can be made of, oldest first."""

DEFAULT_VERSIONS = ("1.20.3", "2.3.0")
"""Versions whose images the sandbox always has."""


def release(version: str) -> Release:
    """Return the row of the table; raises SandboxError for a version that is not in it."""
    try:
        return VERSIONS[version]
    except KeyError:
        raise SandboxError(
            f"there is no Flink {version!r} for the sandbox: choose one of {', '.join(VERSIONS)}"
        ) from None
