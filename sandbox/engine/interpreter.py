"""Which Python runs a program: the choice that Pulumi's own language host makes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class InterpreterError(Exception):
    """There is no interpreter to run the program with; the text says what to do."""


@dataclass(frozen=True)
class Interpreter:
    """An interpreter and the environment to run it in."""

    executable: str
    variables: Mapping[str, str]


def choose(
    root: Path, program_folder: Path, options: Mapping[str, object], variables: Mapping[str, str]
) -> Interpreter:
    """Return the interpreter for a project.

    ``root`` is the folder of ``Pulumi.yaml``, ``options`` its ``runtime.options``: `virtualenv` (a
    folder, relative to ``root``) and `toolchain` (`pip`, `uv` or `poetry`; without it a `uv.lock`
    or `poetry.lock` upwards of the program decides). Without a virtual environment it is
    PULUMI_PYTHON_CMD, `python3` or `python` on PATH.

    Raises InterpreterError if what was asked for is not there.
    """
    virtualenv = _text(options, "virtualenv")
    toolchain = _text(options, "toolchain") or _toolchain(program_folder)
    if toolchain not in {"pip", "uv", "poetry"}:
        raise InterpreterError(f"unsupported toolchain option: {toolchain}")
    if toolchain == "uv":
        lock = _folder_upwards(program_folder, "uv.lock") or program_folder
        folder = root / virtualenv if virtualenv else lock / ".venv"
    elif toolchain == "poetry":
        folder = _poetry_environment(program_folder)
    elif virtualenv:
        folder = root / virtualenv
    else:
        return Interpreter(_on_path(variables), variables)
    return _of_virtualenv(folder, virtualenv or str(folder), variables)


def _text(options: Mapping[str, object], key: str) -> str:
    value = options.get(key, "")
    if not isinstance(value, str):
        raise InterpreterError(f"{key} option must be a string")
    return value


def _toolchain(folder: Path) -> str:
    if _folder_upwards(folder, "uv.lock"):
        return "uv"
    return "poetry" if _folder_upwards(folder, "poetry.lock") else "pip"


def _folder_upwards(folder: Path, name: str) -> Path | None:
    return next((at for at in (folder, *folder.parents) if (at / name).exists()), None)


def _poetry_environment(folder: Path) -> Path:
    try:
        answer = subprocess.run(
            ["poetry", "env", "info", "--path"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise InterpreterError(
            f"the project uses poetry, but `poetry env info --path` failed ({error}); "
            "install poetry and run `poetry install`"
        ) from error
    return Path(answer.stdout.strip())


def _of_virtualenv(folder: Path, asked_for: str, variables: Mapping[str, str]) -> Interpreter:
    executable = folder / "bin" / "python"
    if not executable.is_file():
        state = "doesn't appear to be a virtual environment" if folder.exists() else "doesn't exist"
        raise InterpreterError(
            f'The \'virtualenv\' option in Pulumi.yaml is set to "{asked_for}", but "{folder}" '
            f"{state}; make it with `python3 -m venv {folder}` and install the requirements into it"
        )
    activated = {key: value for key, value in variables.items() if key != "PYTHONHOME"}
    activated["VIRTUAL_ENV"] = str(folder)
    path = variables.get("PATH")
    activated["PATH"] = f"{folder / 'bin'}{os.pathsep}{path}" if path else f"{folder / 'bin'}"
    return Interpreter(str(executable), activated)


def _on_path(variables: Mapping[str, str]) -> str:
    chosen = variables.get("PULUMI_PYTHON_CMD")
    names = [chosen] if chosen else ["python3", "python"]
    found = (shutil.which(name, path=variables.get("PATH")) for name in names)
    executable = next(filter(None, found), None)
    if executable is None:
        raise InterpreterError(
            f"there is no {' or '.join(names)} on PATH: install Python, or set PULUMI_PYTHON_CMD"
        )
    return executable
