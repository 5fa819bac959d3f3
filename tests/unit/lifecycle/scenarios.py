"""What is done to a job, and what must be so afterwards whatever went wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from flink_components.lifecycle.by_hand import savepoint_by_hand, suspend_by_hand
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.history import book_of
from flink_components.lifecycle.starting_by_hand import resume_by_hand, rollback_by_hand
from flink_components.plan.record import Phase
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.world import KEY, Process, World, ref

Operation = Callable[[World, Process], None]


def nothing(_: World) -> None:
    return


@dataclass(frozen=True)
class Scenario:
    """What is there before, what is done (again after the death), and what must be so then."""

    name: str
    do: Operation
    check: Callable[[World], None]
    prepare: Callable[[World], None] = nothing
    key: str = KEY


def running(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish())
    world.advance(5)


def create(world: World, process: Process) -> None:
    process.anchor()
    process.ensure(world.wish())


def one_stable_job(world: World) -> None:
    record = world.record()
    assert record.phase is Phase.STABLE
    assert record.open is None
    assert record.run is not None
    assert [job.id for job in world.active()] == [record.run.job_id]


def listed(world: World, key: str = KEY) -> list[str]:
    """The places in the job's history, oldest first."""
    return [point.path for point in book_of(Process(world).ledger(key)).read().points]


def every_savepoint_is_in_the_history(world: World) -> None:
    """Or it waits in the ledger to be written there by the next run."""
    taken = [s.path for s in world.storage.snapshots.values() if s.savepoint]
    found = [*listed(world), *(point.path for point in world.record().unlisted)]
    assert [path for path in dict.fromkeys(found) if "savepoint-" in path] == taken


def every_start_had_all_the_state(world: World) -> None:
    assert [s.events for s in world.storage.starts] == [s.newest for s in world.storage.starts]


def created(world: World) -> None:
    one_stable_job(world)
    assert len(world.active()) == 1
    assert world.the_job().restored is None


GIVEN = "file:/other/savepoint-aaaaaa-000000000001"


def a_savepoint_of_an_older_job(world: World) -> None:
    flink = world.flink
    other = Process(world)
    other.anchor("payments/older")
    wish = world.wish(key="payments/older", name="older", args=["older"])
    job_id = other.ensure(wish).run.job_id  # type: ignore[union-attr]
    taken = flink.stop_by_hand(job_id, "file:/other")
    taken.path = GIVEN
    world.storage.snapshots[GIVEN] = taken


def create_from_a_savepoint(world: World, process: Process) -> None:
    process.anchor()
    process.ensure(world.wish(restore_from=GIVEN))


def created_from_the_savepoint(world: World) -> None:
    one_stable_job(world)
    assert world.the_job().request["savepointPath"] == GIVEN
    assert [s.savepoint for s in world.storage.starts if s.group == "fraud"] == [GIVEN]


def update(world: World, process: Process) -> None:
    process.ensure(world.wish(jar=world.jar(entries="2")), world.wish())


def updated_with_its_savepoint(world: World) -> None:
    every_savepoint_is_in_the_history(world)
    one_stable_job(world)
    every_start_had_all_the_state(world)
    record = world.record()
    assert record.run is not None
    assert record.run.revision == 2
    taken = [s for s in world.storage.snapshots.values() if s.savepoint]
    assert [record.restore.path if record.restore else None] == [s.path for s in taken]
    assert world.the_job().restored == taken[-1].path


def update_last_state(world: World, process: Process) -> None:
    wish = world.wish(jar=world.jar(entries="2"), upgrade_mode="last_state")
    process.ensure(wish, world.wish(upgrade_mode="last_state"))


def has_an_old_savepoint(world: World) -> None:
    running(world)
    Process(world).ensure(world.wish(parallelism=2), world.wish())
    world.advance(5)
    world.flink.checkpoint(world.the_job().id)
    world.advance(5)


def updated_from_a_checkpoint(world: World) -> None:
    one_stable_job(world)
    every_start_had_all_the_state(world)
    assert "chk-" in str(world.the_job().restored)


def running_stateless(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(upgrade_mode="stateless"))


def update_stateless(world: World, process: Process) -> None:
    wish = world.wish(jar=world.jar(entries="2"), upgrade_mode="stateless")
    process.ensure(wish, world.wish(upgrade_mode="stateless"))


def updated_stateless(world: World) -> None:
    one_stable_job(world)
    assert world.the_job().restored is None
    assert world.record().run.revision == 2  # type: ignore[union-attr]


def move(world: World, process: Process) -> None:
    process.ensure(world.wish(cluster=ref(revision=2)), world.wish())


def with_a_second_cluster(world: World) -> None:
    running(world)
    world.add_cluster("etl", 2)


