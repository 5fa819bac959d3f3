"""Which folder holds the machine's one node, and who is changing it right now."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.node import processes
from sandbox.paths import STATE
from sandbox.progress import SandboxError, say

_OWNER = STATE / "holder.json"
_LOCK = Path("/run/lock/flink-components-sandbox.lock")
_WAIT_SECONDS = 20 * 60.0


@dataclass(frozen=True)
class Holder:
    """The folder a node was started from, and the `up` that did."""

    folder: str
    pid: int
    started: int
    boot: str

    @classmethod
    def this_process(cls, folder: Path) -> Holder:
        """Return this process as the holder."""
        pid = os.getpid()
        return cls(str(folder), pid, processes.start_time(pid), processes.boot_id())

    def is_starting(self) -> bool:
        """Whether the `up` itself still runs."""
        return self.boot == processes.boot_id() and self.started == processes.start_time(self.pid)


def read(file: Path = _OWNER) -> Holder | None:
    """Return who holds the node, if anyone does."""
    try:
        return Holder(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write(holder: Holder, file: Path = _OWNER) -> None:
    """Make this the holder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_suffix(".new")
    made.write_text(json.dumps(asdict(holder)))
    made.rename(file)


@contextmanager
def locked(folder: Path, lock: Path = _LOCK) -> Iterator[None]:
    """Be the only one that changes the node; wait for another command of the same folder.

    Raises SandboxError at once if a command of another folder is changing it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as handle:
        _acquire(handle.fileno(), lock, folder)
        handle.truncate(0)
        handle.write(str(folder))
        handle.flush()
        yield
        handle.truncate(0)


def _acquire(descriptor: int, lock: Path, folder: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = lock.read_text()
            if other and other != str(folder):
                raise taken_by(other) from None
            if not told:
                say("waiting for another command that is changing the node ...")
                told = True
            if time.monotonic() > deadline:
                raise SandboxError(
                    "another command keeps changing the node: see `python -m sandbox status`"
                ) from None
            time.sleep(0.1)
        else:
            return


def taken_by(folder: str) -> SandboxError:
    """Return the error for a node that another folder holds."""
    return SandboxError(
        f"the machine's one node is held by {folder}: use it from there, "
        "or end it with `python -m sandbox down --force`"
    )
