"""An `up` while no JobManager leads."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.lifecycle.errors import Refused
from tests.unit.doubles.world import Process, World, ref

STANDBY = {"leader": "etl-r1-ha-cluster-config-map"}


@pytest.mark.parametrize(("more", "seconds"), [(STANDBY, 120), ({}, 0)])
def test_only_where_others_stand_by_the_next_leader_is_waited_for(
    more: dict[str, Any], seconds: int, world: World
) -> None:
    wish = world.wish(cluster={**ref(), **more})
    Process(world).anchor()
    Process(world).ensure(wish)
    world.flink.up = False
    began = world.clock.now()
    with pytest.raises(Refused, match="can't be reached, so nobody knows whether"):
        Process(world).ensure(wish, wish)
    assert round(world.clock.now() - began) == seconds
    world.flink.up = True
    assert Process(world).ensure(wish, wish) == world.record()
