"""The plugin process: the provider behind Pulumi's gRPC interface."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent import futures
from importlib.metadata import version
from typing import Any, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import (
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from sandbox.engine.kubernetes_provider.diffs import ChangeKind
from sandbox.engine.kubernetes_provider.kubeconfig import KubeconfigError
from sandbox.engine.kubernetes_provider.logs import EngineLog
from sandbox.engine.kubernetes_provider.provider import Provider
from sandbox.engine.kubernetes_provider.resources import PartialError, ProviderError, Resource
from sandbox.engine.kubernetes_provider.settings import (
    connect,
    diff_settings,
    read_settings,
    unsupported,
)
from sandbox.engine.kubernetes_provider.values import decode, encode
from sandbox.engine.kubernetes_provider.yaml_decode import DecodeError, decode_yaml
from sandbox.engine.lifetime import end_with_engine, serve

_WORKERS = 64
_MAX_MESSAGE_BYTES = 400 * 1024 * 1024

_Diff = provider_pb2.PropertyDiff
_KINDS = {
    (ChangeKind.ADD, False): _Diff.ADD,
    (ChangeKind.ADD, True): _Diff.ADD_REPLACE,
    (ChangeKind.DELETE, False): _Diff.DELETE,
    (ChangeKind.DELETE, True): _Diff.DELETE_REPLACE,
    (ChangeKind.UPDATE, False): _Diff.UPDATE,
    (ChangeKind.UPDATE, True): _Diff.UPDATE_REPLACE,
}

_T = TypeVar("_T")
_Context = grpc.ServicerContext


# ruff: noqa: N802
class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Decodes what the engine asks and encodes what the provider answers."""

    def __init__(self, engine_address: str) -> None:
        self._engine = _engine_at(engine_address)
        self._provider: Provider | None = None

    def Attach(self, request: plugin_pb2.PluginAttach, context: _Context) -> empty_pb2.Empty:
        self._engine = _engine_at(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: _Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version("pulumi-kubernetes"))

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: _Context
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema='{"name": "kubernetes"}')

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: _Context
    ) -> provider_pb2.CheckResponse:
        missing = unsupported(decode(request.news))
        failures = [
            provider_pb2.CheckFailure(
                property=missing,
                reason="needs the real Kubernetes provider: this is the sandbox's stand-in",
            )
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures if missing else [])

    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: _Context
    ) -> provider_pb2.DiffResponse:
        try:
            changed, replaces = diff_settings(decode(request.olds), decode(request.news))
        except KubeconfigError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        changes = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(
            changes=changes.DIFF_SOME if changed else changes.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
        )

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: _Context
    ) -> provider_pb2.ConfigureResponse:
        settings = read_settings(dict(request.variables), os.environ)
        self._provider = Provider(settings, connect)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Check(
        self, request: provider_pb2.CheckRequest, context: _Context
    ) -> provider_pb2.CheckResponse:
        autonaming = request.autonaming if request.HasField("autonaming") else None
        inputs = self._call(
            context,
            lambda provider: provider.check(
                self._resource(request.urn),
                decode(request.olds),
                decode(request.news),
                request.randomSeed,
                autonaming,
            ),
        )
        return provider_pb2.CheckResponse(inputs=encode(inputs))

    def Diff(
        self, request: provider_pb2.DiffRequest, context: _Context
    ) -> provider_pb2.DiffResponse:
        diff = self._call(
            context,
            lambda provider: provider.diff(
                self._resource(request.urn),
                decode(request.olds),
                decode(request.news),
                list(request.ignoreChanges),
            ),
        )
        some = bool(diff.changes or diff.replaces)
        answer = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(
            changes=answer.DIFF_SOME if some else answer.DIFF_NONE,
            replaces=diff.replaces,
            deleteBeforeReplace=diff.delete_before_replace,
            hasDetailedDiff=True,
            detailedDiff={
                path: _Diff(
                    kind=_KINDS[change.kind, change.replaces],
                    inputDiff=change.kind is ChangeKind.DELETE,
                )
                for path, change in diff.changes.items()
            },
        )

    def Create(
        self, request: provider_pb2.CreateRequest, context: _Context
    ) -> provider_pb2.CreateResponse:
        resource_id, outputs = self._call(
            context,
            lambda provider: provider.create(
                self._resource(request.urn),
                decode(request.properties),
                request.preview,
                request.timeout,
            ),
        )
        return provider_pb2.CreateResponse(id=resource_id, properties=encode(outputs))

    def Read(
        self, request: provider_pb2.ReadRequest, context: _Context
    ) -> provider_pb2.ReadResponse:
        found = self._call(
            context,
            lambda provider: provider.read(
                self._resource(request.urn),
                request.id,
                decode(request.properties),
                decode(request.inputs),
            ),
        )
        if not found.resource_id:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=found.resource_id, properties=encode(found.outputs), inputs=encode(found.inputs)
        )

    def Update(
        self, request: provider_pb2.UpdateRequest, context: _Context
    ) -> provider_pb2.UpdateResponse:
        outputs = self._call(
            context,
            lambda provider: provider.update(
                self._resource(request.urn),
                decode(request.olds),
                decode(request.news),
                list(request.ignoreChanges),
                request.preview,
                request.timeout,
            ),
        )
        return provider_pb2.UpdateResponse(properties=encode(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: _Context) -> empty_pb2.Empty:
        self._call(
            context,
            lambda provider: provider.delete(
                self._resource(request.urn),
                request.id,
                decode(request.properties),
                request.timeout,
            ),
        )
        return empty_pb2.Empty()

    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: _Context
    ) -> provider_pb2.InvokeResponse:
        arguments = decode(request.args)
        if request.tok != "kubernetes:yaml:decode":
            context.abort(
                grpc.StatusCode.UNKNOWN,
                f"{request.tok} needs the real Kubernetes provider: this is the sandbox's stand-in",
            )
        try:
            result = decode_yaml(
                str(arguments.get("text") or ""), str(arguments.get("defaultNamespace") or "")
            )
        except DecodeError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        answer: dict[str, Any] = {"return": encode({"result": result})}
        return provider_pb2.InvokeResponse(**answer)

    def Cancel(self, request: empty_pb2.Empty, context: _Context) -> empty_pb2.Empty:
        self.cancel()
        return empty_pb2.Empty()

    def cancel(self) -> None:
        """End the waits that are under way."""
        if self._provider is not None:
            self._provider.cancel()

    def _resource(self, urn: str) -> Resource:
        return Resource(urn, EngineLog(self._engine, urn))

    def _call(self, context: _Context, operation: Callable[[Provider], _T]) -> _T:
        if self._provider is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the provider is not configured")
        try:
            return operation(self._provider)
        except PartialError as error:
            context.abort_with_status(_PartialStatus(error))
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise AssertionError("abort raises")


class _PartialStatus(grpc.Status):
    """The status that tells the engine to keep the resource, and why it is not as it should be."""

    def __init__(self, error: PartialError) -> None:
        detail = provider_pb2.ErrorResourceInitFailed(
            id=error.resource_id,
            properties=encode(error.outputs),
            reasons=error.reasons,
            inputs=encode(error.inputs) if error.inputs else None,
        )
        packed = any_pb2.Any()
        packed.Pack(detail)
        code = grpc.StatusCode.UNKNOWN
        status = status_pb2.Status(code=code.value[0], message=str(error), details=[packed])
        self.code = code
        self.details = str(error)
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)


def _engine_at(address: str) -> engine_pb2_grpc.EngineStub | None:
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None


def main() -> int:
    """Serve until the engine ends or interrupts this process; the exit status is 0."""
    servicer = Servicer(sys.argv[-1] if len(sys.argv) > 1 else "")
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=_WORKERS),
        options=[
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    end_with_engine(servicer.cancel)
    serve(server)
    return 0
