"""Why a job failed is known though Flink answers from a cache."""

from __future__ import annotations

from flink_components.lifecycle.failures import known_failure
from flink_components.lifecycle.work import Workshop
from tests.unit.doubles.world import Process, World, ref
from tests.unit.lifecycle.scenarios import running


def asked(world: World) -> tuple[Workshop, str]:
    """A job that runs, and of which Flink has said so just now."""
    running(world)
    shop, job = Process(world).shop, world.the_job().id
    assert shop.flink(ref()).failure(job) is None
    return shop, job


def test_of_a_job_that_failed_just_now(world: World) -> None:
    shop, job = asked(world)
    world.flink.fail(job, "x.Boom: 1")
    assert known_failure(shop, shop.flink(ref()), job) == "Boom: 1"


def test_of_a_job_that_runs_there_is_none(world: World) -> None:
    shop, job = asked(world)
    assert known_failure(shop, shop.flink(ref()), job) == ""


def test_of_a_job_that_is_not_known_there_is_none(world: World) -> None:
    shop, job = asked(world)
    world.flink.restart()
    assert known_failure(shop, shop.flink(ref()), job) == ""
