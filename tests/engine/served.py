"""The clusters in memory behind a real port, for programs of the real engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from tests.unit.doubles.clock import FakeClock
from tests.unit.doubles.wire import Call
from tests.unit.doubles.world import World


class RunningClock(FakeClock):
    """The world's clock goes on as that of other processes does, and may be moved on besides."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = 0.0

    @property
    def time(self) -> float:
        """Now, in seconds since 1970."""
        return time.time() + self.moved

    @time.setter
    def time(self, value: float) -> None:
        self.moved = value - time.time()


@contextmanager
def served(world: World, folder: Path) -> Iterator[Path]:
    """A kubeconfig that leads to the world until the end of the block."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.world = world  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield _kubeconfig(folder, f"http://127.0.0.1:{httpd.server_port}")
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def _kubeconfig(folder: Path, server: str) -> Path:
    path = folder / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "world",
        "contexts": [{"name": "world", "context": {"cluster": "world", "user": "me"}}],
        "clusters": [{"name": "world", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {"token": "x"}}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        world: World = self.server.world  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_json = "json" in (self.headers.get("Content-Type") or "")
        body: Any = json.loads(raw) if raw and is_json else raw or None
        call = Call(0, self.command, unquote(parts.path), unquote(parts.query), body)
        with world.mutex:
            status, answer = world.handle(call)
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        return
