"""An API server with one Lease: TLS, tokens, resource versions, and faults on demand."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.unit.doubles.https import Authority

GO, CLAIM = "flink-components/go", "flink-components/claim"
PROBE, PROBED = "flink-components/probe", "flink-components/probed"
_PATH = "/apis/coordination.k8s.io/v1/namespaces/jobs/leases/counts-ledger"
LOSE_ANSWER = -1
"""A fault: the request is done, and the connection ends before its answer."""

Json = dict[str, Any]


class LeaseServer:
    """Serves the Lease `jobs/counts-ledger` inside a `with` block.

    `account` and `environment` are what a pod finds. `faults`: what the next requests meet, each
    a status or LOSE_ANSWER, by method; `away`: whether all meet 503. `before_put` is called before
    the next PUT is looked at.
    """

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder)
        pair = authority.issue("server")
        self.account = folder / "account"
        self.account.mkdir()
        (self.account / "ca.crt").write_bytes(authority.cert.read_bytes())
        self.token = "first"
        self.give_token("first")
        self.lease: Json | None = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "counts-ledger", "resourceVersion": "1", "annotations": {}},
            "spec": {"holderIdentity": "", "leaseDurationSeconds": 1},
        }
        self.faults: dict[str, list[int]] = {"GET": [], "PUT": []}
        self.away: Callable[[], bool] = lambda: False
        self.before_put: Callable[[], None] | None = None
        self.connections = 0
        self.reads = 0
        self.writes: list[str] = []
        self._lock = threading.RLock()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._httpd.daemon_threads = True
        self._httpd.socket = context.wrap_socket(self._httpd.socket, server_side=True)
        self._httpd.owner = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._httpd.serve_forever, args=(0.01,))

    def __enter__(self) -> LeaseServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._httpd.shutdown()
        self._thread.join()
        self._httpd.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a pod."""
        return {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(self._httpd.server_port),
            "POD_UID": "pod-uid",
        }

    def give_token(self, token: str) -> None:
        """Put another token into the pod; the server takes `self.token` alone."""
        (self.account / "token").write_text(f"{token}\n")

    def annotate(self, name: str, value: Mapping[str, Any] | str | None) -> None:
        """Write one annotation as the life cycle does; None removes it."""
        text = value if isinstance(value, str) or value is None else json.dumps(value)
        with self._lock:
            lease = self._there()
            annotations = lease["metadata"]["annotations"]
            annotations.pop(name, None)
            if text is not None:
                annotations[name] = text
            self._bump()

    def lock_by(self, holder: str, renewed: str = "2026-01-01T00:00:00.000000Z") -> None:
        """Let somebody hold the lock, or nobody (an empty holder)."""
        with self._lock:
            self._there()["spec"].update(holderIdentity=holder, renewTime=renewed)
            self._bump()

    def annotation(self, name: str) -> Json:
        """An annotation as it is now; empty where it is absent."""
        with self._lock:
            text = self._there()["metadata"]["annotations"].get(name, "{}")
        read: Json = json.loads(text)
        return read

    def answered(self, question: str) -> bool:
        """Whether the probe of this id has an answer."""
        return self.annotation(PROBED).get("id") == question

    def do_get(self) -> tuple[int, Json]:
        """The answer to a GET."""
        with self._lock:
            self.reads += 1
            return (404, {}) if self.lease is None else (200, self.lease)

    def do_put(self, content: str) -> tuple[int, Json]:
        """The answer to a PUT: a compare-and-set."""
        hook, self.before_put = self.before_put, None
        if hook is not None:
            hook()
        with self._lock:
            written, lease = json.loads(content), self._there()
            version = lease["metadata"]["resourceVersion"]
            if written["metadata"]["resourceVersion"] != version:
                return 409, {}
            self.lease = written
            self.writes.append(content)
            self._bump()
            return 200, written

    def _there(self) -> Json:
        assert self.lease is not None
        return self.lease

    def _bump(self) -> None:
        metadata = self._there()["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self._owner.connections += 1

    def do_GET(self) -> None:
        self._answer("GET", self._owner.do_get)

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        content = self.rfile.read(length)
        if len(content) == length:  # else the client was killed
            self._answer("PUT", lambda: self._owner.do_put(content.decode()))

    def log_message(self, *_: Any) -> None:
        return

    @property
    def _owner(self) -> LeaseServer:
        owner: LeaseServer = self.server.owner  # type: ignore[attr-defined]
        return owner

    def _answer(self, method: str, work: Callable[[], tuple[int, Json]]) -> None:
        faults = self._owner.faults[method]
        fault = faults.pop(0) if faults else 503 if self._owner.away() else 0
        if self.headers["Authorization"] != f"Bearer {self._owner.token}":
            fault = 401
        status, body = (fault, {}) if fault > 0 else work()
        if self.path != _PATH:
            status, body = 404, {}
        if fault == LOSE_ANSWER:
            self.close_connection = True
            self.connection.close()
            return
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
