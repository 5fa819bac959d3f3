"""The variables with which `pulumi` works without an account, and with the sandbox's stand-ins."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from sandbox.engine.cli import version_of
from sandbox.engine.folder import ensure, launcher, uses_own_language_host, write_script

KUBERNETES_PROVIDER = "pulumi-resource-kubernetes"

_PASSPHRASE = "sandbox"


def environment(
    home: Path | None = None, variables: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the variables to add to a process's environment so that `pulumi` works in it.

    ``home`` keeps the stacks and what the CLI remembers (default
    ``${XDG_STATE_HOME:-~/.local/state}/flink-components/pulumi``); a test passes its own.
    ``variables`` is the environment to add to (default: the process's). Its passphrase is kept, its
    PULUMI_HOME where that has the real Kubernetes provider, and its backend without a ``home``.

    Raises SandboxError if there is no CLI and none can be had.
    """
    variables = os.environ if variables is None else variables
    keeps_backend = home is None and "PULUMI_BACKEND_URL" in variables
    home = _default_home(variables) if home is None else home
    pulumi_home = _home_with_kubernetes_provider(home, variables)
    added = {
        "PATH": _path(ensure() / "bin", variables),
        "PULUMI_HOME": str(pulumi_home),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
    }
    if not keeps_backend:
        backend = home / "backend"
        backend.mkdir(parents=True, exist_ok=True)
        added["PULUMI_BACKEND_URL"] = backend.as_uri()
    if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(variables):
        added["PULUMI_CONFIG_PASSPHRASE"] = _PASSPHRASE
    if "PULUMI_PYTHON_CMD" not in variables:
        added["PULUMI_PYTHON_CMD"] = sys.executable
    return added


def describe(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return, in one line each, which CLI, language host and Kubernetes provider are in effect.

    Builds nothing that is missing on its own account: call it once `ensure` has succeeded.
    """
    variables = os.environ if variables is None else variables
    root = ensure()
    has = version_of(root / "bin" / "pulumi")
    number = ".".join(map(str, has)) if has else "unknown version"
    own_host = uses_own_language_host(root)
    real = real_kubernetes_provider(variables)
    stand_in = "the sandbox's stand-in (the real one is used where it is installed)"
    return {
        "pulumi": f"{number} at {root / 'bin' / 'pulumi'}",
        "language host": "the sandbox's" if own_host else "Pulumi's own",
        "kubernetes provider": f"{real}" if real else stand_in,
    }


def real_kubernetes_provider(variables: Mapping[str, str] | None = None) -> Path | None:
    """The real provider for the installed `pulumi_kubernetes`, on PATH or among the plugins."""
    variables = os.environ if variables is None else variables
    on_path = shutil.which(KUBERNETES_PROVIDER, path=variables.get("PATH", ""))
    if on_path:
        return Path(on_path)
    plugin = _plugin_folder(_users_home(variables)) / KUBERNETES_PROVIDER
    return plugin if plugin.is_file() and not _is_stand_in(plugin) else None


def _home_with_kubernetes_provider(home: Path, variables: Mapping[str, str]) -> Path:
    """The user's PULUMI_HOME if it has the real provider, else one with the stand-in."""
    if real_kubernetes_provider(variables) is not None:
        return _users_home(variables)
    script = launcher("sandbox.engine.kubernetes_provider.server")
    own = home / "home"
    write_script(_plugin_folder(own) / KUBERNETES_PROVIDER, script)
    return own


def _is_stand_in(plugin: Path) -> bool:
    with plugin.open("rb") as file:
        return file.read(2) == b"#!"


def _plugin_folder(pulumi_home: Path) -> Path:
    # The CLI wants the very version that the Python package asks for.
    return pulumi_home / "plugins" / f"resource-kubernetes-v{version('pulumi-kubernetes')}"


def _users_home(variables: Mapping[str, str]) -> Path:
    return Path(variables.get("PULUMI_HOME") or "~/.pulumi").expanduser()


def _default_home(variables: Mapping[str, str]) -> Path:
    base = variables.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "flink-components" / "pulumi"


def _path(folder: Path, variables: Mapping[str, str]) -> str:
    parts = variables.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([str(folder), *(part for part in parts if part != str(folder))])
