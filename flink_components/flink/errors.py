"""What can go wrong between us and Flink's REST API, as a small family of exceptions."""

import re

import requests


class FlinkError(Exception):
    """Flink answered with an error.

    `cause` is the root cause in one line; `status` the HTTP status (0 where there is none).
    """

    def __init__(self, cause: str, status: int = 0) -> None:
        super().__init__(cause)
        self.cause = cause
        self.status = status


class FlinkNotFound(FlinkError):
    """Flink is there and does not know the job, jar or trigger."""


class FlinkUnreachable(FlinkError):
    """No answer came back: a request that was sent may or may not have been carried out."""


_CAUSED_BY = re.compile(r"^\s*Caused by: (.+)$", re.MULTILINE)
_EXCEPTION_CLASS = re.compile(r"^(?:[a-z][\w$]*\.)+([A-Z][\w$]*(?:\.[A-Z][\w$]*)*)(?::\s*|$)")
_SERVER_SIDE = re.compile(
    r"(?:\AInternal server error\.\s*)?<Exception on server side:\s*", re.DOTALL
)
_FATAL = re.compile(r"^.*Fatal error occurred in the cluster entrypoint.*$", re.MULTILINE)
_LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d[ T]", re.MULTILINE)
_NO_REPLY = re.compile(r"AskTimeoutException: |TimeoutException: Invocation of ")


def root_cause(text: str) -> str:
    """The innermost reason in a Java stack trace, in one line, without package names.

    The first line of Flink's errors says little ("Could not execute application."); the reason
    is in the last `Caused by:`.
    """
    text = _SERVER_SIDE.sub("", text).strip()
    causes = _CAUSED_BY.findall(text)
    line = (causes[-1] if causes else text.split("\n", 1)[0]).strip()
    line = " ".join(line.split())
    while True:
        match = _EXCEPTION_CLASS.match(line)
        if match is None:
            break
        rest = line[match.end() :].strip()
        if not rest:
            return match.group(1)
        inner = _EXCEPTION_CLASS.match(rest)
        if inner is None or not inner.group(1).endswith(("Exception", "Error")):
            return f"{match.group(1)}: {rest}"
        line = rest
    return line or "no reason given"


def cause_in_log(log: str) -> str | None:
    """The root cause of what ended a JobManager, by its log; None where that has no exception.

    Up to Flink 1.20 a job that can't start is said nowhere else.
    """
    fatal = list(_FATAL.finditer(log))
    if fatal:
        log = _said_with(log[fatal[-1].start() :])
    causes = _CAUSED_BY.findall(log)
    if causes:
        return root_cause(causes[-1])
    first = log.lstrip().split("\n", 1)[0]
    return root_cause(first) if fatal and _EXCEPTION_CLASS.match(first) else None


def cause_after(log: str) -> str | None:
    """The root cause that is told with the first line of a log; None where it tells none."""
    causes = _CAUSED_BY.findall(_said_with(log))
    return root_cause(causes[-1]) if causes else None


def _said_with(log: str) -> str:
    """What follows the first line, up to the next one that has a time of its own."""
    after = log.partition("\n")[2]
    end = _LOG_LINE.search(after)
    return after[: end.start()] if end else after


def is_no_reply(cause: str) -> bool:
    """A part of Flink waited in vain for another: the call may still be carried out."""
    return _NO_REPLY.match(cause) is not None


def connection_problem(error: requests.RequestException) -> str:
    """Why a server did not answer, in a few words, without the addresses that go before them."""
    if isinstance(error, requests.Timeout):
        return "timed out"
    cause: BaseException = error
    while True:
        inner = getattr(cause, "reason", None) or next(iter(cause.args), None)
        if not isinstance(inner, BaseException):
            break
        cause = inner
    if isinstance(error, requests.exceptions.SSLError):
        problem = getattr(cause, "verify_message", "")
        return "its certificate was not accepted" + (f" ({problem})" if problem else "")
    text = str(getattr(cause, "strerror", None) or cause)
    return re.sub(r"^\[Errno -?\d+\] ", "", text.rsplit(": ", 1)[-1])
