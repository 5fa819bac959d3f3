"""Messages to the engine: on the row of a resource, or in the summary at the end."""

from __future__ import annotations

import threading
from typing import Protocol

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

INFO = engine_pb2.INFO
WARNING = engine_pb2.WARNING
ERROR = engine_pb2.ERROR


class Log(Protocol):
    """Where the messages about one resource go."""

    def status(self, severity: int, message: str) -> None:
        """Show a message on the row while the operation runs; "" clears it."""

    def permanent(self, severity: int, message: str) -> None:
        """Show a message also in the summary at the end."""


class EngineLog:
    """Messages about one resource; the same message is sent once."""

    def __init__(self, engine: engine_pb2_grpc.EngineStub | None, urn: str) -> None:
        self._engine = engine
        self._urn = urn
        self._sent: set[tuple[bool, int, str]] = set()
        self._lock = threading.Lock()

    def status(self, severity: int, message: str) -> None:
        self._send(severity, message, ephemeral=True)

    def permanent(self, severity: int, message: str) -> None:
        self._send(severity, message, ephemeral=False)

    def _send(self, severity: int, message: str, ephemeral: bool) -> None:
        key = (ephemeral, severity, message)
        with self._lock:
            if self._engine is None or (message and key in self._sent):
                return
            self._sent.add(key)
        request = engine_pb2.LogRequest(
            severity=engine_pb2.LogSeverity.ValueType(severity),
            message=message,
            urn=self._urn,
            ephemeral=ephemeral,
        )
        try:
            self._engine.Log(request, timeout=10)
        except grpc.RpcError:
            # The engine is ending: there is nobody left to tell.
            return