def moved(world: World) -> None:
    one_stable_job(world)
    every_start_had_all_the_state(world)
    assert [job.id for job in world.clusters[("payments", "etl-r2-rest")].active()] == [
        world.the_job().id
    ]


def update_to(behaviour: Behaviour, **changes: str) -> Operation:
    def do(world: World, process: Process) -> None:
        world.flink.behaviours["org.acme.Broken"] = behaviour
        with pytest.raises(StepFailed):
            process.ensure(world.wish(entry_class="org.acme.Broken", **changes), world.wish())

    return do


def rolled_back(world: World) -> None:
    record = world.record()
    assert record.phase is Phase.ROLLED_BACK
    assert record.open is None
    assert [job.entry_class for job in world.active()] == ["org.acme.Fraud"]
    starts = [s for s in world.storage.starts if s.entry_class == "org.acme.Fraud"]
    assert [s.events for s in starts] == [s.newest for s in starts]
    taken = [s for s in world.storage.snapshots.values() if s.savepoint]
    assert record.restore is not None
    assert record.restore.path == taken[-1].path


def suspend(world: World, process: Process) -> None:
    process.ensure(world.wish(state="suspended"), world.wish())


def suspended_with_its_savepoint(world: World) -> None:
    every_savepoint_is_in_the_history(world)
    record = world.record()
    assert (record.phase, record.open) == (Phase.SUSPENDED, None)
    assert world.active() == []
    taken = [s for s in world.storage.snapshots.values() if s.savepoint]
    assert [record.restore.path if record.restore else None] == [s.path for s in taken]


def suspended(world: World) -> None:
    running(world)
    suspend(world, Process(world))


def resume(world: World, process: Process) -> None:
    process.ensure(world.wish(), world.wish(state="suspended"))


def resumed_with_its_state(world: World) -> None:
    one_stable_job(world)
    every_start_had_all_the_state(world)
    assert len([s for s in world.storage.snapshots.values() if s.savepoint]) == 1


def suspend_at_night(world: World, process: Process) -> None:
    suspend_by_hand(process.shop, process.ledger())


def suspended_at_night(world: World) -> None:
    running(world)
    suspend_at_night(world, Process(world))


def resume_at_night(world: World, process: Process) -> None:
    """A person who does not know whether it was done does it again."""
    try:
        resume_by_hand(process.shop, process.ledger())
    except Refused as error:
        if "payments/fraud runs already" not in str(error):
            raise


def resume_from_a_savepoint_at_night(world: World, process: Process) -> None:
    try:
        resume_by_hand(process.shop, process.ledger(), GIVEN)
    except Refused as error:
        if "payments/fraud runs already" not in str(error):
            raise


def suspended_beside_an_older_savepoint(world: World) -> None:
    suspended_at_night(world)
    a_savepoint_of_an_older_job(world)


def resumed_from_the_given_savepoint(world: World) -> None:
    one_stable_job(world)
    assert world.the_job().restored == GIVEN
    up = Process(world)
    up.ensure(world.wish(), world.wish())
    assert world.the_job().restored == GIVEN


def upgraded(world: World) -> None:
    running(world)
    Process(world).ensure(world.wish(jar=world.jar(entries="2")), world.wish())
    world.advance(5)


def roll_back_at_night(world: World, process: Process) -> None:
    """A person looks first whether it was done."""
    record = world.record()
    assert record.run is not None
    if (record.phase, record.run.revision) != (Phase.STABLE, 3):
        rollback_by_hand(process.shop, process.ledger())


def rolled_back_with_its_savepoint(world: World) -> None:
    every_savepoint_is_in_the_history(world)
    one_stable_job(world)
    every_start_had_all_the_state(world)
    record = world.record()
    assert record.run is not None
    assert record.run.fingerprint == world.wish().fingerprint
    assert (record.run.revision, record.run.rolled_back_from) == (3, 2)


def roll_back_to_one_that_fails(world: World, process: Process) -> None:
    """Done again after a death on its way back, it goes the rest of that way."""
    world.flink.behaviours["org.acme.Older"] = Behaviour(fails="java.lang.Exception: broken")
    with suppress(StepFailed):
        rollback_by_hand(process.shop, process.ledger())


def the_present_one_runs_again(world: World) -> None:
    every_savepoint_is_in_the_history(world)
    record = world.record()
    assert record.open is None
    assert record.phase in (Phase.ROLLED_BACK, Phase.STABLE)
    assert [job.entry_class for job in world.active()] == ["org.acme.Fraud"]
    starts = [s for s in world.storage.starts if s.entry_class == "org.acme.Fraud"]
    assert [s.events for s in starts] == [s.newest for s in starts]


