"""A job that its JobManager forgot goes on from what its storage holds, where that was allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.savepoints import take_savepoint
from flink_components.plan.record import Phase
from tests.unit.doubles.world import Process, World
from tests.unit.lifecycle.scenarios import running


def ensure(world: World, **changes: Any) -> None:
    Process(world).ensure(world.wish(**changes), world.wish())


def forgotten(world: World, storage: Path) -> str:
    """A job that has left checkpoints on the storage; where the last one is."""
    world.flink.keep_checkpoints_in(storage)
    running(world)
    job = world.the_job().id
    world.advance(5)
    left = world.flink.checkpoint(job).path
    world.flink.restart()
    return left


def test_under_last_state_it_goes_on_from_the_highest_checkpoint(
    world: World, tmp_path: Path
) -> None:
    left = forgotten(world, tmp_path)
    ensure(world, upgrade_mode="last_state")
    assert world.record().phase is Phase.STABLE
    assert world.the_job().restored == left


def test_a_fallback_to_the_last_state_allows_it_too(world: World, tmp_path: Path) -> None:
    left = forgotten(world, tmp_path)
    ensure(world, fallback="last_state")
    assert world.the_job().restored == left


def test_under_savepoint_it_is_refused_and_said_where_it_could_go_on_from(
    world: World, tmp_path: Path
) -> None:
    left = forgotten(world, tmp_path)
    with pytest.raises(Refused, match=f"on the storage is {left}, .* old: choose upgrade_mode"):
        ensure(world)
    assert world.active() == []


def test_a_checkpoint_that_is_too_old_is_refused(world: World, tmp_path: Path) -> None:
    forgotten(world, tmp_path)
    world.advance(60)
    with pytest.raises(Refused, match="and max_restore_age is 1 s"):
        ensure(world, upgrade_mode="last_state", max_restore_age="1s")
    assert world.active() == []


def test_with_high_availability_the_job_may_come_back_so_it_is_refused(
    world: World, tmp_path: Path
) -> None:
    forgotten(world, tmp_path)
    world.flink.config["high-availability.type"] = "kubernetes"
    with pytest.raises(Refused, match=r"high availability \(kubernetes\) may bring it back"):
        ensure(world, upgrade_mode="last_state")
    assert world.active() == []


def with_a_savepoint(world: World, storage: Path) -> str:
    """The same job, which runs, after a savepoint without a stop; where that is."""
    world.flink.keep_checkpoints_in(storage)
    running(world)
    process, wish = Process(world), world.wish(savepoint_dir=(storage / "savepoints").as_uri())
    with process.ledger().lock("test") as held:
        return take_savepoint(process.shop, held, wish.spec, "test").path


def test_a_savepoint_taken_since_is_newer_than_the_checkpoint(world: World, tmp_path: Path) -> None:
    taken = with_a_savepoint(world, tmp_path)
    world.flink.restart()
    ensure(world)
    assert world.the_job().restored == taken


def test_a_checkpoint_completed_since_is_newer_than_the_savepoint(
    world: World, tmp_path: Path
) -> None:
    with_a_savepoint(world, tmp_path)
    world.advance(5)
    left = world.flink.checkpoint(world.the_job().id).path
    world.flink.restart()
    ensure(world, upgrade_mode="last_state")
    assert world.the_job().restored == left


def test_the_directory_that_flink_named_before_counts_though_its_settings_changed(
    world: World, tmp_path: Path
) -> None:
    world.flink.keep_checkpoints_in(tmp_path / "named")
    running(world)
    ensure(world)
    left = world.flink.checkpoint(world.the_job().id).path
    world.flink.restart()
    world.flink.config["execution.checkpointing.dir"] = (tmp_path / "other").as_uri()
    ensure(world, upgrade_mode="last_state")
    assert world.the_job().restored == left


def test_where_nothing_is_found_the_places_looked_at_are_said(world: World, tmp_path: Path) -> None:
    running(world)
    world.flink.config["state.checkpoints.dir"] = (tmp_path / "gone").as_uri()
    world.flink.restart()
    with pytest.raises(Refused, match=r"\(there is none below file:///.*/gone\): look below"):
        ensure(world, upgrade_mode="last_state")


def test_a_job_whose_jobmanager_does_not_answer_is_not_started_from_storage(
    world: World, tmp_path: Path
) -> None:
    forgotten(world, tmp_path)
    world.flink.up = False
    with pytest.raises(Refused, match="can't be reached, so nobody knows whether"):
        ensure(world, upgrade_mode="last_state")
    assert world.active() == []


def test_a_stateless_job_is_not_looked_for(world: World, tmp_path: Path) -> None:
    world.flink.keep_checkpoints_in(tmp_path)
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(upgrade_mode="stateless"))
    world.flink.restart()
    ensure(world, upgrade_mode="stateless")
    assert world.the_job().restored is None
