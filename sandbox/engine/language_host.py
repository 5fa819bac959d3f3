"""The language host of Python programs: the plugin that the engine asks to run a program.

The engine starts it with its own address as the last argument and reads the port from its output.
It is used where the CLI came without Pulumi's own host (`folder`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent import futures
from importlib.metadata import distributions, version
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.engine.interpreter import Interpreter, InterpreterError, choose
from sandbox.engine.lifetime import end_with_engine, serve

_RUNNER = Path(__file__).parent / "runner" / "pulumi_program.py"

_ERROR_ALREADY_SHOWN = 32
_GRACE_SECONDS = 5.0


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs programs with the interpreter of their project."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._programs: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def Handshake(  # noqa: N802
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine_address = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def GetRequiredPackages(  # noqa: N802
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        # Nothing: the program asks for each provider when it registers its first resource.
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(  # noqa: N802
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        return language_pb2.GetRequiredPluginsResponse()

    def About(  # noqa: N802
        self, request: language_pb2.AboutRequest, context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        chosen = _interpreter(request.info, context)
        done = subprocess.run(
            [chosen.executable, "-c", "import platform, sys; print(sys.executable);"
             "print(platform.python_version())"],
            env=chosen.variables,
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        executable, number = [*done.stdout.splitlines(), "", ""][:2]
        return language_pb2.AboutResponse(executable=executable, version=number)

    def GetProgramDependencies(  # noqa: N802
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        chosen = _interpreter(request.info, context)
        paths = subprocess.run(
            [chosen.executable, "-c", "import json, sys; print(json.dumps(sys.path))"],
            env=chosen.variables,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        found = {
            dist.name: dist.version for dist in distributions(path=json.loads(paths or "[]")[1:])
        }
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=number)
                for name, number in sorted(found.items())
            ]
        )

    def Run(  # noqa: N802
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        chosen = _interpreter(request.info, context)
        variables = {
            **chosen.variables,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        command = [chosen.executable, "-u", str(_RUNNER), *self._arguments(request)]
        try:
            program = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL)
        except OSError as error:
            return language_pb2.RunResponse(
                error=f"problem executing program (could not run {chosen.executable}): {error}"
            )
        with self._lock:
            self._programs.add(program)
        context.add_callback(lambda: _interrupt(program))
        status = program.wait()
        with self._lock:
            self._programs.discard(program)
        return _answer(status)

    def Cancel(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self.interrupt_programs()
        return empty_pb2.Empty()

    def interrupt_programs(self) -> None:
        """End the programs that run, each after a grace period for its own clean-up."""
        with self._lock:
            running = list(self._programs)
        for program in running:
            _interrupt(program)

    def _arguments(self, request: language_pb2.RunRequest) -> list[str]:
        named = {
            "monitor": request.monitor_address,
            "engine": self._engine_address,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        given = [part for key, value in named.items() if value for part in (f"--{key}", value)]
        entry = request.info.entry_point or request.program or "."
        return [*given, entry, *request.args]


def _answer(status: int) -> language_pb2.RunResponse:
    if status == 0:
        return language_pb2.RunResponse()
    if status == _ERROR_ALREADY_SHOWN:
        return language_pb2.RunResponse(bail=True)
    if status < 0:
        name = signal.Signals(-status).name
        return language_pb2.RunResponse(error=f"program exited unexpectedly: {name}")
    return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {status}")


def _interpreter(info: language_pb2.ProgramInfo, context: grpc.ServicerContext) -> Interpreter:
    root = Path(info.root_directory or ".")
    program_folder = Path(info.program_directory or root)
    try:
        return choose(root, program_folder, json_format.MessageToDict(info.options), os.environ)
    except InterpreterError as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise AssertionError("abort raises") from error


def _interrupt(program: subprocess.Popen[bytes]) -> None:
    if program.poll() is not None:
        return
    program.send_signal(signal.SIGINT)
    killer = threading.Timer(_GRACE_SECONDS, program.kill)
    killer.daemon = True
    killer.start()


def main() -> int:
    """Serve until the engine ends or interrupts this process; the exit status is 0."""
    engine_address = sys.argv[-1] if len(sys.argv) > 1 else ""
    host = LanguageHost(engine_address)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    end_with_engine(host.interrupt_programs)
    serve(server)
    return 0
