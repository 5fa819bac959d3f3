"""Takes all of the node off the machine, whatever state it is in."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox.node import firewall, layout, mounts, network, processes
from sandbox.node.cgroups import ControlGroups
from sandbox.node.store import ImageStore
from sandbox.paths import RUN, STATE
from sandbox.progress import SandboxError

SETTINGS = STATE / "kernel-settings.json"
"""The kernel settings as they were before the node."""

# These places are fixed in containerd and the kubelet.
_SHIM_SOCKETS = Path("/run/containerd/s")
_CONTAINER_LOGS = Path("/var/log/containers")
_CNI_RESULTS = Path("/var/lib/cni/results")
_DEVICE_PLUGINS = Path("/var/lib/kubelet/device-plugins")
_FOLDERS = (RUN, STATE, layout.IMAGE_STORE)


def clean() -> None:
    """End every process of the node and undo all it did; its volumes are deleted.

    What is built or downloaded stays in the cache. Raises SandboxError if something resists.
    """
    _end_processes()
    sockets = _shim_sockets()
    mounts.unmount(_FOLDERS)
    network.remove()
    firewall.remove()
    ControlGroups().remove()
    network.restore_settings(SETTINGS)
    _delete_outside(sockets)
    ImageStore().restore()
    for folder in (RUN, STATE):
        _delete(folder)


def leftovers() -> list[str]:
    """Return a line for each thing of a node that is on the machine."""
    return [
        *(f"process {pid}" for pid in sorted(_processes())),
        *(f"mount {point}" for point in mounts.below(_FOLDERS)),
        *(f"network link {link}" for link in network.links()),
        *(f"firewall rule {rule}" for rule in firewall.leftovers()),
        *(f"control group {path}" for path in ControlGroups().paths()),
        *(f"folder {folder}" for folder in (RUN, STATE) if folder.exists()),
    ]


def _processes() -> set[int]:
    recorded = processes.Records(layout.PROCESSES).running().values()
    return ControlGroups().processes() | {record.pid for record in recorded}


def _end_processes(timeout: float = 30) -> None:
    """Kill all; again, until no process that was just being started is left."""
    processes.end(processes.Records(layout.PROCESSES).running().values())
    groups = ControlGroups()
    deadline = time.monotonic() + timeout
    while remaining := groups.processes():
        if time.monotonic() > deadline:
            raise SandboxError(f"process {min(remaining)} of the node does not end")
        for pid in remaining:
            processes.kill(pid)
        time.sleep(0.02)


def _shim_sockets() -> list[Path]:
    addresses = layout.CONTAINERD_STATE.glob("io.containerd.runtime.v2.task/*/*/address")
    return [Path(path.read_text().strip().removeprefix("unix://")) for path in addresses]


def _delete_outside(sockets: list[Path]) -> None:
    for path in (*sockets, *_network_results(), *_DEVICE_PLUGINS.glob("kubelet*")):
        path.unlink(missing_ok=True)
    for link in _CONTAINER_LOGS.glob("*.log"):
        if link.is_symlink() and STATE in link.readlink().parents:
            link.unlink()
    for folder in (_SHIM_SOCKETS, _CNI_RESULTS, _CONTAINER_LOGS, _DEVICE_PLUGINS):
        _delete_if_empty(folder)
        _delete_if_empty(folder.parent)


def _network_results() -> Iterator[Path]:
    """What the CNI library remembers of pods: of their network, and of their own loopback."""
    for path in _CNI_RESULTS.glob(f"{layout.POD_NETWORK}-*"):
        pod = path.name.removeprefix(f"{layout.POD_NETWORK}-").rpartition("-")[0]
        yield path
        yield _CNI_RESULTS / f"cni-loopback-{pod}-lo"


def _delete_if_empty(folder: Path) -> None:
    if folder.is_dir() and folder != Path("/var/log") and not any(folder.iterdir()):
        folder.rmdir()


def _delete(folder: Path) -> None:
    if not folder.exists():
        return
    # A deletion must never reach through a mount into someone's data.
    if points := mounts.below([folder]):
        raise SandboxError(f"{points[0]} is still mounted: unmount it, and run `down` again")
    shutil.rmtree(folder)
