"""What a fault does to one call, in the transport below the package: no code of it knows.

A point is a call; one that only reads again what was read since the last write is not, so a poll
counts once. What a fault does there, it does in earnest: the process that dies dies by SIGKILL.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import requests
from requests.adapters import HTTPAdapter

_IDS = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}_[^/?]*|(?<=/leases/)[^/?]+|jobs/[0-9a-f]{32}")


class Fault(str, Enum):
    """What happens at a point."""

    KILLED_BEFORE = "the process is killed before the call"
    KILLED_AFTER = "the process is killed after the call, before its answer"
    LOST = "the answer is lost"
    LATE = "no answer in time, and the call arrives after that"
    UNAVAILABLE = "503 in place of the call and of its answer"
    BROKEN = "500 in place of the answer"


KILLS = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER)
"""Faults that end the process."""

LATE_SECONDS = 1.0
"""How long after its caller gave up on it a late call is sent."""


@dataclass(frozen=True)
class Strike:
    """A fault at the point of that number (from 0)."""

    number: int
    fault: Fault


Answers = Callable[[requests.PreparedRequest], "requests.Response | None"]
"""What is answered without a server; None where it is not."""


class Switch:
    """Counts the points of one process, and lets the strike hit; `points` says what they were."""

    def __init__(self, strike: Strike | None = None) -> None:
        self.points: list[str] = []
        self.answers_here: Answers = lambda _: None
        self._strike = strike
        self._read: set[str] = set()

    def session(self) -> requests.Session:
        """A session whose calls go through the switch."""
        session = requests.Session()
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Struck(self))
        return session

    def pass_through(
        self, request: requests.PreparedRequest, send: Callable[[], requests.Response]
    ) -> requests.Response:
        """One call, as the strike wants it."""
        point = f"{request.method} {_IDS.sub('*', request.path_url.partition('?')[0])}"
        if request.method != "GET":
            self._read.clear()
        elif point in self._read:
            return send()
        else:
            self._read.add(point)
        self.points.append(point)
        if self._strike is None or self._strike.number != len(self.points) - 1:
            return send()
        return self._hit(self._strike.fault, request, send)

    def _hit(
        self,
        fault: Fault,
        request: requests.PreparedRequest,
        send: Callable[[], requests.Response],
    ) -> requests.Response:
        if fault is Fault.KILLED_BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault is Fault.UNAVAILABLE:
            return _proxys(request, 503)
        if fault is Fault.LATE:
            _send_later(request, send)
            raise requests.ReadTimeout("no answer in time", request=request)
        send()
        if fault is Fault.KILLED_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault is Fault.LOST:
            raise requests.ReadTimeout("no answer in time", request=request)
        return _proxys(request, 500)


class _Struck(HTTPAdapter):
    def __init__(self, switch: Switch) -> None:
        super().__init__()
        self._switch = switch

    def send(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> requests.Response:
        whole = super().send

        def send() -> requests.Response:
            answered = self._switch.answers_here(request)
            return whole(request, *args, **options) if answered is None else answered

        return self._switch.pass_through(request, send)


def _send_later(request: requests.PreparedRequest, send: Callable[[], requests.Response]) -> None:
    """Sends a call whose caller has given it up; the process does not end before that."""
    body: Any = request.body
    if hasattr(body, "read"):
        request.body = body.read()  # its caller closes the file behind it

    def arrive() -> None:
        with suppress(requests.RequestException):
            send()

    threading.Timer(LATE_SECONDS, arrive).start()


def _proxys(request: requests.PreparedRequest, status: int) -> requests.Response:
    """An answer as a proxy on the way would make it."""
    return answer(request, status, "upstream connect error")


def answer(request: requests.PreparedRequest, status: int, text: str) -> requests.Response:
    """An answer that no server has given."""
    made = requests.Response()
    made.status_code = status
    made.reason = "made by a proxy"
    made.request = request
    made.url = request.url or ""
    made._content = text.encode()
    made.encoding = "utf-8"
    headers: Mapping[str, str] = {"Content-Type": "text/plain"}
    made.headers.update(headers)
    return made
