"""The control group that every process of the node lives in, so that all of them can be found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from sandbox.node.layout import CGROUP
from sandbox.progress import SandboxError

_MOUNT = Path("/sys/fs/cgroup")
_NEEDED = ("cpu", "cpuset", "memory", "pids")


class ControlGroups:
    """The node's group in each hierarchy (version 1), or in the only one (version 2)."""

    def __init__(self, mount: Path = _MOUNT, name: str = CGROUP) -> None:
        self._mount = mount
        self._name = name

    @property
    def version(self) -> int:
        """1 or 2, as mounted."""
        return 2 if (self._mount / "cgroup.controllers").is_file() else 1

    def missing_controllers(self) -> list[str]:
        """Return the controllers a node needs and the kernel does not offer."""
        if self.version == 2:
            offered = set((self._mount / "cgroup.controllers").read_text().split())
        else:
            offered = {name for name in _NEEDED if (self._mount / name / "cgroup.procs").exists()}
        return [name for name in _NEEDED if name not in offered]

    def create(self) -> Path:
        """Make the groups; return the ``cgroup.procs`` file that adds a process to the node."""
        missing = self.missing_controllers()
        if missing:
            raise SandboxError(
                f"the kernel offers no control group controller {', '.join(missing)}: "
                "the node cannot run here (`python -m sandbox doctor` tells what can)"
            )
        try:
            self._make()
        except OSError as error:
            raise SandboxError(
                f"no control group can be made here: {error} "
                "(inside a container it has to be a privileged one)"
            ) from None
        return self._own() / "cgroup.procs"

    def processes(self) -> set[int]:
        """Return the ids of all processes of the node, those of pods too."""
        return {pid for group in self._groups() for pid in _members(group)}

    def own_processes(self) -> set[int]:
        """Return the ids of the node's own processes, without those of pods."""
        return _members(self._own())

    def paths(self) -> list[Path]:
        """Return every group of the node that exists, the deepest first."""
        return sorted(self._groups(), key=lambda path: len(path.parts), reverse=True)

    def remove(self, timeout: float = 10) -> None:
        """Remove the groups, whose processes have ended."""
        deadline = time.monotonic() + timeout
        while remaining := self.paths():
            for group in remaining:
                try:
                    group.rmdir()
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise SandboxError(f"cannot remove {group}: {error.strerror}") from None
            if self.paths():
                time.sleep(0.05)

    def _make(self) -> None:
        for hierarchy in self._hierarchies():
            group = hierarchy / self._name
            group.mkdir(exist_ok=True)
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if self.version == 1 and (group / setting).exists():
                    (group / setting).write_text((hierarchy / setting).read_text())
        if self.version == 2:
            enable = " ".join(f"+{name}" for name in _NEEDED)
            (self._mount / "cgroup.subtree_control").write_text(enable)
            (self._mount / self._name / "cgroup.subtree_control").write_text(enable)
        self._own().mkdir(exist_ok=True)

    def _own(self) -> Path:
        tracking = self._mount if self.version == 2 else self._mount / "pids"
        # Version 2 allows processes in leaves only, and the kubelet makes pods' groups beside it.
        return tracking / self._name / "node"

    def _hierarchies(self) -> list[Path]:
        if self.version == 2:
            return [self._mount]
        if not self._mount.is_dir():
            return []
        return [
            path
            for path in sorted(self._mount.iterdir())
            if not path.is_symlink() and (path / "cgroup.procs").exists()
        ]

    def _groups(self) -> Iterator[Path]:
        for hierarchy in self._hierarchies():
            top = hierarchy / self._name
            if top.is_dir():
                yield top
                yield from (path for path in top.rglob("*") if path.is_dir())


def _members(group: Path) -> set[int]:
    try:
        return {int(line) for line in (group / "cgroup.procs").read_text().split()} - {0}
    except OSError:
        return set()
