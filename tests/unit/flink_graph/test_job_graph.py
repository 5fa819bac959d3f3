"""A job graph as a file: what is written is read, and what is wrong with one is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flink_components.flink.job_graph import GraphError, read_graph
from tests.unit.doubles.job_graphs import graph, operator

GRAPH = graph(operator("source"), operator("count", "source", max_parallelism=256))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "graph.json"


def changed(file: Path, **fields: Any) -> str:
    """The error on a file of the graph with changed fields."""
    file.write_text(json.dumps(json.loads(GRAPH.to_json()) | fields))
    with pytest.raises(GraphError) as error:
        read_graph(file)
    return str(error.value).replace(str(file), "graph.json")


def test_what_is_written_is_read(file: Path) -> None:
    file.write_text(GRAPH.to_json())
    assert read_graph(file) == GRAPH


def test_the_form_in_the_file() -> None:
    values = json.loads(GRAPH.to_json())
    operators = values.pop("operators")
    assert values == {
        "schema_version": 1,
        "flink_version": "1.20.3",
        "source": "driver",
        "jar": "dedup-4.2.0.jar",
        "jar_content": "9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c",
        "jar_sha256": "1c9e" * 16,
        "program": "77b077b077b077b0",
        "state_backend": None,
    }
    assert operators[1] == {
        "id": "b71731f1c0df9c3076c4a455334d0ad6",
        "name": "count",
        "parallelism": 2,
        "max_parallelism": 256,
        "uid": "count",
        "uid_hash": None,
        "generated": False,
        "inputs": ["e5a72f353fc1e6bbf3bd96a41384998c"],
        "head": "b71731f1c0df9c3076c4a455334d0ad6",
    }


def test_it_belongs_to_one_jar_wherever_that_comes_from() -> None:
    assert GRAPH.is_of("9f2c" * 8)
    assert GRAPH.is_of("1c9e" * 8)
    assert not GRAPH.is_of("0" * 32)


def test_a_file_of_a_later_form_asks_for_an_upgrade(file: Path) -> None:
    assert changed(file, schema_version=2) == (
        "graph.json has schema_version 2, and this flink-components reads 1: "
        "upgrade it, or make the graph again"
    )


def test_every_problem_is_said(file: Path) -> None:
    said = changed(file, flink_version="0.9", source="guess", extra=1)
    assert said.startswith("graph.json is not a job graph: 3 things to correct:")
    assert "flink_version: is not supported (given: '0.9')" in said
    assert "source: is not one of the choices (given: 'guess')" in said
    assert "extra: there is no such field" in said


def test_an_operator_that_reads_from_nowhere_is_named(file: Path) -> None:
    operators = json.loads(GRAPH.to_json())["operators"][1:]
    source = "e5a72f353fc1e6bbf3bd96a41384998c"
    assert changed(file, operators=operators) == (
        f"graph.json is not a job graph: operators[0].inputs: names no operator (given: '{source}')"
        "; make the graph again"
    )


def test_an_id_that_is_there_twice_is_named(file: Path) -> None:
    first = json.loads(GRAPH.to_json())["operators"][0]
    said = changed(file, operators=[first, first])
    assert "operators[1].id: is there twice (given: 'e5a72f353fc1e6bbf3bd96a41384998c')" in said


def test_an_id_that_is_none(file: Path) -> None:
    first = json.loads(GRAPH.to_json())["operators"][0]
    assert changed(file, operators=[first | {"id": "xyz"}]) == (
        "graph.json is not a job graph: operators[0].id: is not the id of an operator "
        "(given: 'xyz'); give its 32 hex digits"
    )


@pytest.mark.parametrize("content", ["", "{", "\x00\x01", "[" * 100_000])
def test_a_file_that_is_no_json(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(GraphError, match=r"graph\.json is not JSON: \S"):
        read_graph(file)


def test_a_file_that_is_not_there_says_how_it_is_made(file: Path) -> None:
    with pytest.raises(GraphError) as error:
        read_graph(file)
    assert str(error.value) == (
        f"{file} is not there: make it with `flink-components graph JAR -o {file}`"
    )


def test_json_of_something_else(file: Path) -> None:
    file.write_text("[]")
    with pytest.raises(GraphError, match="is not a job graph: it holds no JSON object"):
        read_graph(file)


def test_a_file_larger_than_any_graph_is_not_read(file: Path) -> None:
    with file.open("wb") as made:
        made.truncate((64 << 20) + 1)
    with pytest.raises(GraphError, match="has more than 64 MiB"):
        read_graph(file)
