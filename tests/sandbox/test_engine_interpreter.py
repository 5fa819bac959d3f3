"""Which Python runs a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.engine.interpreter import InterpreterError, choose


def executable(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_virtual_environment_of_the_options_is_used(tmp_path: Path) -> None:
    python = executable(tmp_path / "venv/bin/python")
    chosen = choose(tmp_path, tmp_path, {"virtualenv": "venv"}, {"PATH": "/bin", "PYTHONHOME": "x"})
    assert chosen.executable == python
    assert chosen.variables == {
        "PATH": f"{tmp_path}/venv/bin:/bin",
        "VIRTUAL_ENV": f"{tmp_path}/venv",
    }


def test_virtual_environment_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match=r'is set to "venv", but .* doesn.t exist'):
        choose(tmp_path, tmp_path, {"virtualenv": "venv"}, {})


def test_uv_project_uses_its_own_environment(tmp_path: Path) -> None:
    python = executable(tmp_path / ".venv/bin/python")
    (tmp_path / "uv.lock").touch()
    assert choose(tmp_path, tmp_path / "program", {}, {}).executable == python


def test_command_of_the_environment_comes_before_the_path(tmp_path: Path) -> None:
    chosen = executable(tmp_path / "a/mine")
    executable(tmp_path / "b/python3")
    variables = {"PULUMI_PYTHON_CMD": chosen, "PATH": str(tmp_path / "b")}
    assert choose(tmp_path, tmp_path, {}, variables).executable == chosen


@pytest.mark.parametrize("name", ["python3", "python"])
def test_python_on_the_path_is_used(tmp_path: Path, name: str) -> None:
    python = executable(tmp_path / name)
    assert choose(tmp_path, tmp_path, {}, {"PATH": str(tmp_path)}).executable == python


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="no python3 or python on PATH"):
        choose(tmp_path, tmp_path, {}, {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"toolchain": "conda"}, "unsupported toolchain option: conda"),
        ({"virtualenv": 3}, "virtualenv option must be a string"),
    ],
)
def test_options_that_cannot_be_used_are_named(
    tmp_path: Path, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(InterpreterError, match=reason):
        choose(tmp_path, tmp_path, options, {})
