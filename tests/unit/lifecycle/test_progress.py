"""What is known of a job that starts, where Flink answers with errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.flink.errors import FlinkError
from flink_components.lifecycle.progress import StartProgress
from tests.unit.doubles.wire import Answer
from tests.unit.doubles.world import Process, World, calls_to
from tests.unit.lifecycle.scenarios import running

NO_DETAILS = {"errors": ["Internal server error.", "<Exception on server side:\nx.Null: null\n"]}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    running(made)
    return made


def progress(world: World, status: int) -> StartProgress:
    process, run = Process(world), world.record().run
    assert run is not None
    process.inject(Answer(status, NO_DETAILS), calls_to("GET", f"/jobs/{run.job_id}"))
    return StartProgress(process.shop, process.shop.flink(run.cluster), run.job_id)


def test_an_internal_error_says_nothing_of_a_job_that_runs(world: World) -> None:
    assert progress(world, 500).look() is None


def test_of_a_job_that_has_ended_its_state_is_known_all_the_same(world: World) -> None:
    world.the_job().state = "FAILED"
    seen = progress(world, 500).look()
    assert seen is not None
    assert (seen.state, seen.all_running) == ("FAILED", False)


def test_a_refused_question_is_an_error(world: World) -> None:
    with pytest.raises(FlinkError):
        progress(world, 400).look()
