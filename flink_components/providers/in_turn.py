"""Lets the jobs of a fleet go on only when it is their turn, in the one process of an `up`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flink_components.lifecycle.turns import Turns
from flink_components.plan.changes import plain
from flink_components.providers import process
from flink_components.spec.base import load
from flink_components.spec.fleet import FleetSpec

_TURNS = Turns()


@contextmanager
def in_turn(props: Mapping[str, Any]) -> Iterator[None]:
    """The turn of a job, by the inputs of its resource; at once for one without a fleet."""
    fleet = plain(props.get("fleet"))
    if not fleet:
        yield
        return
    name = fleet.pop("name")
    say = process.workshop(props["urn"]).say
    with _TURNS.turn(name, load(FleetSpec, fleet), props["key"], say):
        yield
