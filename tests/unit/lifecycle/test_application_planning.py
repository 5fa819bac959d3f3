"""What a preview says of an application, and what a refresh finds; without a lock or a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flink_components.lifecycle.drift import drifted
from flink_components.lifecycle.observing import observe
from flink_components.lifecycle.planning import plan_application
from flink_components.plan.changes import Kind
from flink_components.plan.plan import Plan
from flink_components.plan.record import Run
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.world import Process

DECLARED = {"image": "fraud:1", "parallelism": 2, "labels": {"team": "risk"}, "surge": True}


@pytest.fixture
def world(tmp_path: Path) -> ApplicationWorld:
    return ApplicationWorld.running(tmp_path)


def planned(world: ApplicationWorld, number: int, program: str, **declared: Any) -> Plan:
    process = Process(world)
    wish = world.wish_of(number, program)
    found = plan_application(process.shop, wish, {**DECLARED, **declared}, DECLARED)
    assert {call.method for call in process.wire.calls} <= {"GET"}
    return found


def test_an_upgrade_says_which_revision_runs_then_and_from_where(world: ApplicationWorld) -> None:
    found = planned(world, 2, "v2", image="fraud:2")
    assert (found.old_revision, found.new_revision) == (1, 2)
    assert found.headline == "RESTARTS WITH ITS STATE"
    assert found.restore == (
        "a savepoint taken by this up, native, below file:///savepoints/payments/fraud/"
    )


def test_what_is_no_part_of_the_pods_or_the_program_is_in_place(world: ApplicationWorld) -> None:
    found = planned(world, 1, "v1", labels={"team": "fraud"}, surge=False, keep_savepoints={})
    assert found.headline == "RUNS ON"
    assert [(c.field, c.kind) for c in found.changed] == [
        ("labels", Kind.IN_PLACE),
        ("surge", Kind.IN_PLACE),
    ]


def test_pods_program_and_parallelism_restart_it(world: ApplicationWorld) -> None:
    found = planned(world, 2, "v2", image="fraud:2", parallelism=4, jar="local:///x.jar")
    assert {c.field: c.kind for c in found.changed} == {
        "jar": Kind.RESTART,
        "parallelism": Kind.RESTART,
        "image": Kind.RESTART,
    }


def test_a_jobmanager_that_does_not_answer_and_may_run_is_unknown(world: ApplicationWorld) -> None:
    world.revisions[1].flink.up = False
    found = planned(world, 2, "v2")
    assert found.headline == "UNKNOWN"
    assert "no endpoints available for service" in str(found.unknown)


def test_a_refresh_finds_a_job_that_is_lost(world: ApplicationWorld) -> None:
    run_ = world.record().run
    assert isinstance(run_, Run)
    world.advance(600)
    world.revisions[1].flink.checkpoint(run_.job_id)
    world.revisions[1].exit(137)
    world.advance(5)
    seen = observe(Process(world).shop, run_)
    assert (seen.reached, seen.state) == (True, None)
    assert drifted(world.record(), seen, "v1").startswith("LOST: ")
