"""Flink's answers as values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_components.flink.answers import (
    Vertex,
    below,
    checkpoints,
    job,
    planned,
    same_path,
)


def vertex(parallelism: int, **tasks: int) -> dict[str, Any]:
    states = ["CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED"]
    return {
        "id": "a",
        "parallelism": parallelism,
        "tasks": {state: tasks.get(state, 0) for state in states},
    }


@pytest.mark.parametrize(
    ("state", "vertices", "all_running"),
    [
        ("RUNNING", [vertex(2, RUNNING=2)], True),
        ("RUNNING", [vertex(2, RUNNING=2), vertex(1, FINISHED=1)], True),
        ("RUNNING", [vertex(2, RUNNING=1, FINISHED=1)], True),
        ("RUNNING", [vertex(2, RUNNING=1, SCHEDULED=1)], False),
        ("RUNNING", [vertex(2, RUNNING=1, INITIALIZING=1)], False),
        ("RUNNING", [vertex(2, RUNNING=2), vertex(2, DEPLOYING=2)], False),
        ("RUNNING", [], False),
        ("RESTARTING", [vertex(2, RUNNING=2)], False),
    ],
)
def test_a_job_runs_when_every_subtask_of_every_vertex_does(
    state: str, vertices: list[dict[str, Any]], all_running: bool
) -> None:
    body = {"jid": "a" * 32, "name": "n", "state": state, "vertices": vertices}
    assert job(body).all_running is all_running


def test_a_job_waits_for_the_slots_of_its_widest_vertex() -> None:
    vertices = [vertex(4, SCHEDULED=3, RUNNING=1), vertex(2, SCHEDULED=2)]
    body = {"jid": "a" * 32, "name": "n", "state": "RUNNING", "vertices": vertices}
    assert job(body).slots_wanted == 3


def test_a_job_that_restarts_will_want_slots_for_its_widest_vertex() -> None:
    vertices = [vertex(4, CANCELED=4), vertex(2, FAILED=2)]
    body = {"jid": "a" * 32, "name": "n", "state": "RESTARTING", "vertices": vertices}
    assert job(body).slots_wanted == 4


def entry(number: int, savepoint: bool, **changes: Any) -> dict[str, Any]:
    path = f"file:/s/savepoint-{number}" if savepoint else f"file:/c/chk-{number}"
    return {"id": number, "external_path": path, "is_savepoint": savepoint, **changes}


@pytest.mark.parametrize(
    ("completed", "savepoint", "newest"),
    [
        (None, None, None),
        (entry(3, False), None, "file:/c/chk-3"),
        (entry(3, False), entry(4, True), "file:/s/savepoint-4"),
        (entry(5, False), entry(4, True), "file:/c/chk-5"),
        (entry(3, False, discarded=True), entry(4, True), "file:/s/savepoint-4"),
        (entry(5, False, discarded=True), entry(4, True), None),
        (entry(5, False, external_path=None), None, None),
    ],
)
def test_the_newest_snapshot_is_never_an_older_one_whose_files_happen_to_be_there(
    completed: Any, savepoint: Any, newest: str | None
) -> None:
    body = {"latest": {"completed": completed, "savepoint": savepoint, "restored": None}}
    found = checkpoints(body).newest
    assert (found.path if found else None) == newest


def test_a_newest_snapshot_whose_files_are_gone_is_being_replaced() -> None:
    gone, there = entry(5, False, discarded=True), entry(5, False)
    assert checkpoints({"latest": {"completed": gone, "savepoint": entry(4, True)}}).replaced
    assert not checkpoints({"latest": {"completed": there}}).replaced
    assert not checkpoints({"latest": {}}).replaced


def test_a_job_without_checkpoints() -> None:
    found = checkpoints({"counts": {"completed": 0}, "latest": {}})
    assert (found.count, found.completed, found.newest, found.restored) == (0, None, None, None)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("file:/s/x", "file:///s/x", True),
        ("file:/s/x", "/s/x", True),
        ("file:/s/x/", "file:/s/x/_metadata", True),
        ("s3://b/x", "s3a://b/x", True),
        ("s3p://b/x", "s3://b/x/_metadata", True),
        ("s3://b/x", "s3://b/x2", False),
        ("s3://b/x", "gs://b/x", False),
        ("hdfs://nn:9000/x", "hdfs://nn:9000/x/", True),
        ("hdfs://nn:9000/x", "hdfs://other:9000/x", False),
    ],
)
def test_two_spellings_of_one_snapshot(a: str, b: str, same: bool) -> None:
    assert same_path(a, b) is same
    assert same_path(b, a) is same


segments = st.lists(st.text("abc_-0.", min_size=1, max_size=4), min_size=1, max_size=4)


@given(st.sampled_from(["file", "s3", "gs", "hdfs"]), segments, st.booleans(), st.booleans())
def test_a_path_is_the_same_however_it_is_spelled(
    scheme: str, parts: list[str], slashes: bool, metadata: bool
) -> None:
    path = "/".join(parts)
    given_path = f"{scheme}://{path}"
    told = f"{scheme}:{'///' if slashes else '/'}{path}{'/_metadata' if metadata else ''}"
    assert same_path(given_path, told)


@given(segments, segments)
def test_different_paths_stay_different(a: list[str], b: list[str]) -> None:
    assert same_path(f"s3://{'/'.join(a)}", f"s3://{'/'.join(b)}") is (a == b)


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("file:/s/key/1-1/abc/savepoint-1", True),
        ("file:///s/key/1-1/abc/savepoint-1/_metadata", True),
        ("file:/s/key/1-1/abcd/savepoint-1", False),
        ("file:/s/key/1-1/abc", False),
    ],
)
def test_a_snapshot_is_found_in_its_directory(path: str, inside: bool) -> None:
    assert below(path, "file:///s/key/1-1/abc") is inside


def test_the_vertices_of_a_job_as_they_run() -> None:
    tasks = {"RUNNING": 2}
    body = {
        "jid": "1",
        "name": "n",
        "state": "RUNNING",
        "vertices": [
            {
                "id": "a1",
                "parallelism": 2,
                "maxParallelism": 128,
                "slotSharingGroupId": "g",
                "tasks": tasks,
            },
            {"id": "b2", "parallelism": 2, "maxParallelism": -1, "tasks": tasks},
        ],
    }
    assert job(body).parts == (Vertex("a1", 2, 128, "g"), Vertex("b2", 2, None, ""))
    assert job(body).parallelism == {"a1": 2, "b2": 2}


def test_the_parallelism_in_a_job_graph() -> None:
    nodes = [{"id": "a1", "parallelism": 4, "description": "x"}, {"id": "b2", "parallelism": 1}]
    assert planned({"jid": "1", "nodes": nodes}) == {"a1": 4, "b2": 1}
    assert planned({}) == {}
