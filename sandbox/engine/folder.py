"""The folder an engine runs from: the CLI, with the stand-ins for what is missing beside it.

The CLI takes the Python language host and the launcher of dynamic providers from the folder that
its own executable lies in. A CLI that was built from source has neither there, so it gets a folder
of its own: the same executable (a hard link) and two launchers.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from sandbox.engine.cli import find_or_build
from sandbox.paths import CACHE, PROJECT

LANGUAGE_HOST = "pulumi-language-python"
DYNAMIC_PROVIDER = "pulumi-resource-pulumi-python"

_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from sandbox.engine.protocol import load_alone; load_alone(); "
    "from importlib import import_module; sys.exit(import_module(sys.argv.pop(1)).main())"
)
_DYNAMIC_PROVIDER_SCRIPT = Path(__file__).parent / "runner" / "dynamic-provider.sh"


@functools.cache
def ensure() -> Path:
    """Return a folder with ``bin/pulumi`` that runs Python programs, making it if need be.

    Quick once the CLI is there; the first call on a machine may build it (see `cli`).

    Raises SandboxError if there is no CLI and none can be had.
    """
    executable = find_or_build()
    if all(_is_beside(executable, name) for name in (LANGUAGE_HOST, DYNAMIC_PROVIDER)):
        return _root_of(executable)
    return _with_stand_ins(executable.resolve())


def uses_own_language_host(root: Path) -> bool:
    """Whether this folder's language host is the sandbox's, not the one of Pulumi's bundle."""
    return root.is_relative_to(CACHE / "engine")


def launcher(module: str) -> str:
    """A shell script that runs ``main()`` of a module of this project with its own interpreter.

    Neither the working folder nor PYTHONPATH of the caller can replace one of its modules.
    """
    words = [sys.executable, "-I", "-c", _START, str(PROJECT), module]
    return f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'


def write_script(path: Path, text: str) -> None:
    """Write an executable so that whoever starts it meanwhile gets all of it or none."""
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).chmod(0o755)
    Path(name).rename(path)


def _is_beside(executable: Path, name: str) -> bool:
    return (executable.resolve().parent / name).is_file() or shutil.which(name) is not None


def _root_of(executable: Path) -> Path:
    """The folder above ``bin``; for a CLI in a folder of another name, one that links to it."""
    if executable.parent.name == "bin":
        return executable.parent.parent
    root = CACHE / "engine" / _digest(str(executable))
    (root / "bin").mkdir(parents=True, exist_ok=True)
    link = root / "bin" / "pulumi"
    if not link.exists():
        link.symlink_to(executable)
    return root


def _with_stand_ins(executable: Path) -> Path:
    status = executable.stat()
    scripts = {
        LANGUAGE_HOST: launcher("sandbox.engine.language_host"),
        DYNAMIC_PROVIDER: _DYNAMIC_PROVIDER_SCRIPT.read_text(),
    }
    root = CACHE / "engine" / _digest(str(executable), str(status.st_mtime_ns), *scripts.values())
    if not (root / "bin" / "pulumi").exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".engine-", dir=root.parent))
        for name, text in scripts.items():
            write_script(made / "bin" / name, text)
        _link(executable, made / "bin" / "pulumi")
        made.chmod(0o755)
        try:
            made.rename(root)
        except OSError:
            # Another process made the same folder first.
            shutil.rmtree(made)
    return root


def _link(source: Path, target: Path) -> None:
    # A symbolic link will not do: the CLI looks beside the file that the link points to.
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
