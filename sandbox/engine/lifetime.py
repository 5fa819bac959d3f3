"""How long a plugin process lives: until the engine that started it ends or interrupts it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

import grpc

_CHECK_SECONDS = 1.0
_STOP_SECONDS = 1.0

_ended = threading.Event()


def end_with_engine(on_end: Callable[[], None]) -> None:
    """Arrange that this process ends quietly on SIGINT or SIGTERM, and when its parent is gone.

    A plugin has its own process group, so nothing else ends it when the engine is killed.
    ``on_end`` is called once, before the server stops.
    """

    def end() -> None:
        if not _ended.is_set():
            on_end()
            _ended.set()

    def handler(signum: int, frame: FrameType | None) -> None:
        threading.Thread(target=end, daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)
    parent = os.getppid()

    def watch() -> None:
        while not _ended.wait(_CHECK_SECONDS):
            if os.getppid() != parent:
                end()

    threading.Thread(target=watch, daemon=True).start()


def serve(server: grpc.Server) -> None:
    """Start the server on a free local port, print the port for the engine, and wait for the end.

    The process is left at once after that: threads that still wait for something do not hold it.
    """
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    _ended.wait()
    server.stop(_STOP_SECONDS).wait()
    sys.stdout.flush()
    os._exit(0)
