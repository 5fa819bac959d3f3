"""The lock of a key: one holder, taken over when it died, lost for good when it was taken over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flink_components.kube.api import Unreachable
from flink_components.lifecycle.errors import LifecycleError, Locked, LockLost
from flink_components.plan.record import Phase, Record
from tests.unit.doubles.wire import Answer, Call, Fault
from tests.unit.doubles.world import KEY, NAMESPACE, OWNER, Process, World, calls_to, mutating

LEASE = "job-payments-fraud-75428747-ledger"


def lease(world: World) -> dict[str, object]:
    return world.kube.objects[("Lease", NAMESPACE, LEASE)]


@pytest.fixture
def anchored(world: World) -> World:
    Process(world).anchor()
    return world


class Watched:
    """Does something each time the clock is asked to wait."""

    def __init__(self, world: World, each: Callable[[], None]) -> None:
        sleep = world.clock.sleep

        def watched(seconds: float) -> None:
            sleep(seconds)
            each()

        world.clock.sleep = watched  # type: ignore[method-assign]


def test_the_lease_names_the_holder_and_what_it_does_while_it_is_held(anchored: World) -> None:
    with Process(anchored).ledger().lock("up of it"):
        spec = lease(anchored)["spec"]
        assert isinstance(spec, dict)
        assert spec["holderIdentity"].endswith(" up of it")
        assert spec["leaseDurationSeconds"] == 20
        assert spec["renewTime"] == "2027-01-15T08:00:00.000000Z"
    assert lease(anchored)["spec"] == {"holderIdentity": "", "leaseDurationSeconds": 20}


def test_a_second_process_is_told_who_holds_it(anchored: World) -> None:
    with Process(anchored).ledger().lock("up of it") as held:
        Watched(anchored, held.fence)
        with (
            pytest.raises(Locked, match=r"^payments/fraud is locked by .* up of it since 2027-.*"),
            Process(anchored).ledger().lock("another"),
        ):
            pass


def test_a_second_process_gets_it_when_the_first_gives_it_back_in_time(anchored: World) -> None:
    with Process(anchored).ledger().lock("up of it") as held:
        turns: list[int] = []

        def renew_a_few_times() -> None:
            turns.append(1)
            if len(turns) < 6:
                held.fence()
            elif len(turns) == 6:
                held.release()

        Watched(anchored, renew_a_few_times)
        with Process(anchored).ledger().lock("another", wait=60.0) as second:
            assert second.record.key == KEY


def test_a_dead_holders_lock_is_taken_over_after_its_seconds(anchored: World) -> None:
    with Process(anchored).ledger().lock("up of it"):
        started = anchored.clock.now()
        with Process(anchored).ledger().lock("another"):
            assert 20.0 < anchored.clock.now() - started <= 21.0


def test_one_that_is_long_dead_is_taken_over_at_once(anchored: World) -> None:
    with Process(anchored).ledger().lock("up of it"):
        anchored.advance(100)
        started = anchored.clock.now()
        with Process(anchored).ledger().lock("another"):
            assert anchored.clock.now() == started


def test_whoever_was_taken_over_fails_at_its_next_write(anchored: World) -> None:
    with Process(anchored).ledger().lock("up of it") as first:
        with Process(anchored).ledger().lock("another") as second:
            second.commit(phase=Phase.STABLE)
            with pytest.raises(
                LockLost, match=r"another has taken it; this run does nothing more: run it again$"
            ):
                first.commit(phase=Phase.FAILED)
        with pytest.raises(LockLost):
            first.fence()
    assert anchored.record().phase is Phase.STABLE


def test_one_that_was_taken_over_does_not_release_the_lock_of_the_other(anchored: World) -> None:
    dead = Process(anchored).ledger().lock("up of it")
    dead.__enter__()
    with Process(anchored).ledger().lock("another"):
        dead.__exit__(None, None, None)
        spec = lease(anchored)["spec"]
        assert isinstance(spec, dict)
        assert spec["holderIdentity"].endswith(" another")


def test_a_write_whose_answer_was_lost_is_found_again(anchored: World) -> None:
    process = Process(anchored)
    with process.ledger().lock("up of it") as held:
        process.inject(Fault.LOST, calls_to("PUT", LEASE))
        held.commit(phase=Phase.STABLE)
        held.commit(phase=Phase.FINISHED)
    assert anchored.record().phase is Phase.FINISHED


def test_a_write_that_never_arrived_is_sent_again(anchored: World) -> None:
    process = Process(anchored)
    with process.ledger().lock("up of it") as held:
        process.inject(Fault.REFUSED, calls_to("PUT", LEASE))
        held.commit(phase=Phase.STABLE)
    assert anchored.record().phase is Phase.STABLE


def away_until(process: Process, time: float) -> None:
    """Nothing is reached before that time."""
    clock = process.world.clock
    process.inject(Fault.REFUSED, lambda _: clock.now() < time, times=10_000)


def test_an_api_server_that_is_away_for_a_minute_is_waited_for(anchored: World) -> None:
    process = Process(anchored)
    with process.ledger().lock("up of it") as held:
        back = anchored.clock.now() + 60
        away_until(process, back)
        held.commit(phase=Phase.STABLE)
        assert back <= anchored.clock.now() < back + 1
    assert anchored.record().phase is Phase.STABLE


def test_one_that_stays_away_is_an_error_and_the_holder_writes_on_after_it(
    anchored: World,
) -> None:
    process = Process(anchored)
    with process.ledger().lock("up of it") as held:
        away_until(process, anchored.clock.now() + 125)
        with pytest.raises(Unreachable):
            held.commit(phase=Phase.STABLE)
        held.commit(phase=Phase.FINISHED)
    assert anchored.record().phase is Phase.FINISHED


def test_whoever_took_the_lock_meanwhile_keeps_it(anchored: World) -> None:
    process = Process(anchored)
    other = Process(anchored).ledger()

    def take_over() -> None:
        taken = other.api.get("Lease", NAMESPACE, LEASE)
        taken["spec"]["holderIdentity"] = "1234 another"
        other.api.replace("Lease", NAMESPACE, LEASE, taken)

    with process.ledger().lock("up of it") as held:
        away_until(process, anchored.clock.now() + 60)
        Watched(anchored, take_over)
        with pytest.raises(LockLost, match="another has taken it"):
            held.commit(phase=Phase.STABLE)
    assert anchored.record().phase is Phase.CREATED


def test_a_lost_answer_to_the_taking_of_the_lock_does_not_lock_oneself_out(
    anchored: World,
) -> None:
    process = Process(anchored)
    process.inject(Fault.LOST, calls_to("PUT", LEASE))
    started = anchored.clock.now()
    with process.ledger().lock("up of it") as held:
        held.fence()
    assert anchored.clock.now() == started


def test_an_api_server_that_takes_no_writes_gives_no_lock(anchored: World) -> None:
    process = Process(anchored)
    busy = Answer(429, {"kind": "Status", "message": "too many requests"})
    process.inject(busy, calls_to("PUT", LEASE), times=10_000)
    with pytest.raises(Unreachable, match="too many requests"), process.ledger().lock("up of it"):
        pass
    assert lease(anchored)["spec"] == {"holderIdentity": "", "leaseDurationSeconds": 20}


def test_changes_given_with_the_lock_are_written_by_the_same_call(anchored: World) -> None:
    process = Process(anchored)
    with process.ledger().lock("up of it", changes={"jar_wanted": "abc"}):
        assert anchored.record().jar_wanted == "abc"
        assert [call.method for call in process.wire.calls] == ["GET", "PUT"]


def test_what_was_noted_is_written_together_with_the_release(anchored: World) -> None:
    process = Process(anchored)
    with process.ledger().lock("up of it") as held:
        held.note(phase=Phase.STABLE)
        assert held.record.phase is Phase.STABLE
        assert anchored.record().phase is Phase.CREATED
    assert anchored.record().phase is Phase.STABLE
    assert [call.method for call in process.wire.calls] == ["GET", "PUT", "PUT"]


def test_what_was_noted_is_written_together_with_the_next_commit(anchored: World) -> None:
    with Process(anchored).ledger().lock("up of it") as held:
        held.note(phase=Phase.STABLE)
        held.commit(reason="because")
        assert anchored.record().phase is Phase.STABLE
        assert anchored.record().reason == "because"


def test_what_was_noted_is_written_where_the_work_ends_with_an_error(anchored: World) -> None:
    def note_and_fail() -> None:
        with Process(anchored).ledger().lock("up of it") as held:
            held.note(jar_wanted="abc")
            raise KeyError

    with pytest.raises(KeyError):
        note_and_fail()
    assert anchored.record().jar_wanted == "abc"
    assert lease(anchored)["spec"] == {"holderIdentity": "", "leaseDurationSeconds": 20}


def test_what_was_noted_and_can_not_be_written_is_an_error(anchored: World) -> None:
    process = Process(anchored)

    def note_and_lose_the_way() -> None:
        with process.ledger().lock("up of it") as held:
            held.note(phase=Phase.STABLE)
            process.inject(Fault.REFUSED, calls_to("PUT", LEASE), times=3)

    with pytest.raises(Unreachable):
        note_and_lose_the_way()


def test_a_release_whose_answer_was_lost_is_found_again(anchored: World) -> None:
    process = Process(anchored)
    with process.ledger().lock("up of it") as held:
        held.note(phase=Phase.STABLE)
        process.inject(Fault.LOST, calls_to("PUT", LEASE))
    assert anchored.record().phase is Phase.STABLE


def test_a_lease_that_vanishes_while_it_is_held_loses_the_lock(anchored: World) -> None:
    with Process(anchored).ledger().lock("up of it") as held:
        del anchored.kube.objects[("Lease", NAMESPACE, LEASE)]
        with pytest.raises(
            LockLost, match=r"someone deleted the ledger; this run does nothing more: run it again$"
        ):
            held.fence()


def test_the_holder_renews_by_itself(anchored: World) -> None:
    from dataclasses import replace
    from threading import Event

    renewed = Event()
    process = Process(anchored)

    def renewal(call: Call) -> bool:
        if call.method == "PUT" and len(process.wire.calls) > 2:
            renewed.set()
        return False

    process.inject(Fault.LOST, renewal)
    with replace(process.ledger(), renew_seconds=0.01).lock("up of it"):
        assert renewed.wait(10)


def test_a_ledger_that_was_edited_by_hand_is_refused_and_not_locked(anchored: World) -> None:
    found = lease(anchored)
    found["metadata"]["annotations"]["flink-components/record"] = "{"  # type: ignore[index]
    with (
        pytest.raises(LifecycleError, match=r"can't be read: its annotation .* edited by hand"),
        Process(anchored).ledger().lock("up of it"),
    ):
        pass
    assert lease(anchored)["spec"]["holderIdentity"] == ""  # type: ignore[index]


def test_a_ledger_of_a_later_version_is_refused(anchored: World) -> None:
    found = lease(anchored)
    found["metadata"]["annotations"]["flink-components/record"] = (  # type: ignore[index]
        '{"schema_version":2,"key":"payments/fraud"}'
    )
    with pytest.raises(LifecycleError, match="written by a later version of flink-components"):
        Process(anchored).ledger().read()


def test_fields_that_a_later_version_wrote_are_kept(anchored: World) -> None:
    found = lease(anchored)
    found["metadata"]["annotations"]["flink-components/record"] = (  # type: ignore[index]
        '{"schema_version":1,"key":"payments/fraud","mood":"good"}'
    )
    with Process(anchored).ledger().lock("up of it") as held:
        held.commit(phase=Phase.STABLE)
    assert '"mood":"good"' in str(lease(anchored))


def test_a_lease_of_another_key_is_refused(anchored: World) -> None:
    found = lease(anchored)
    found["metadata"]["annotations"]["flink-components/key"] = "other/key"  # type: ignore[index]
    with pytest.raises(LifecycleError, match="belongs to the key 'other/key'"):
        Process(anchored).ledger().read()


def test_a_ledger_is_made_once(anchored: World) -> None:
    assert Process(anchored).ledger().create(Record(key=KEY, owner=OWNER)) is False
    assert Process(anchored).ledger("payments/other").create(Record(key="payments/other")) is True


def suspended_at(world: World, victim: Process, when: Callable[[Call], bool]) -> list[Process]:
    """Another process does the same upgrade while `victim` stands still before one call."""
    others: list[Process] = []

    def stand_still(call: Call) -> bool:
        if when(call) and not others:
            others.append(Process(world))
            world.advance(100)
            others[0].ensure(world.wish(jar=world.jar(entries="2")), world.wish())
        return False

    victim.inject(Fault.LOST, stand_still)
    return others


@pytest.mark.parametrize("ending", ["/stop", "/run"])
def test_a_process_that_was_suspended_before_a_call_changes_nothing_when_it_comes_back(
    world: World, ending: str
) -> None:
    Process(world).anchor()
    Process(world).ensure(world.wish())
    victim = Process(world)
    others = suspended_at(world, victim, calls_to("POST", ending))
    with pytest.raises(LifecycleError):
        victim.ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    (other,) = others
    assert other is not victim
    record = world.record()
    assert record.phase is Phase.STABLE
    assert [job.id for job in world.active()] == [record.run.job_id]  # type: ignore[union-attr]
    assert [s.events == s.newest for s in world.storage.starts] == [True, True]
    late = [c for c in victim.wire.calls if mutating(c) and not c.path.endswith("/upload")]
    assert [c.path.rsplit("/", 1)[1] for c in late][-1] == ending.strip("/")
