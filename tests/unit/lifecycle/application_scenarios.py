"""What is done to an application, and what must be so afterwards whatever went wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from flink_components.lifecycle.by_hand import suspend_by_hand
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.starting_by_hand import resume_by_hand
from flink_components.plan.record import Phase
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.world import OWNER, Process

Operation = Callable[[ApplicationWorld, Process], None]


def nothing(_: ApplicationWorld) -> None:
    return


@dataclass(frozen=True)
class Scenario:
    """What is there before, what is done (again after the death), and what must be so then."""

    name: str
    do: Operation
    check: Callable[[ApplicationWorld], None]
    prepare: Callable[[ApplicationWorld], None] = nothing
    ha: bool = False
    version: str = "1.20.3"


def running(world: ApplicationWorld) -> None:
    world.up(Process(world), "v1")
    world.advance(5)


def create(world: ApplicationWorld, process: Process) -> None:
    world.up(process, "v1")


def upgrade(world: ApplicationWorld, process: Process) -> None:
    world.up(process, "v2", world.wish_of(1, "v1"))


def upgrade_before_trigger_ids(world: ApplicationWorld, process: Process) -> None:
    """A request whose id nobody could choose may be lost: the job runs on, and is asked again."""
    try:
        upgrade(world, process)
    except StepFailed as error:
        if "the job runs on unchanged: the request was lost" not in str(error):
            raise
        upgrade(world, process)


def upgrade_without_room(world: ApplicationWorld, process: Process) -> None:
    world.up(process, "v2", world.wish_of(1, "v1"), surge=False)


def upgrade_from_the_last_state(world: ApplicationWorld, process: Process) -> None:
    world.up(process, "v2", world.wish_of(1, "v1"), upgrade_mode="last_state")


def with_a_checkpoint(world: ApplicationWorld) -> None:
    world.up(Process(world), "v1", upgrade_mode="last_state")
    world.advance(5)
    flink = world.revisions[1].flink
    flink.checkpoint(world.the_job().id)


def upgrade_to_a_broken_one(world: ApplicationWorld, process: Process) -> None:
    world.behaviours["v2"] = Behaviour(refuses="java.lang.IllegalStateException: broken")
    with suppress(StepFailed):
        world.up(process, "v2", world.wish_of(1, "v1"))


def upgrade_to_one_that_fails(world: ApplicationWorld, process: Process) -> None:
    world.behaviours["v2"] = Behaviour(fails="java.lang.IllegalStateException: broken")
    with suppress(StepFailed):
        world.up(process, "v2", world.wish_of(1, "v1"))


def restart(world: ApplicationWorld, process: Process) -> None:
    world.up(process, "v1", world.wish_of(1, "v1"), restart="tuesday")


def suspend(world: ApplicationWorld, process: Process) -> None:
    world.up(process, "v1", world.wish_of(1, "v1"), state="suspended")


def suspended(world: ApplicationWorld) -> None:
    running(world)
    suspend(world, Process(world))
    world.advance(5)


def resume(world: ApplicationWorld, process: Process) -> None:
    world.up(process, "v1", world.wish_of(1, "v1", state="suspended"))


def suspend_at_night(world: ApplicationWorld, process: Process) -> None:
    suspend_by_hand(process.shop, process.ledger())


def resume_at_night(world: ApplicationWorld, process: Process) -> None:
    try:
        resume_by_hand(process.shop, process.ledger())
    except Refused as error:
        if "payments/fraud runs already" not in str(error):
            raise


def destroy(world: ApplicationWorld, process: Process) -> None:
    process.release(world.wish_of(1, "v1"), OWNER)  # type: ignore[arg-type]


def one_job(world: ApplicationWorld, program: str) -> None:
    record, job = world.record(), world.the_job()
    assert (record.phase, record.open) == (Phase.STABLE, None)
    assert job.entry_class == program
    assert record.run is not None
    assert record.run.job_id == job.id
    assert [s.events for s in world.storage.starts] == [s.newest for s in world.storage.starts]
    number = record.run.revision
    stable = world.kube.objects[("Service", "payments", "fraud-rest")]
    assert stable["spec"]["selector"] == {"flink-components/revision": str(number)}
    assert world.revisions[number].replicas("jobmanager") == 1
    assert world.revisions[number].replicas("taskmanager") == 2


def the_first_runs(world: ApplicationWorld) -> None:
    one_job(world, "v1")


def the_second_runs_alone(world: ApplicationWorld) -> None:
    one_job(world, "v2")
    assert not [name for name in world.objects_of_revisions() if "-r1-" in name]


def the_first_runs_again(world: ApplicationWorld) -> None:
    record, job = world.record(), world.the_job()
    assert (record.phase, record.open) == (Phase.ROLLED_BACK, None)
    assert (job.entry_class, record.run.job_id) == ("v1", job.id)  # type: ignore[union-attr]
    olds = [s for s in world.storage.starts if s.entry_class == "v1"]
    assert [s.events for s in olds] == [s.newest for s in olds]
    assert world.revisions[1].replicas("taskmanager") == 2
    assert world.revisions[2].replicas("jobmanager") == 0
    assert world.revisions[2].replicas("taskmanager") == 0


def down_with_its_savepoint(world: ApplicationWorld) -> None:
    record = world.record()
    assert (record.phase, record.open) == (Phase.SUSPENDED, None)
    assert world.active() == []
    assert world.revisions[1].replicas("jobmanager") == 0
    assert world.revisions[1].replicas("taskmanager") == 0
    assert record.restore is not None
    assert world.storage.snapshots[record.restore.path].events == world.storage.newest("fraud")


def gone_with_its_savepoint(world: ApplicationWorld) -> None:
    record = world.record()
    assert record.deleted
    assert world.active() == []
    assert world.objects_of_revisions() == []
    assert record.restore is not None
    assert world.storage.snapshots[record.restore.path].events == world.storage.newest("fraud")


SCENARIOS = [
    Scenario("create", create, the_first_runs),
    Scenario("upgrade", upgrade, the_second_runs_alone, running),
    Scenario("upgrade with high availability", upgrade, the_second_runs_alone, running, ha=True),
    Scenario(
        "upgrade on 1.13",
        upgrade_before_trigger_ids,
        the_second_runs_alone,
        running,
        version="1.13.6",
    ),
    Scenario("upgrade without room", upgrade_without_room, the_second_runs_alone, running),
    Scenario(
        "upgrade from the last state",
        upgrade_from_the_last_state,
        the_second_runs_alone,
        with_a_checkpoint,
    ),
    Scenario("roll back", upgrade_to_a_broken_one, the_first_runs_again, running),
    Scenario(
        "roll back with high availability",
        upgrade_to_a_broken_one,
        the_first_runs_again,
        running,
        ha=True,
    ),
    Scenario(
        "roll back on 2.3", upgrade_to_a_broken_one, the_first_runs_again, running, version="2.3.0"
    ),
    Scenario(
        "roll back from one that fails", upgrade_to_one_that_fails, the_first_runs_again, running
    ),
    Scenario("restart", restart, the_first_runs, running),
    Scenario("suspend", suspend, down_with_its_savepoint, running),
    Scenario("suspend by hand", suspend_at_night, down_with_its_savepoint, running),
    Scenario("resume", resume, the_first_runs, suspended),
    Scenario("resume by hand", resume_at_night, the_first_runs, suspended),
    Scenario("destroy", destroy, gone_with_its_savepoint, running),
    Scenario("destroy with high availability", destroy, gone_with_its_savepoint, running, ha=True),
]
