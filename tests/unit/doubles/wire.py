"""The network as a test wants it: answers get lost, connections break, processes die."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import requests
from requests.models import Response

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
    KILLED_LATE = "the process dies, and the call is carried out later"


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


class Wire(requests.Session):
    """The session of one process: it leads to the servers, with the faults that a test put in."""

    def __init__(self, handler: Handler, mutex: threading.RLock) -> None:
        super().__init__()
        self._handler = handler
        self._mutex = mutex
        self._rules: list[tuple[When, Fault | Answer, int]] = []
        self.calls: list[Call] = []
        self.dead = False

    def inject(self, what: Fault | Answer, when: When, times: int = 1) -> None:
        """Lets `what` happen to the next `times` calls for which `when` holds."""
        self._rules.append((when, what, times))

    def request(  # type: ignore[override]
        self, method: str, url: str, *, data: Any = None, json: Json = None, **_: Any
    ) -> Response:
        """One call to the servers, in place of what requests does."""
        with self._mutex:
            if self.dead:
                raise Killed
            parts = urlsplit(url)
            body = copy.deepcopy(json) if data is None else data.read()
            path, query = unquote(parts.path), unquote(parts.query)
            call = Call(len(self.calls) + 1, method, path, query, body)
            self.calls.append(call)
            return _response(*self._carry_out(call, self._fault(call)))

    def _fault(self, call: Call) -> Fault | Answer | None:
        for index, (when, what, times) in enumerate(self._rules):
            if times and when(call):
                self._rules[index] = (when, what, times - 1)
                return what
        return None

    def _carry_out(self, call: Call, fault: Fault | Answer | None) -> tuple[int, Json]:
        if isinstance(fault, Answer):
            return fault.status, fault.body
        if fault is Fault.REFUSED:
            raise requests.ConnectionError("connection refused")
        if fault in (Fault.LATE, Fault.KILLED_LATE):
            self._handler.later(call)
        elif fault is not Fault.KILLED_BEFORE:
            status, body = self._handler.handle(call)
        if fault in (Fault.LOST, Fault.LATE):
            raise requests.ReadTimeout("timed out")
        if fault is not None:
            self.dead = True
            raise Killed
        return status, body


def _response(status: int, body: Json) -> Response:
    response = Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.encoding = "utf-8"
    return response
