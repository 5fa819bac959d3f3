"""A shell in which pulumi, kubectl, Python and the cluster work as typed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from sandbox import gobuild
from sandbox.node import builds
from sandbox.paths import KUBECONFIG
from sandbox.progress import SandboxError

_PROMPT = r"(flink-sandbox) \w\$ "


def run(script: str | None, kubeconfig: Path | None = None, context: str | None = None) -> int:
    """Run a script, or an interactive shell, in the sandbox's environment; return its status.

    Without ``kubeconfig`` the sandbox's node is used, brought up if it is not. ``context`` chooses
    another context of that file than its current one.

    Raises SandboxError if the engine or the node cannot be had.
    """
    if find_spec("pulumi") is None:
        raise SandboxError("this Python lacks the project's packages: use `make shell`")
    with tempfile.TemporaryDirectory(prefix="flink-sandbox-") as work:
        environment = {**os.environ, **variables(_config(kubeconfig, context, Path(work)))}
        if script is not None:
            return subprocess.call(["sh", "-c", script], env=environment)
        start_file = Path(work) / "bashrc"
        start_file.write_text(_bashrc(environment))
        return subprocess.call(["bash", "--rcfile", str(start_file), "-i"], env=environment)


def variables(kubeconfig: str) -> dict[str, str]:
    """Return what to add to the environment for the engine, the node and this Python."""
    from sandbox import engine

    added = engine.environment()
    programs = [str(Path(sys.executable).parent)]
    if gobuild.is_built("kubernetes", builds.KUBERNETES):
        # Before any other: the one a system packages may be too old for the node.
        programs.append(str(builds.kubectl_folder()))
    added["PATH"] = os.pathsep.join([*programs, added.get("PATH", os.environ.get("PATH", ""))])
    added["KUBECONFIG"] = kubeconfig
    if sys.prefix != sys.base_prefix:
        added["VIRTUAL_ENV"] = sys.prefix
    return added


def _config(kubeconfig: Path | None, context: str | None, work: Path) -> str:
    if kubeconfig is None:
        _bring_up()
        return str(KUBECONFIG)
    if not kubeconfig.is_file():
        raise SandboxError(f"there is no kubeconfig {kubeconfig}: give another `--kubeconfig`")
    if context is None:
        return str(kubeconfig.resolve())
    # Of several files the first that names a current context wins.
    choice = work / "context"
    config = {"apiVersion": "v1", "kind": "Config", "current-context": context}
    choice.write_text(json.dumps(config))
    return f"{choice}{os.pathsep}{kubeconfig.resolve()}"


def _bring_up() -> None:
    from sandbox.images import DEFAULT_VERSIONS
    from sandbox.node import lifecycle

    if not lifecycle.is_held_healthy():
        lifecycle.up(DEFAULT_VERSIONS)


def _bashrc(environment: Mapping[str, str]) -> str:
    # The user's own file may set PATH anew.
    return (
        "if [ -f ~/.bashrc ]; then . ~/.bashrc; fi\n"
        f"export PATH={shlex.quote(environment['PATH'])}\n"
        f"PS1={shlex.quote(_PROMPT)}\n"
    )
