"""What is seen of many jobs at once: which are as declared, in trouble, or no longer declared."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.lifecycle.fleet import Place, record_of, settled, troubles, undeclared
from flink_components.plan.record import Phase, Record
from tests.unit.doubles.world import KEY, NAMESPACE, OWNER, Process, World

PLACE = Place(None, NAMESPACE, KEY)


@pytest.fixture
def running(world: World) -> Process:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish())
    world.advance(5)
    return process


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"description": "for people"}, True),
        ({"deadlines": {"stable": "9 s"}}, True),
        ({"parallelism": 4}, False),
        ({"args": ["fraud", "--fast"]}, False),
        ({"restart": "today"}, False),
        ({"restore_from": "file:///elsewhere"}, False),
        ({"state": "suspended"}, False),
    ],
)
def test_a_job_is_settled_where_at_most_something_in_place_is_to_do(
    running: Process, changes: dict[str, Any], expected: bool
) -> None:
    wish = running.world.wish(**changes)
    assert settled(wish, record_of(running.shop, PLACE)) is expected


def test_a_job_without_a_ledger_is_not_settled(world: World) -> None:
    process = Process(world)
    assert record_of(process.shop, PLACE) is None
    assert not settled(world.wish(), None)
    process.anchor()
    assert not settled(world.wish(), record_of(process.shop, PLACE))


def test_jobs_of_a_cluster_are_looked_at_by_one_call(running: Process) -> None:
    record = running.world.record()
    running.wire.calls.clear()
    found: dict[str, Record | None] = {"payments/x": None, KEY: record, "payments/y": record}
    assert troubles(running.shop, found) == ({}, ())
    assert len(running.wire.calls) == 1


def test_a_job_that_flink_has_lost_or_that_failed_is_told(running: Process) -> None:
    record = running.world.record()
    running.world.flink.fail(running.world.the_job().id, "out of memory")
    assert troubles(running.shop, {KEY: record}) == ({KEY: "FAILED"}, ())
    running.world.flink.restart()
    assert troubles(running.shop, {KEY: record}) == ({KEY: "LOST"}, ())
    down = record.model_copy(update={"phase": Phase.FAILED, "reason": "out of memory"})
    assert troubles(running.shop, {KEY: down}) == ({KEY: "FAILED (out of memory)"}, ())


def test_a_cluster_that_does_not_answer_is_named(running: Process) -> None:
    record = running.world.record()
    running.world.flink.up = False
    assert troubles(running.shop, {KEY: record}) == ({}, ("payments/etl",))


def test_jobs_that_the_stack_no_longer_declares_are_told(running: Process) -> None:
    running.anchor("payments/old")
    running.anchor("payments/theirs", OWNER.model_copy(update={"stack": "acme/other/prod"}))
    left = undeclared(running.shop, [PLACE, PLACE], {KEY}, OWNER.stack)
    assert left == ("payments/old",)
