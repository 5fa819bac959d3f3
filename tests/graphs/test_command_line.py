"""`flink-components graph` and `savepoint check`, with a real jar and a real savepoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from flink_components.cli.graph import graph
from flink_components.cli.verdicts import check
from flink_components.flink.jar import content
from flink_components.flink.job_graph import read_graph
from sandbox.images import distribution
from tests.graphs.programs import Lab, Variant

V1, V3 = Variant("stateful-v1"), Variant("stateful-v3")


@pytest.fixture(scope="module")
def commands() -> typer.Typer:
    made = typer.Typer()
    made.command()(graph)
    made.command()(check)
    return made


def run(commands: typer.Typer, *arguments: object) -> Result:
    return CliRunner().invoke(commands, [str(one) for one in arguments], catch_exceptions=False)


def made(commands: typer.Typer, graph_lab: Lab, variant: Variant, folder: Path) -> Path:
    """The file that `graph` writes of a program."""
    file = folder / f"{variant.jar}.json"
    args = " ".join(variant.arguments(graph_lab.flink.workdir))
    home = distribution(graph_lab.flink.version)
    done = run(
        commands, "graph", variant.path, "--flink-home", home, "--args", args, "-o", file,
        "--flink", graph_lab.flink.version.rpartition(".")[0],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return file


@pytest.mark.newest_alone
def test_a_file_made_of_a_jar_is_checked_against_a_savepoint(
    commands: typer.Typer, graph_lab: Lab, tmp_path: Path
) -> None:
    savepoint, file = graph_lab.savepoint(V1), made(commands, graph_lab, V3, tmp_path)
    assert read_graph(file).jar_content == content(str(V3.path))

    done = run(commands, "check", savepoint, "--graph", file, "--version", "4.2.0")
    assert done.exit_code == 1
    assert "PARTIAL: 3 of 4 stateful operators find theirs by uid" in done.output
    assert 'accept=[{"operator": "' in done.output
    allowed = run(
        commands, "check", savepoint, "--graph", file, "--fail-on", "unknown", "--format", "json"
    )
    assert allowed.exit_code == 0
    assert json.loads(allowed.output)["verdict"] == "partial"


@pytest.mark.newest_alone
def test_a_picture_shows_what_is_lost(
    commands: typer.Typer, graph_lab: Lab, tmp_path: Path
) -> None:
    savepoint, file = graph_lab.savepoint(V1), made(commands, graph_lab, V3, tmp_path)
    drawn = run(commands, "graph", file, "--mermaid", "--against", savepoint)
    assert drawn.output.count(":::moves") == 3
    assert drawn.output.count(":::lost") == 1
