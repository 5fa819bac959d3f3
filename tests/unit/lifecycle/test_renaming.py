"""A job that gets another key keeps its run and its state."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.errors import Refused
from tests.unit.doubles.world import KEY, OWNER, Process, World

NEW = "payments/fraud-2"


def run(world: World) -> str:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish())
    return world.the_job().id


def test_the_job_runs_on_under_the_new_key(world: World) -> None:
    job_id = run(world)
    Process(world).anchor(NEW, previous_key=KEY)
    record = Process(world).ensure(world.wish(key=NEW), world.wish())
    assert world.the_job().id == job_id
    assert record.run is not None
    assert record.run.job_id == job_id


def test_the_old_key_says_where_it_went_and_its_delete_does_nothing(world: World) -> None:
    job_id = run(world)
    Process(world).anchor(NEW, previous_key=KEY)
    assert world.record().moved_to == NEW
    assert "nothing was done" in Process(world).release(world.wish())
    assert world.the_job().id == job_id


def test_the_old_key_can_not_be_used_any_more(world: World) -> None:
    run(world)
    Process(world).anchor(NEW, previous_key=KEY)
    with pytest.raises(Refused, match=r"^payments/fraud was renamed to payments/fraud-2"):
        Process(world).ensure(world.wish())


def test_the_next_upgrade_writes_below_the_new_key(world: World) -> None:
    run(world)
    Process(world).anchor(NEW, previous_key=KEY)
    wish = world.wish(key=NEW, jar=world.jar(entries="2"))
    record = Process(world).ensure(wish, world.wish(key=NEW))
    assert record.restore is not None
    assert record.restore.path.startswith("file:/savepoints/payments/fraud-2/1-1/")


def test_a_previous_key_without_a_ledger_is_refused(world: World) -> None:
    with pytest.raises(Refused, match=r"^previous_key payments/typo has no ledger in namespace"):
        Process(world).anchor(NEW, previous_key="payments/typo")


def test_a_previous_key_that_may_stay_in_the_program_is_used_once(world: World) -> None:
    job_id = run(world)
    Process(world).anchor(NEW, previous_key=KEY)
    Process(world).anchor(NEW, previous_key=KEY)
    assert world.record(NEW).run.job_id == job_id  # type: ignore[union-attr]


def test_a_key_can_not_be_renamed_twice(world: World) -> None:
    run(world)
    Process(world).anchor(NEW, previous_key=KEY)
    with pytest.raises(Refused, match=r"^payments/fraud was renamed to payments/fraud-2 before$"):
        Process(world).anchor("payments/fraud-3", previous_key=KEY)


def test_another_stacks_key_is_not_renamed(world: World) -> None:
    run(world)
    other = OWNER.model_copy(update={"stack": "acme/flink/dev"})
    with pytest.raises(Refused, match="is managed by the stack acme/flink/prod"):
        Process(world).anchor(NEW, owner=other, previous_key=KEY)
    assert world.record().moved_to is None
