"""The network as a test wants it: answers get lost, connections break, processes die."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.models import PreparedRequest, Response

Json = Any


class Killed(BaseException):
    """The process was ended from outside, as by `kill -9`: nothing that it would do is done."""


@dataclass(frozen=True)
class Call:
    """One request: its number among those of the process, and what it asks for."""

    number: int
    method: str
    path: str
    query: str
    body: Json

    def __str__(self) -> str:
        return f"#{self.number} {self.method} {self.path}"


class Fault(Enum):
    """What happens to a call."""

    REFUSED = "the connection is refused: nothing is carried out"
    LOST = "carried out, and its answer is lost"
    KILLED_BEFORE = "the process dies before the call"
    KILLED_AFTER = "the process dies after the call was carried out"
    LATE = "the answer is lost, and the call is carried out later"


@dataclass(frozen=True)
class Answer:
    """An answer that is given in place of the server's."""

    status: int
    body: Json


When = Callable[[Call], bool]


class Handler(Protocol):
    """The servers behind the wire."""

    def handle(self, call: Call) -> tuple[int, Json]:
        """Carries the call out."""

    def later(self, call: Call) -> None:
        """Keeps the call for some time, and carries it out then."""


class Wire(BaseAdapter):
    """The connection of one process to the servers, with the faults that a test has put in."""

    def __init__(self, handler: Handler, mutex: threading.RLock) -> None:
        super().__init__()
        self._handler = handler
        self._mutex = mutex
        self._rules: list[tuple[When, Fault | Answer, int]] = []
        self.calls: list[Call] = []
        self.dead = False

    def put(self, what: Fault | Answer, when: When, times: int = 1) -> None:
        """Lets `what` happen to the next `times` calls for which `when` holds."""
        self._rules.append((when, what, times))

    def _fault(self, call: Call) -> Fault | Answer | None:
        for index, (when, what, times) in enumerate(self._rules):
            if times and when(call):
                self._rules[index] = (when, what, times - 1)
                return what
        return None

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        with self._mutex:
            return self._send(request)

    def _send(self, request: PreparedRequest) -> Response:
        if self.dead:
            raise Killed
        parts = urlsplit(request.url or "")
        call = Call(
            number=len(self.calls) + 1,
            method=request.method or "",
            path=unquote(parts.path),
            query=unquote(parts.query),
            body=_body(request),
        )
        self.calls.append(call)
        fault = self._fault(call)
        if isinstance(fault, Answer):
            return _response(request, fault.status, fault.body)
        if fault is Fault.REFUSED:
            raise requests.ConnectionError("connection refused")
        if fault is Fault.LATE:
            self._handler.later(call)
            raise requests.ReadTimeout("timed out")
        if fault is Fault.KILLED_BEFORE:
            self.dead = True
            raise Killed
        status, body = self._handler.handle(call)
        if fault is Fault.LOST:
            raise requests.ReadTimeout("timed out")
        if fault is Fault.KILLED_AFTER:
            self.dead = True
            raise Killed
        return _response(request, status, body)

    def close(self) -> None:
        return


def _body(request: PreparedRequest) -> Json:
    if not request.body:
        return None
    content = request.headers.get("Content-Type", "")
    raw: Any = request.body
    if "json" in content:
        return json.loads(raw)
    return raw.read() if hasattr(raw, "read") else raw


def _response(request: PreparedRequest, status: int, body: Json) -> Response:
    response = Response()
    response.status_code = status
    response.request = request
    response.url = request.url or ""
    response._content = b"" if body is None else json.dumps(body).encode()
    response.encoding = "utf-8"
    return response


def session(wire: Wire) -> requests.Session:
    """A session whose every request goes over the wire."""
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", wire)
    made.mount("http://", wire)
    return made
