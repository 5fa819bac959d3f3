"""What the dynamic providers of this process share: connections, the row, and quiet errors.

The provider process outlives an engine that was killed: it watches the engine's address and ends.
"""

import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import wraps
from types import SimpleNamespace
from typing import Any, TypeVar

import grpc
from pulumi.output import Unknown
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from flink_components.flink.graph_cache import user_cache
from flink_components.kube.access import Access, load_client
from flink_components.kube.listed import ListedAccess
from flink_components.lifecycle.ledger import KIND
from flink_components.lifecycle.waiting import Clock
from flink_components.lifecycle.work import Workshop
from flink_components.providers.workers import widen

ACCESS = Access()
_LISTED = ListedAccess(ACCESS, KIND)
_WATCH_SECONDS = 2.0
_MISSES = 3
_started = threading.Event()
_start_mutex = threading.Lock()

F = TypeVar("F", bound=Callable[..., Any])


class ProviderError(Exception):
    """Shown to the user as its text alone."""


def workshop(urn: str) -> Workshop:
    """What a life cycle call needs; its progress goes to the row of `urn`."""
    return Workshop(
        ACCESS,
        Clock(),
        lambda text: _log(text, urn, ephemeral=True),
        warn=lambda text: warn(text, urn),
        graphs=user_cache(),
    )


def looking(urn: str) -> Workshop:
    """The same for who changes nothing: all ledgers of a namespace come by one call."""
    return Workshop(_LISTED, Clock(), lambda text: _log(text, urn, ephemeral=True))


def warn(text: str, urn: str) -> None:
    """A warning on the row of `urn`."""
    _log(text, urn, severity=engine_pb2.WARNING)


def entry(method: F) -> F:
    """A provider's method as the engine calls it: errors are one line, the engine is watched."""

    @wraps(method)
    def call(*args: Any) -> Any:
        _start_once()
        try:
            return method(*args)
        except Exception as error:
            if os.environ.get("FLINK_COMPONENTS_DEBUG"):
                raise
            raise ProviderError(str(error) or type(error).__name__) from None

    return call  # type: ignore[return-value]


def is_unknown(value: object) -> bool:
    """A value that is only known after `up` has made what it comes from."""
    return isinstance(value, Unknown)


def has_unknown(value: object) -> bool:
    """An unknown is nested anywhere in the value."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return is_unknown(value)


def _start_once() -> None:
    with _start_mutex:
        if _started.is_set():
            return
        _started.set()
        _quiet_tracebacks()
        widen()
        # while the engine still checks
        threading.Thread(target=load_client, daemon=True, name="load").start()
        if _engine_address():
            threading.Thread(target=_watch_engine, daemon=True, name="engine watch").start()


def _quiet_tracebacks() -> None:
    """The SDK answers with `traceback.format_exc()`: for our own errors that is their text."""
    main = sys.modules.get("__main__")
    if main is None or getattr(main, "traceback", None) is not traceback:
        return

    def format_exc() -> str:
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, ProviderError) else traceback.format_exc()

    main.traceback = SimpleNamespace(format_exc=format_exc)  # type: ignore[attr-defined]


def _engine_address() -> str | None:
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    host, _, port = address.rpartition(":")
    return address if host and port.isdigit() else None


def _watch_engine() -> None:
    address = _engine_address()
    if address is None:
        return
    host, _, port = address.rpartition(":")
    misses = 0
    while misses < _MISSES:
        time.sleep(_WATCH_SECONDS / _MISSES)
        try:
            socket.create_connection((host, int(port)), timeout=_WATCH_SECONDS).close()
            misses = 0
        except OSError:
            misses += 1
    os._exit(1)


_channel_mutex = threading.Lock()
_stubs: dict[str, engine_pb2_grpc.EngineStub] = {}


def _log(text: str, urn: str, severity: Any = engine_pb2.INFO, ephemeral: bool = False) -> None:
    address = _engine_address()
    if address is None:
        return
    try:
        with _channel_mutex:
            if address not in _stubs:
                _stubs[address] = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))
            stub = _stubs[address]
        stub.Log(
            engine_pb2.LogRequest(severity=severity, message=text, urn=urn, ephemeral=ephemeral),
            timeout=5,
        )
    except grpc.RpcError:
        return