def upgraded_from_another_class(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(entry_class="org.acme.Older"))
    process.ensure(world.wish(), world.wish(entry_class="org.acme.Older"))
    world.advance(5)


def rolled_back_at_night(world: World) -> None:
    upgraded(world)
    roll_back_at_night(world, Process(world))
    world.advance(5)


def update_in_the_morning(world: World, process: Process) -> None:
    """Pulumi remembers what was declared before the night."""
    world.flink.behaviours["org.acme.Broken"] = Behaviour(fails="java.lang.Exception: broken")
    declared = world.wish(jar=world.jar(entries="2"))
    with pytest.raises(StepFailed):
        process.ensure(world.wish(entry_class="org.acme.Broken"), declared)


def what_the_night_has_left_runs_again(world: World) -> None:
    rolled_back(world)
    assert world.record().run.fingerprint == world.wish().fingerprint  # type: ignore[union-attr]


def save(world: World, process: Process) -> None:
    savepoint_by_hand(process.shop, process.ledger(), "before-the-sale")


def saved_and_running(world: World) -> None:
    record = world.record()
    assert record.open is None
    assert [job.id for job in world.active()] == [record.run.job_id]  # type: ignore[union-attr]
    assert record.restore is not None
    every_savepoint_is_in_the_history(world)


def call_off(world: World, process: Process) -> None:
    process.ensure(world.wish(state="cancelled"), world.wish())


def called_off_with_its_checkpoint(world: World) -> None:
    record = world.record()
    assert (record.phase, record.open) == (Phase.CANCELLED, None)
    assert world.active() == []
    assert record.restore is not None
    assert world.storage.snapshots[record.restore.path].events == world.storage.newest("fraud")


def called_off(world: World) -> None:
    running(world)
    call_off(world, Process(world))


def resume_to_one_that_is_refused(world: World, process: Process) -> None:
    world.flink.behaviours["org.acme.Missing"] = Behaviour(plan_refused="no such class")
    try:
        process.ensure(world.wish(entry_class="org.acme.Missing"), world.wish(state="cancelled"))
    except Refused as error:
        if "nothing was changed: no such class" not in str(error):
            raise
    else:
        raise AssertionError("it was not refused")


def still_called_off_without_a_jar(world: World) -> None:
    called_off_with_its_checkpoint(world)
    left = {jar.content for jar in world.record().jars_left}
    there = {jar.partition("fc-")[2].removesuffix(".jar") for jar in world.flink.jars}
    assert there <= left


def restart(world: World, process: Process) -> None:
    process.ensure(world.wish(restart="tuesday"), world.wish())


def restarted_with_its_state(world: World) -> None:
    every_savepoint_is_in_the_history(world)
    one_stable_job(world)
    every_start_had_all_the_state(world)
    assert world.record().run.revision == 1  # type: ignore[union-attr]
    assert len([s for s in world.storage.snapshots.values() if s.savepoint]) == 1


def running_under_the_adaptive_scheduler(world: World) -> None:
    world.flink.adaptive = True
    running(world)


def rescale(world: World, process: Process) -> None:
    process.ensure(world.wish(parallelism=4), world.wish())


def rescaled_in_place(world: World) -> None:
    one_stable_job(world)
    record, job = world.record(), world.the_job()
    assert (record.run.revision, record.run.attempt) == (2, 1)  # type: ignore[union-attr]
    assert record.run == record.stable
    assert (job.parallelism, job.rescaled) == ({"a": 4, "b": 4}, 1)
    assert len(world.storage.starts) == 1
    assert [s.path for s in world.storage.snapshots.values() if s.savepoint] == []


def running_and_never_rescaling(world: World) -> None:
    running_under_the_adaptive_scheduler(world)
    world.the_job().behaviour = Behaviour(never_rescales=True)


def rescale_in_vain(world: World, process: Process) -> None:
    with pytest.raises(StepFailed):
        rescale(world, process)


def as_before_the_rescale(world: World) -> None:
    one_stable_job(world)
    record, job = world.record(), world.the_job()
    assert (record.run.revision, record.run.attempt) == (1, 1)  # type: ignore[union-attr]
    assert (job.bounds, job.rescaled) == ({"a": (1, 2), "b": (1, 2)}, 0)
    assert len(world.storage.starts) == 1


BY_HAND = "b" * 32


def running_by_hand(world: World) -> None:
    world.flink.run_by_hand(BY_HAND)
    world.advance(5)


def adopt(world: World, process: Process) -> None:
    process.anchor()
    process.ensure(world.wish(adopt={"job_id": BY_HAND}))


def adopted(world: World) -> None:
    one_stable_job(world)
    record = world.record()
    assert (record.run.job_id, record.run.revision, record.attempts) == (BY_HAND, 1, 1)  # type: ignore[union-attr]
    assert len(world.storage.starts) == 1
    assert world.the_job().restored is None


