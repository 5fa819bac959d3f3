"""Stacks whose processes can be found and ended, and whose lock can be given back."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tests.conformance.lab import Stack

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
        """The processes of the running operation that have `what` on their command line.

        The engine works in the stack's folder; providers are found below it.
        """
        there = {int(path.name): path for path in Path("/proc").iterdir() if path.name.isdigit()}
        engines = {process for process, path in there.items() if self._is_engine(path)}
        if what == ENGINE:
            return sorted(engines)
        return sorted(
            process
            for process, path in there.items()
            if _has_word(path, what) and engines & _ancestors(path)
        )

    def end(self, process: int) -> None:
        """Ends a process by SIGKILL; one that is gone is no error."""
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)

    def _is_engine(self, process: Path) -> bool:
        try:
            return (process / "cwd").readlink() == self.folder and _has_word(process, ENGINE)
        except OSError:
            return False


def _has_word(process: Path, what: str) -> bool:
    try:
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return any(word.startswith(what) for word in words)


def _ancestors(process: Path) -> set[int]:
    """Ids of the processes above one, as long as they are there."""
    found: set[int] = set()
    while process.name != "0":
        try:
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            break
        found.add(int(parent))
        process = process.parent / parent
    return found


class NewStack(Protocol):
    """Makes stacks by name, by default in the backend of the test run, as its administrator."""

    def __call__(
        self, name: str, backend: str = "engine", kubeconfig: str | None = None
    ) -> JobStack:
        """The stack `test` of the project `name`."""
