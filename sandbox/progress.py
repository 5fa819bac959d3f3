"""One line per step: what it does, and how long it took when it is done."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()


class SandboxError(Exception):
    """Something the user can act on; its text is one line that says what to do."""


def say(line: str) -> None:
    """Print one line at once, whole even when several threads report."""
    with _lock:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


@contextmanager
def step(doing: str, done: str) -> Iterator[None]:
    """Say what is being done, and "<done> in <n> s" after it; a failure says nothing more.

    ``doing`` is printed at the start ("kubernetes 1.34.4: building"), ``done`` at the end
    ("kubernetes 1.34.4: built").
    """
    say(f"{doing} ...")
    start = time.monotonic()
    yield
    say(f"{done} in {time.monotonic() - start:.0f} s")
