"""``python -m sandbox`` as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.paths import PROJECT


def sandbox(*arguments: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, "-m", "sandbox", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_bare_python_without_packages_is_enough(command: str) -> None:
    done = sandbox(command, python=("-S",))
    assert (done.returncode, done.stderr) == (0, "")
    assert "node" in done.stdout


def test_a_bare_python_without_packages_can_take_the_node_down() -> None:
    done = sandbox("down", "--help", python=("-S",))
    assert (done.returncode, done.stderr) == (0, "")
    loads = [sys.executable, "-S", "-c", "import sandbox.node.lifecycle"]
    assert subprocess.run(loads, cwd=PROJECT, check=False).returncode == 0


def test_doctor_names_each_part() -> None:
    lines = sandbox("doctor").stdout.splitlines()
    parts = [line[4:24].strip() for line in lines if line.startswith(("ok", "--"))]
    assert {"system", "Go", "java", "javac", "pulumi", "kubernetes", "images"} <= set(parts)


def test_a_reader_that_stops_early_is_no_error() -> None:
    script = f"{sys.executable} -m sandbox doctor | head -1"
    done = subprocess.run(
        ["sh", "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_a_kubeconfig_that_is_not_there_is_one_clear_line() -> None:
    done = sandbox("shell", "--kubeconfig", "/nowhere/config", "-c", "true")
    assert done.returncode == 1
    assert done.stderr == (
        "error: there is no kubeconfig /nowhere/config: give another `--kubeconfig`\n"
    )


def test_an_unknown_flink_version_is_one_clear_line() -> None:
    done = sandbox("up", "--flink", "0.1")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.engine
def test_the_shell_uses_the_chosen_context_of_ones_own_cluster(tmp_path: Path) -> None:
    config = tmp_path / "config"
    names = ("first", "second")
    contexts = [{"name": name, "context": {"cluster": name, "user": name}} for name in names]
    config.write_text(json.dumps({"contexts": contexts, "current-context": "first"}))
    script = "kubectl config current-context && pulumi version && exit 7"
    options = ("--kubeconfig", str(config), "--context", "second")
    done = sandbox("shell", *options, "-c", script)
    assert done.stdout.startswith("second\nv3.")
    assert done.returncode == 7


@pytest.mark.cluster
def test_the_shell_knows_the_node(kubeconfig: str) -> None:
    done = sandbox("shell", "--kubeconfig", kubeconfig, "-c", "kubectl get nodes -o name")
    assert done.stdout.startswith("node/")
