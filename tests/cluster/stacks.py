"""Stacks whose processes can be found and ended, and whose lock can be given back."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tests.conformance.lab import Stack
from tests.lifecycle.kubernetes import until

ENGINE = "--client="
PROVIDER = "pulumi.dynamic"


class JobStack(Stack):
    """A stack in a folder of its own, in which each of its processes works."""

    def __init__(
        self, folder: Path, engine: Path, environment: Mapping[str, str], name: str
    ) -> None:
        super().__init__(folder, engine, environment, name)
        self.folder = folder

    def cancel(self) -> None:
        """`pulumi cancel`: gives back the lock of an engine that was killed."""
        self._stack.cancel()

    def processes(self, what: str) -> list[int]:
        """The processes of the running operation that have `what` on their command line."""
        folders = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [int(path.name) for path in folders if self._is_ours(path, what)]

    def send(self, number: signal.Signals, what: str) -> int:
        """Sends a signal to the one process of that kind; its id."""
        (process,) = self.processes(what)
        os.kill(process, number)
        return process

    def end(self, process: int) -> None:
        """Ends a process by SIGKILL; one that is gone is no error."""
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)

    def ended(self, what: str, seconds: float) -> None:
        """Waits until no process of that kind is left."""
        until(f"the end of {what}", seconds, lambda: not self.processes(what))

    def _is_ours(self, process: Path, what: str) -> bool:
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            here = (process / "cwd").readlink() == self.folder
        except OSError:
            return False
        return here and any(word.startswith(what) for word in words)


class NewStack(Protocol):
    """Makes stacks by name, by default in the backend of the test run."""

    def __call__(self, name: str, backend: str = "engine") -> JobStack:
        """The stack `test` of the project `name`."""
