"""The node's links and kernel settings: made, and put back as they were."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from pathlib import Path

from sandbox.node import layout
from sandbox.progress import SandboxError

_LINKS = Path("/sys/class/net")
_ROUTES = Path("/proc/net/route")
SETTINGS = Path("/proc/sys")
# What the kubelet, kube-proxy and the CNI plugins change.
CHANGED = (
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "net/bridge/bridge-nf-call-iptables",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
_OWN_LINKS = (layout.NODE_LINK, layout.POD_LINK)


def check_free() -> None:
    """Raise SandboxError if the machine already routes one of the node's address ranges."""
    for link, route in routes(_ROUTES.read_text()):
        for own in (f"{layout.NODE_ADDRESS}/32", layout.POD_RANGE, layout.SERVICE_RANGE):
            if link not in _OWN_LINKS and route.overlaps(ipaddress.ip_network(own)):
                raise SandboxError(
                    f"the machine routes {route} to {link}, which overlaps the node's {own}: "
                    "the node cannot run beside that network"
                )


def routes(table: str) -> list[tuple[str, ipaddress.IPv4Network]]:
    """Return link and network of each route of a ``/proc/net/route`` text but the default one."""
    found = []
    for line in table.splitlines()[1:]:
        link, destination, *_, mask = line.split()[:8]
        address, bits = (
            int.from_bytes(bytes.fromhex(part), "little") for part in (destination, mask)
        )
        if bits:
            found.append((link, ipaddress.IPv4Network((address, bits.bit_count()))))
    return found


def _word(text: str) -> int:
    return int.from_bytes(bytes.fromhex(text), sys.byteorder)


def create() -> None:
    """Make the link that carries the node's address."""
    if (_LINKS / layout.NODE_LINK).exists():
        return
    _ip("link", "add", layout.NODE_LINK, "type", "bridge")
    _ip("address", "add", f"{layout.NODE_ADDRESS}/32", "dev", layout.NODE_LINK)
    _ip("link", "set", layout.NODE_LINK, "up")


def links() -> list[str]:
    """Return the links of the node that exist, pods' ends on the bridge included."""
    ports = sorted(path.name for path in (_LINKS / layout.POD_LINK).glob("brif/*"))
    return [*ports, *(link for link in _OWN_LINKS if (_LINKS / link).exists())]


def remove() -> None:
    """Delete the links; a pod's end may vanish by itself meanwhile."""
    for link in links():
        subprocess.run(["ip", "link", "delete", link], capture_output=True, check=False)
    if left := links():
        raise SandboxError(f"cannot delete the network link {left[0]}")


def save_settings(file: Path) -> None:
    """Write down the kernel settings that the node changes, as they are now."""
    present = {name: SETTINGS / name for name in CHANGED}
    values = {name: path.read_text().strip() for name, path in present.items() if path.exists()}
    file.write_text(json.dumps(values, indent=2) + "\n")


def restore_settings(file: Path) -> None:
    """Put the kernel settings back as they were written down."""
    if not file.exists():
        return
    for name, value in json.loads(file.read_text()).items():
        path = SETTINGS / name
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)


def allow_bridged_services() -> None:
    """Let services work between pods on one bridge, where the kernel has that switch."""
    switch = SETTINGS / "net/bridge/bridge-nf-call-iptables"
    if not switch.exists():
        subprocess.run(["modprobe", "br_netfilter"], capture_output=True, check=False)
    if switch.exists():
        switch.write_text("1")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SandboxError(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")
