"""An application as tests run it."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.revisions import write_revision
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.fake_application import FakeRevision
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.world import Process

BROKEN = Behaviour(refuses="java.lang.IllegalStateException: no operator takes its state")


def run(world: ApplicationWorld, program: str = "v1", **changes: object) -> Process:
    process = Process(world)
    before = world.wish_of(1, "v1") if world.known else None
    world.up(process, program, before, **changes)
    world.advance(5)
    return process


def failing(world: ApplicationWorld, program: str, **changes: object) -> str:
    with pytest.raises((Refused, StepFailed)) as error:
        run(world, program, **changes)
    return str(error.value)


def new_revision(world: ApplicationWorld, program: str = "v2") -> FakeRevision:
    """The objects of the next one, before its switch."""
    write_revision(Process(world).ledger(), 2, program)
    return world.make(2, program)
