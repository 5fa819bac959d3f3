"""`savepoint check` as a person types it, on snapshots that can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from flink_components.cli.verdicts import check
from tests.unit.doubles.job_graphs import graph, operator
from tests.unit.flink_metadata.golden import location


@pytest.fixture
def graph_file(tmp_path: Path) -> Path:
    file = tmp_path / "graph.json"
    file.write_text(graph(operator("source")).to_json())
    return file


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(check)
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)


def test_a_snapshot_that_is_not_there_is_incompatible(graph_file: Path, tmp_path: Path) -> None:
    done = run(tmp_path / "nowhere", "--graph", graph_file)
    assert done.exit_code == 1
    assert done.output.startswith("    state     INCOMPATIBLE: Flink would refuse this restore\n")
    assert f"there is no file {tmp_path}/nowhere/_metadata" in done.output


def test_a_damaged_snapshot_is_incompatible(graph_file: Path, tmp_path: Path) -> None:
    (tmp_path / "_metadata").write_bytes(bytes.fromhex("4960672d00000004"))
    done = run(tmp_path, "--graph", graph_file)
    assert done.exit_code == 1
    assert "INCOMPATIBLE" in done.output
    assert "_metadata is damaged" in done.output


def test_a_storage_that_cannot_be_reached_is_unknown(graph_file: Path) -> None:
    done = run("nosuch://bucket/savepoint", "--graph", graph_file)
    assert done.exit_code == 1
    assert done.output.startswith("    state     UNKNOWN: ")


def test_how_much_was_read_is_said_beside_the_verdict(graph_file: Path) -> None:
    path = location("1.20.3-heap-files")
    done = run(path, "--graph", graph_file, "--verbose")
    assert f"\n9.6 KiB read of {path}\n" in done.output


def test_only_named_verdicts_fail(graph_file: Path, tmp_path: Path) -> None:
    done = run(tmp_path / "nowhere", "--graph", graph_file, "--fail-on", "unknown")
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--fail-on", "bad", "--fail-on 'bad': the verdicts are full, partial"),
        ("--flink", "x", "--flink 'x': is not a Flink version"),
    ],
)
def test_a_wrong_option_is_said(
    graph_file: Path, tmp_path: Path, option: str, value: str, said: str
) -> None:
    done = run(tmp_path, "--graph", graph_file, option, value)
    assert done.exit_code == 2
    assert said in done.output
