"""Who listens on a port of the machine."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sandbox.node.layout import PORTS
from sandbox.progress import SandboxError

_LISTENING = "0A"
_ANYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Listener:
    """A socket that waits for connections."""

    host: str
    port: int
    inode: str


def listeners(tables: Iterable[str]) -> list[Listener]:
    """Return the listening sockets of ``/proc/net/tcp`` and ``tcp6`` texts."""
    found = []
    for table in tables:
        for line in table.splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENING:
                host, _, port = fields[1].partition(":")
                found.append(Listener(_host(host), int(port, 16), fields[9]))
    return found


def conflicts(present: Iterable[Listener]) -> list[tuple[str, Listener]]:
    """Return which of the node's listeners could not listen, and what is in the way."""
    sockets = list(present)
    return [
        (name, other)
        for name, (host, port) in PORTS.items()
        for other in sockets
        if other.port == port and other.host in (host, *_ANYWHERE)
    ]


def check_free() -> None:
    """Raise SandboxError naming the process that has a port of the node."""
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    found = conflicts(listeners(table.read_text() for table in tables if table.exists()))
    if found:
        name, listener = found[0]
        raise SandboxError(
            f"port {listener.port}, which {name} needs, is taken by {_owner(listener.inode)}: "
            "end that process, and run `up` again"
        )


def _owner(inode: str) -> str:
    wanted = f"socket:[{inode}]"
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target == wanted:
            process = descriptor.parents[1]
            name = (process / "comm").read_text().strip()
            return f"process {process.name} ({name})"
    return "a process of another container or user"


def _host(text: str) -> str:
    # The kernel prints each 32-bit word in the byte order of the machine.
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)
