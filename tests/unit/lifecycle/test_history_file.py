"""The history is copied beside the savepoints, where those can be seen from here."""

from __future__ import annotations

import json
from pathlib import Path

from flink_components.lifecycle.snapshot import dispose_of, snapshot
from tests.unit.doubles.world import KEY, Process, World
from tests.unit.lifecycle.scenarios import listed, running


def upgraded(world: World, savepoints: str) -> Process:
    """A job after an upgrade whose savepoint went there; the process has said what it said."""
    running(world)
    process = Process(world)
    process.ensure(world.wish(parallelism=2, savepoint_dir=savepoints), world.wish())
    return process


def paths(folder: Path) -> list[str]:
    copy = json.loads((folder / KEY / "history.json").read_text())
    return [point["path"] for point in copy["points"]]


def test_the_copy_has_what_the_history_has(world: World, tmp_path: Path) -> None:
    world.flink.keep_checkpoints_in(tmp_path / "checkpoints")
    upgraded(world, (tmp_path / "savepoints").as_uri())
    assert paths(tmp_path / "savepoints") == listed(world) != []


def test_a_savepoint_that_is_only_in_the_pods_leaves_no_folder_here(
    world: World, tmp_path: Path
) -> None:
    process = upgraded(world, (tmp_path / "savepoints").as_uri())
    assert not (tmp_path / "savepoints").exists()
    assert any("the history was not copied" in text for text in process.said)
    assert listed(world) != []


def test_the_next_savepoint_is_added(world: World, tmp_path: Path) -> None:
    world.flink.keep_checkpoints_in(tmp_path / "checkpoints")
    savepoints = (tmp_path / "savepoints").as_uri()
    upgraded(world, savepoints)
    process = Process(world)
    process.ensure(
        world.wish(parallelism=3, savepoint_dir=savepoints),
        world.wish(parallelism=2, savepoint_dir=savepoints),
    )
    assert paths(tmp_path / "savepoints") == listed(world)
    assert len(listed(world)) == 2


def test_nothing_but_the_copy_is_left(world: World, tmp_path: Path) -> None:
    world.flink.keep_checkpoints_in(tmp_path / "checkpoints")
    upgraded(world, (tmp_path / "savepoints").as_uri())
    files = [path for path in (tmp_path / "savepoints" / KEY).iterdir() if path.is_file()]
    assert [path.name for path in files] == ["history.json"]


def test_a_snapshot_that_was_disposed_of_is_so_in_the_copy_too(
    world: World, tmp_path: Path
) -> None:
    world.flink.keep_checkpoints_in(tmp_path / "checkpoints")
    savepoints = (tmp_path / "savepoints").as_uri()
    process = upgraded(world, savepoints)
    spec = world.wish(parallelism=2, savepoint_dir=savepoints).spec
    taken = snapshot(process.shop, process.ledger(), spec, "before-the-sale")
    later = world.wish(parallelism=3, savepoint_dir=savepoints)
    process.ensure(later, world.wish(parallelism=2, savepoint_dir=savepoints))
    dispose_of(process.shop, process.ledger(), "before-the-sale")
    copy = json.loads((tmp_path / "savepoints" / KEY / "history.json").read_text())
    gone = [point["path"] for point in copy["points"] if point.get("disposed_at")]
    assert gone == [taken.path]
