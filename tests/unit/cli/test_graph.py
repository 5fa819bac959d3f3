"""`flink-components graph` as a person types it, where no job is run."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from flink_components.cli import app as command
from tests.unit.doubles.job_graphs import graph, operator

Run = Callable[..., int]


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    made = tmp_path / "job.jar"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("Job.class", b"")
    return made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line; its exit status."""
    monkeypatch.delenv("FLINK_HOME", raising=False)

    def type_it(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["flink-components", "graph", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            command.main()
        return int(end.value.code or 0)

    return type_it


def distribution(folder: Path, version: str) -> Path:
    (folder / "lib").mkdir()
    (folder / "lib" / f"flink-dist-{version}.jar").touch()
    return folder


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "where Flink is on this machine is not known: give --flink-home DIR or set"),
        (("--flink", "2.3.0"), "where Flink 2.3.0 is on this machine is not known"),
        (("--flink-home", "/nowhere"), "/nowhere is not a Flink distribution"),
        (("--config", "rest.port"), "--config 'rest.port' is not a Flink option"),
        (("--args", "'a"), "--args \"'a\" can't be split into words: No closing quotation"),
        (("--cluster", "http://127.0.0.1:1"), "http://127.0.0.1:1 does not answer"),
    ],
)
def test_what_is_missing_is_said_in_a_line(
    run: Run, jar: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert run(jar, *arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"flink-components: {said}")


def test_a_distribution_of_another_version_is_refused(
    run: Run, jar: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = distribution(tmp_path, "1.19.3")
    assert run(jar, "--flink-home", home, "--flink", "1.20.3") == 1
    assert f"{home} has Flink 1.19.3, and --flink says 1.20.3" in capsys.readouterr().err


def test_a_file_that_is_no_jar_is_refused(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "job.jar"
    other.write_text("not a jar")
    assert run(other, "--flink-home", distribution(tmp_path, "1.20.3")) == 1
    assert "is not a jar" in capsys.readouterr().err


def test_a_graph_that_was_made_before_is_drawn(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "graph.json"
    file.write_text(graph(operator("source"), operator("count", "source")).to_json())
    assert run(file, "--mermaid") == 0
    assert capsys.readouterr().out == ('flowchart LR\n  n0["source"]\n  n1["count"]\n  n0 --> n1\n')


def test_it_is_written_to_a_file(run: Run, tmp_path: Path) -> None:
    file, copy = tmp_path / "graph.json", tmp_path / "copy.json"
    file.write_text(graph(operator("source")).to_json())
    assert run(file, "-o", copy) == 0
    assert json.loads(copy.read_text()) == json.loads(file.read_text())


def test_a_file_that_cannot_be_written_is_said(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "graph.json"
    file.write_text(graph(operator("source")).to_json())
    assert run(file, "-o", tmp_path / "nowhere" / "copy.json") == 1
    assert "copy.json can't be written: No such file or directory" in capsys.readouterr().err
