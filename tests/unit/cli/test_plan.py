"""`flink-components plan` as a person types it, where it comes to nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., int]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What was printed, in one line without the frame of a usage message."""

    def read() -> str:
        out, err = capsys.readouterr()
        assert out == ""
        return " ".join(err.replace("│", " ").split())

    return read


def test_a_stack_must_be_named(run: Run, said: Callable[[], str]) -> None:
    assert run("plan") == 2
    assert "Missing option '--stack'" in said()


def test_an_unknown_format_is_refused(run: Run, said: Callable[[], str]) -> None:
    assert run("plan", "--stack", "prod", "--format", "html") == 2
    assert "'html' is not one of 'text', 'markdown', 'json'" in said()


def test_an_unknown_verdict_is_refused(run: Run, said: Callable[[], str]) -> None:
    assert run("plan", "--stack", "prod", "--fail-on", "partial,bad") == 2
    assert (
        "--fail-on 'partial,bad': the verdicts are full, partial, incompatible, unknown" in said()
    )


def test_a_folder_that_is_not_there_is_refused(
    run: Run, said: Callable[[], str], tmp_path: Path
) -> None:
    folder = tmp_path / "typo"
    assert run("plan", "--stack", "prod", "--cwd", str(folder)) == 1
    assert said() == (
        f"flink-components: there is no folder {folder}: give that of Pulumi.yaml with --cwd"
    )


def test_without_the_cli_of_pulumi_it_says_so(
    run: Run, said: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("plan", "--stack", "prod") == 1
    assert said() == "flink-components: there is no `pulumi` on PATH: install the Pulumi CLI"


@pytest.mark.parametrize(
    "command",
    [
        "from flink_components.cli import app",
        "import sys; sys.argv = ['f', '--help']; from flink_components.cli.app import main; main()",
    ],
)
def test_nothing_else_of_the_command_line_loads_pulumi(command: str) -> None:
    """Nor does it need it: with the package away it works."""
    without = (
        "import sys, atexit\n"
        "sys.modules['pulumi'] = None\n"
        "atexit.register(lambda: print([m for m in sys.modules if m.startswith('pulumi.')]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", without + command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_without_the_package_it_says_so() -> None:
    command = (
        "import sys; sys.modules['pulumi'] = None; sys.argv = ['f', 'plan', '--stack', 'prod']\n"
        "from flink_components.cli.app import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("flink-components: this needs the Python package `pulumi`, ")
    assert len(done.stderr.splitlines()) == 1
