"""An `up` while no JobManager leads, or the next one has only begun to run the job."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.wish import Wish
from tests.unit.doubles.world import Process, World, ref

STANDBY = {"leader": "etl-r1-ha-cluster-config-map"}
CASES = pytest.mark.parametrize(("more", "seconds"), [(STANDBY, 120), ({}, 0)])


def running(world: World, more: dict[str, Any]) -> Wish:
    wish = world.wish(cluster={**ref(), **more})
    Process(world).anchor()
    Process(world).ensure(wish)
    return wish


@CASES
def test_only_where_others_stand_by_the_next_leader_is_waited_for(
    more: dict[str, Any], seconds: int, world: World
) -> None:
    wish = running(world, more)
    world.flink.up = False
    began = world.clock.now()
    with pytest.raises(Refused, match="can't be reached, so nobody knows whether"):
        Process(world).ensure(wish, wish)
    assert round(world.clock.now() - began) == seconds
    world.flink.up = True
    assert Process(world).ensure(wish, wish) == world.record()


@CASES
def test_only_there_the_tasks_of_a_job_are_waited_for(
    more: dict[str, Any], seconds: int, world: World
) -> None:
    wish = running(world, more)
    world.the_job().behaviour.slots_missing = 1
    began = world.clock.now()
    with pytest.raises(StepFailed, match="Not all required tasks are currently running"):
        Process(world).ensure(world.wish(cluster={**ref(), **more}, args=["v2"]), wish)
    assert seconds <= world.clock.now() - began < seconds + 60
