"""Every restore point of a job is remembered, and old savepoints are disposed of on request."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.errors import LifecycleError, StepFailed
from flink_components.lifecycle.history import book_of
from flink_components.lifecycle.ledger import RECORD
from flink_components.plan.record import History, Taken
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer, Fault
from tests.unit.doubles.world import NAMESPACE, OWNER, Process, World, calls_to
from tests.unit.lifecycle.scenarios import listed, running


def history(world: World) -> History:
    return book_of(Process(world).ledger()).read()


def restart(world: World, wish: str, **changes: object) -> None:
    Process(world).ensure(world.wish(restart=wish, **changes), world.wish())
    world.advance(5)


def test_a_new_job_has_no_history(world: World) -> None:
    running(world)
    assert history(world).points == ()


def test_a_savepoint_is_in_the_history_with_all_that_finds_it_again(world: World) -> None:
    running(world)
    Process(world).ensure(world.wish(parallelism=2), world.wish())
    (point,) = history(world).points
    record = world.record()
    assert record.restore is not None
    assert point.by.endswith(" up of payments/fraud")
    assert point == Taken(
        path=record.restore.path,
        kind="savepoint",
        at=record.restore.at,
        format="native",
        flink_version="1.20.3",
        job_id=record.restore.job_id,
        revision=1,
        attempt=1,
        why="before revision 2",
        by=point.by,
        ours=True,
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "suspended"}, "suspended"),
        ({"restart": "x"}, "before revision 1"),
        ({"state": "cancelled"}, "cancelled"),
        ({"parallelism": 3, "upgrade_mode": "last_state"}, "before revision 2"),
    ],
)
def test_it_says_why(world: World, changes: dict[str, object], why: str) -> None:
    running(world)
    world.flink.checkpoint(world.the_job().id)
    Process(world).ensure(world.wish(**changes), world.wish())
    assert [point.why for point in history(world).points] == [why]


def test_the_savepoint_of_a_delete_is_in_the_history_and_stays_there(world: World) -> None:
    running(world)
    Process(world).release(world.wish())
    assert [point.why for point in history(world).points] == ["deleted"]


def test_a_checkpoint_that_was_found_is_not_ours(world: World) -> None:
    running(world)
    world.flink.checkpoint(world.the_job().id)
    world.flink.fail(world.the_job().id, "java.lang.Exception: x")
    Process(world).ensure(world.wish())
    assert [(point.kind, point.ours) for point in history(world).points] == [("checkpoint", False)]


def test_a_history_that_could_not_be_written_is_written_by_the_next_run(world: World) -> None:
    running(world)
    process = Process(world)
    history_calls = calls_to("GET", book_of(process.ledger()).name)
    process.inject(Answer(500, {}), history_calls, times=9)
    process.ensure(world.wish(restart="x"), world.wish())
    assert history(world).points == ()
    Process(world).ensure(world.wish(restart="x"))
    assert len(history(world).points) == 1


def test_a_history_that_was_edited_is_refused_where_it_is_read(world: World) -> None:
    running(world)
    restart(world, "x")
    book = book_of(Process(world).ledger())
    lease = book.api.get("Lease", NAMESPACE, book.name)
    lease["metadata"]["annotations"][RECORD] = "nothing"
    book.api.replace("Lease", NAMESPACE, book.name, lease)
    with pytest.raises(
        LifecycleError, match=r"the history of payments/fraud .* was edited by hand"
    ):
        history(world)


def test_all_savepoints_stay_where_nothing_else_is_said(world: World) -> None:
    running(world)
    for number in range(4):
        restart(world, str(number))
    savepoints = [s for s in world.storage.snapshots.values() if s.savepoint]
    assert [s.discarded for s in savepoints] == [False] * 4


def test_too_many_savepoints_are_disposed_of_oldest_first(world: World) -> None:
    running(world)
    for number in range(4):
        restart(world, str(number), keep_savepoints={"count": 2})
    left = [s.path for s in world.storage.snapshots.values() if s.savepoint and not s.discarded]
    assert left == listed(world)[2:]
    assert [point.disposed_at is not None for point in history(world).points] == [
        True,
        True,
        False,
        False,
    ]


def test_savepoints_that_are_too_old_are_disposed_of(world: World) -> None:
    running(world)
    restart(world, "1")
    world.advance(3600)
    restart(world, "2", keep_savepoints={"age": "30 min"})
    first, second = history(world).points
    assert (first.disposed_at is None, second.disposed_at is None) == (False, True)


def test_the_point_that_the_job_would_go_on_from_is_never_disposed_of(world: World) -> None:
    running(world)
    restart(world, "1")
    world.advance(3600)
    Process(world).ensure(
        world.wish(restart="1", keep_savepoints={"count": 1, "age": "1 s"}), world.wish()
    )
    (point,) = history(world).points
    assert point.disposed_at is None


def test_a_disposal_whose_answer_was_lost_is_noted_by_the_next_run(world: World) -> None:
    running(world)
    restart(world, "1")
    process = Process(world)
    process.inject(Fault.LOST, calls_to("POST", "/savepoint-disposal"))
    process.ensure(world.wish(restart="2", keep_savepoints={"count": 1}), world.wish())
    assert [point.disposed_at for point in history(world).points] == [None, None]
    restart(world, "2", keep_savepoints={"count": 1})
    assert history(world).points[0].disposed_at is not None


def test_the_checkpoint_of_an_attempt_that_failed_is_in_the_history(world: World) -> None:
    running(world)
    world.flink.behaviours["org.acme.Broken"] = Behaviour(
        fails="java.lang.Exception: broken", after_checkpoint=True
    )
    with pytest.raises(StepFailed):
        Process(world).ensure(world.wish(entry_class="org.acme.Broken"), world.wish())
    assert [point.kind for point in history(world).points] == ["savepoint", "checkpoint"]


def test_the_history_outlives_the_stack(world: World) -> None:
    running(world)
    Process(world).release(world.wish())
    process = Process(world)
    process.anchor(owner=OWNER)
    process.ensure(world.wish())
    assert len(history(world).points) == 1
