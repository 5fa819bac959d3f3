"""A TLS server in front of another, as a proxy that a company puts before its Flink."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import requests

from tests.unit.doubles.https import Pair

_OF_THE_HOP = {"host", "connection", "content-length", "transfer-encoding"}
_PIECE = 1 << 16


class Asked(NamedTuple):
    """A request, and the program that sent it as it calls itself."""

    method: str
    path: str
    agent: str


@dataclass
class Gate:
    """Where it listens, which Authorization it lets in (None: any), and what it was asked."""

    url: str
    authorization: str | None
    asked: list[Asked] = field(default_factory=list)
    """By those who were let in."""
    refused: int = 0


@contextmanager
def gate(
    pair: Pair, base: str, session: requests.Session, authorization: str | None = None
) -> Iterator[Gate]:
    """Hands on to `base`, by `session`, what is let in.

    An Authorization is for the gate alone; without one to check it is handed on.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    httpd = _Httpd(("127.0.0.1", 0), _Handler)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    httpd.gate = made = Gate(f"https://127.0.0.1:{httpd.server_port}", authorization)
    httpd.base, httpd.session = base, session
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


class _Httpd(ThreadingHTTPServer):
    daemon_threads = True
    gate: Gate
    base: str
    session: requests.Session


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Httpd

    def _hand_on(self) -> None:
        gate = self.server.gate
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wanted = gate.authorization
        if wanted is not None and self.headers.get("Authorization") != wanted:
            gate.refused += 1
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        gate.asked.append(Asked(self.command, self.path, self.headers.get("User-Agent", "")))
        left_out = {*_OF_THE_HOP, "authorization"} if wanted is not None else _OF_THE_HOP
        headers = {k: v for k, v in self.headers.items() if k.lower() not in left_out}
        with self.server.session.request(
            self.command,
            self.server.base + self.path,
            headers=headers,
            data=body or None,
            stream=True,
            timeout=300,
        ) as answer:
            self._answer(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _hand_on  # noqa: N815

    def _answer(self, answer: requests.Response) -> None:
        """In pieces as they come, since a watch has no end."""
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in answer.raw.stream(_PIECE, decode_content=True):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        return
