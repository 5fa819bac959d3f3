"""The fake cluster behind a real HTTP server: for programs and providers in other processes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass
class Served:
    """The world, the kubeconfig that leads to it, and what was asked of it.

    `held` are the ledgers that are locked, `most_held` how many were at the same time.
    """

    world: World
    kubeconfig: Path
    calls: list[Call] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    most_held: int = 0
    order: list[str] = field(default_factory=list)

    def asked(self, method: str, part: str) -> int:
        """How many requests there were of a method whose path has this part."""
        return len([one for one in self.calls if one.method == method and part in one.path])

    def forget(self) -> None:
        """From now on everything is counted anew."""
        self.calls.clear()
        self.order.clear()
        self.most_held = 0

    def note(self, call: Call) -> None:
        """Keeps in mind who holds a lock: who works on a job."""
        self.calls.append(call)
        if call.method != "PUT" or "/leases/" not in call.path:
            return
        name = call.path.rpartition("/")[2]
        if not call.body["spec"].get("holderIdentity"):
            self.held.discard(name)
        elif name not in self.held:
            self.held.add(name)
            key = call.body["metadata"]["annotations"]["flink-components/key"]
            self.order.append(key.rpartition("/")[2])
            self.most_held = max(self.most_held, len(self.held))


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    served: Served


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        served = self.server.served  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_json = "json" in (self.headers.get("Content-Type") or "")
        body: Any = json.loads(raw) if raw and is_json else raw or None
        path, query = unquote(parts.path), unquote(parts.query)
        with served.world.mutex:
            call = Call(len(served.calls) + 1, self.command, path, query, body)
            status, said = served.world.handle(call)
            if status < 300:
                served.note(call)
        text = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def served(folder: Path, world: World | None = None) -> Iterator[Served]:
    """A world that other processes reach by a kubeconfig, until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    world = world or World(folder, RunningClock())
    httpd = _Server(("127.0.0.1", 0), _Handler)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(_config(f"http://127.0.0.1:{httpd.server_port}")))
    httpd.served = Served(world, kubeconfig)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield httpd.served
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def _config(server: str) -> dict[str, Any]:
    context = {"cluster": "fake", "user": "me"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "fake",
        "contexts": [{"name": "fake", "context": context}],
        "clusters": [{"name": "fake", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {"token": "x"}}],
    }
