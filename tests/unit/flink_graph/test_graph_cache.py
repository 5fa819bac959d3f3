"""Job graphs that were found before are found again, and what is damaged is only forgotten."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from flink_components.flink.graph_cache import FOLDER_VARIABLE, GraphCache, user_cache
from tests.unit.doubles.job_graphs import graph, operator

PROGRAM = "77b077b077b077b0"
GRAPH = graph(operator("counts"), program=PROGRAM)


@pytest.fixture
def cache(tmp_path: Path) -> GraphCache:
    return GraphCache(tmp_path / "graphs")


def the_file(cache: GraphCache) -> Path:
    (path,) = cache.folder.iterdir()
    return path


def test_a_graph_is_found_again(cache: GraphCache) -> None:
    cache.keep(GRAPH, PROGRAM)
    assert cache.find(PROGRAM, "1.20.1") == (GRAPH, "")


@pytest.mark.parametrize(("program", "version"), [("0" * 16, "1.20.3"), (PROGRAM, "1.19.3")])
def test_another_program_or_another_flink_has_none(
    cache: GraphCache, program: str, version: str
) -> None:
    cache.keep(GRAPH, PROGRAM)
    assert cache.find(program, version) == (None, "")


def test_a_program_may_be_called_anything(cache: GraphCache) -> None:
    cache.keep(GRAPH, "../../" + PROGRAM)
    assert the_file(cache).parent == cache.folder
    found, _ = cache.find("../../" + PROGRAM, "1.20.3")
    assert found is not None


def test_what_is_kept_is_for_its_user_alone(cache: GraphCache) -> None:
    cache.keep(GRAPH, PROGRAM)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (cache.folder, the_file(cache))]
    assert modes == [0o700, 0o600]


def _swap(path: Path) -> None:
    path.write_text(graph(operator("counts"), program="0" * 16).to_json())


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "no text": lambda path: path.write_bytes(b"\xff\xfe" * 40),
    "no object": lambda path: path.write_text("[1]"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "of a later version": lambda path: path.write_text('{"schema_version": 9}'),
    "of another program": _swap,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_entry_is_said_and_forgotten(cache: GraphCache, name: str) -> None:
    cache.keep(GRAPH, PROGRAM)
    path = the_file(cache)
    DAMAGES[name](path)
    found, problem = cache.find(PROGRAM, "1.20.3")
    assert found is None
    assert problem.startswith(f"an entry of this machine's cache is ignored: {path}")
    assert cache.find(PROGRAM, "1.20.3") == (None, "")


def test_the_graphs_that_were_used_least_go_first(tmp_path: Path) -> None:
    cache = GraphCache(tmp_path, most=2)
    for age, program in ((30, "a"), (20, "b")):
        before = set(tmp_path.iterdir())
        cache.keep(GRAPH, program)
        (made,) = set(tmp_path.iterdir()) - before
        os.utime(made, (made.stat().st_mtime - age,) * 2)
    cache.find("a", "1.20.3")
    cache.keep(GRAPH, "c")
    assert [cache.find(program, "1.20.3")[0] is not None for program in "abc"] == [
        True,
        False,
        True,
    ]


def test_what_is_kept_already_is_not_written_again(cache: GraphCache) -> None:
    cache.keep(GRAPH, PROGRAM)
    before = the_file(cache).stat()
    os.utime(the_file(cache), (0, 0))
    cache.keep(GRAPH, PROGRAM)
    after = the_file(cache).stat()
    assert (after.st_ino, after.st_mtime > 0) == (before.st_ino, True)


def test_all_of_it_has_a_largest_size(tmp_path: Path) -> None:
    cache = GraphCache(tmp_path, most_bytes=len(GRAPH.to_json()) * 3)
    for program in "abcdef":
        cache.keep(GRAPH, program * 16)
    assert len(list(tmp_path.iterdir())) == 3


def test_what_a_run_that_died_has_left_goes_after_an_hour(cache: GraphCache) -> None:
    cache.folder.mkdir()
    old, young = cache.folder / "a.new", cache.folder / "b.new"
    for path, age in ((old, 4000), (young, 10)):
        path.touch()
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    cache.keep(GRAPH, PROGRAM)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_folder_that_can_not_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = GraphCache(tmp_path / "file" / "graphs")
    cache.keep(GRAPH, PROGRAM)
    assert cache.find(PROGRAM, "1.20.3") == (None, "")


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({FOLDER_VARIABLE: "/ci/cache"}, "/ci/cache/graphs"),
        ({"XDG_CACHE_HOME": "/xdg"}, "/xdg/flink-components/graphs"),
        ({"HOME": "/home/me"}, "/home/me/.cache/flink-components/graphs"),
    ],
)
def test_the_folder_is_the_users_cache(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], folder: str
) -> None:
    for name in (FOLDER_VARIABLE, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = user_cache()
    assert found is not None
    assert str(found.folder) == folder


def test_an_empty_folder_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    assert user_cache() is None
