"""An application: started, upgraded beside what runs, suspended, resumed, finished."""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.plan.record import Phase
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.world import Process


@pytest.fixture
def world(tmp_path: Path) -> ApplicationWorld:
    return ApplicationWorld(tmp_path)


def run(world: ApplicationWorld, program: str = "v1", **changes: object) -> Process:
    process = Process(world)
    world.up(process, program, **changes)
    world.advance(5)
    return process


def test_the_first_start_claims_attempt_one_of_revision_one(world: ApplicationWorld) -> None:
    run(world)
    record = world.record()
    assert (record.phase, record.open) == (Phase.STABLE, None)
    assert world.the_job().id == record.run.job_id  # type: ignore[union-attr]
    assert (world.claim()["attempt"], world.claim()["revision"]) == (1, 1)


def test_an_upgrade_goes_on_from_a_savepoint_on_a_revision_of_its_own(
    world: ApplicationWorld,
) -> None:
    run(world)
    process = run(world, "v2")
    record, job = world.record(), world.the_job()
    assert (record.run.revision, record.run.attempt) == (2, 2)  # type: ignore[union-attr]
    assert [start.events for start in world.storage.starts] == [
        start.newest for start in world.storage.starts
    ]
    assert job.entry_class == "v2"
    assert str(job.restored).startswith("file:/savepoints/payments/fraud/1-1/")
    assert world.storage.violations == []
    assert process.said[:2] == []