def delete(world: World, process: Process) -> None:
    process.release(world.wish())


def deleted_with_its_savepoint(world: World) -> None:
    every_savepoint_is_in_the_history(world)
    record = world.record()
    assert record.deleted
    assert (record.phase, record.open) == (Phase.SUSPENDED, None)
    assert world.active() == []
    taken = [s for s in world.storage.snapshots.values() if s.savepoint]
    assert [record.restore.path if record.restore else None] == [s.path for s in taken]


def delete_by_cancel(world: World, process: Process) -> None:
    process.release(world.wish(on_delete="cancel"))


def deleted_with_its_checkpoint(world: World) -> None:
    record = world.record()
    assert record.deleted
    assert world.active() == []
    assert record.restore is not None
    found = world.storage.snapshots[record.restore.path]
    assert found.events == world.storage.newest("fraud")


def rename(world: World, process: Process) -> None:
    process.anchor("payments/fraud-2", previous_key=KEY)
    process.ensure(world.wish(key="payments/fraud-2"), world.wish())


def renamed(world: World) -> None:
    record = world.record("payments/fraud-2")
    assert [job.id for job in world.active()] == [record.run.job_id]  # type: ignore[union-attr]
    assert len(world.storage.starts) == 1
    assert world.record().moved_to == "payments/fraud-2"


SCENARIOS = [
    Scenario("create", create, created),
    Scenario(
        "create from a savepoint",
        create_from_a_savepoint,
        created_from_the_savepoint,
        a_savepoint_of_an_older_job,
    ),
    Scenario("update with a savepoint", update, updated_with_its_savepoint, running),
    Scenario(
        "update from the last state",
        update_last_state,
        updated_from_a_checkpoint,
        has_an_old_savepoint,
    ),
    Scenario("update without state", update_stateless, updated_stateless, running_stateless),
    Scenario("move to another cluster", move, moved, with_a_second_cluster),
    Scenario(
        "roll back from one that fails",
        update_to(Behaviour(fails="java.lang.IllegalStateException: broken")),
        rolled_back,
        running,
    ),
    Scenario(
        "roll back from one that gets no slots",
        update_to(Behaviour(slots_missing=1)),
        rolled_back,
        running,
    ),
    Scenario(
        "roll back from one that is refused",
        update_to(Behaviour(refuses="java.lang.IllegalStateException: refused")),
        rolled_back,
        running,
    ),
    Scenario(
        "roll back from one that starts empty",
        update_to(Behaviour(ignores_savepoint=True, after_checkpoint=True)),
        rolled_back,
        running,
    ),
    Scenario(
        "roll back from a savepoint that is not there",
        update_to(Behaviour(), restore_from="file:///nowhere/savepoint-1"),
        rolled_back,
        running,
    ),
    Scenario("suspend", suspend, suspended_with_its_savepoint, running),
    Scenario("suspend by hand", suspend_at_night, suspended_with_its_savepoint, running),
    Scenario("resume by hand", resume_at_night, resumed_with_its_state, suspended_at_night),
    Scenario(
        "resume by hand from a savepoint",
        resume_from_a_savepoint_at_night,
        resumed_from_the_given_savepoint,
        suspended_beside_an_older_savepoint,
    ),
    Scenario("rollback by hand", roll_back_at_night, rolled_back_with_its_savepoint, upgraded),
    Scenario(
        "rollback by hand to one that fails",
        roll_back_to_one_that_fails,
        the_present_one_runs_again,
        upgraded_from_another_class,
    ),
    Scenario(
        "roll back to what a rollback by hand has left",
        update_in_the_morning,
        what_the_night_has_left_runs_again,
        rolled_back_at_night,
    ),
    Scenario("savepoint by hand", save, saved_and_running, running),
    Scenario("resume", resume, resumed_with_its_state, suspended),
    Scenario("cancel", call_off, called_off_with_its_checkpoint, running),
    Scenario(
        "resume to one that is refused",
        resume_to_one_that_is_refused,
        still_called_off_without_a_jar,
        called_off,
    ),
    Scenario("restart", restart, restarted_with_its_state, running),
    Scenario("rescale in place", rescale, rescaled_in_place, running_under_the_adaptive_scheduler),
    Scenario(
        "take back a rescale that fails",
        rescale_in_vain,
        as_before_the_rescale,
        running_and_never_rescaling,
    ),
    Scenario("adopt", adopt, adopted, running_by_hand),
    Scenario("delete with a savepoint", delete, deleted_with_its_savepoint, running),
    Scenario("delete by a cancel", delete_by_cancel, deleted_with_its_checkpoint, running),
    Scenario("rename", rename, renamed, running, "payments/fraud-2"),
]
