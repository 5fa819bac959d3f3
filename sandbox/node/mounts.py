"""Mounts below the node's folders."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sandbox.progress import SandboxError

_MOUNTINFO = Path("/proc/self/mountinfo")
_ROUNDS = 5


def below(folders: Sequence[Path], mountinfo: str | None = None) -> list[Path]:
    """Return the mount points in these folders, the latest mounted first."""
    text = _MOUNTINFO.read_text() if mountinfo is None else mountinfo
    points = [Path(_unescape(line.split()[4])) for line in text.splitlines()]
    return [
        point
        for point in reversed(points)
        if any(point == folder or folder in point.parents for folder in folders)
    ]


def unmount(folders: Sequence[Path]) -> None:
    """Unmount all that is mounted in these folders.

    Raises SandboxError if something stays mounted: what lies below must then not be deleted.
    """
    for _ in range(_ROUNDS):
        points = below(folders)
        if not points:
            return
        for point in points:
            # Detached: what a dying process still holds open ends with that process.
            subprocess.run(
                ["umount", "--lazy", "--no-mtab", str(point)], capture_output=True, check=False
            )
    if points := below(folders):
        raise SandboxError(f"cannot unmount {points[0]}: see what uses it, and run `down` again")


def _unescape(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
