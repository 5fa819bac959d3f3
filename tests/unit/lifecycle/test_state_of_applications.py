"""What a plan and `up` say of the state of an application."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flink_components.lifecycle.planning import plan_application
from flink_components.plan.plan import Plan
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.job_graphs import graph
from tests.unit.doubles.judged_job import NUMBERS, OFFSETS, RULES, SAME, SNAPSHOT, WINDOW
from tests.unit.doubles.world import Process
from tests.unit.lifecycle.applications import failing

ACCEPT = [{"operator": "remember", "version": "2", "reason": "made again"}]


@pytest.fixture
def world(tmp_path: Path) -> ApplicationWorld:
    made = ApplicationWorld(tmp_path)
    made.up(Process(made), "v1")
    made.advance(5)
    run = made.record().run
    assert run is not None
    flink = made.revisions[1].flink
    flink.keep_checkpoints_in(tmp_path / "checkpoints")
    path = Path(flink.checkpoint(run.job_id).path[5:])
    flink.disk = None
    shutil.copytree(SNAPSHOT, path, dirs_exist_ok=True)
    (tmp_path / "full.json").write_text(graph(*SAME).to_json())
    (tmp_path / "partial.json").write_text(graph(NUMBERS, OFFSETS, WINDOW, RULES).to_json())
    return made


def planned(world: ApplicationWorld, name: str, **changes: object) -> Plan:
    wish = world.wish_of(2, "v2", job_graph=str(world.folder / name), **changes)
    return plan_application(Process(world).shop, wish, {"image": "2"}, {"image": "1"})


def test_full_says_what_of_the_graph_is_not_compared(world: ApplicationWorld) -> None:
    found = planned(world, "full.json")
    assert found.headline == "RESTARTS WITH ITS STATE"
    assert found.state is not None
    assert found.state.verdict.verdict.value == "full"
    assert found.state.verdict.unproven[-1] == (
        "whether the graph is of this application's jar, arguments and options"
    )


def test_partial_is_refused_though_it_is_accepted(world: ApplicationWorld) -> None:
    found = planned(world, "partial.json", version="2", accept=ACCEPT)
    assert found.refused == (
        "state would be lost, and an application can't be started without a part of its state, "
        "whatever is accepted: keep the uids"
    )
    assert "accept=" not in found.text()


def test_up_refuses_it_too_and_the_job_runs_on(world: ApplicationWorld) -> None:
    graph_file = str(world.folder / "partial.json")
    said = failing(world, "v2", job_graph=graph_file, version="2", accept=ACCEPT)
    assert said.startswith("state would be lost, and an application can't be started without")
    assert len(world.active()) == 1
    record = world.record()
    assert record.run is not None
    assert record.run.revision == 1


def test_a_graph_of_another_jar_is_refused_where_its_sha256_is_declared(
    world: ApplicationWorld,
) -> None:
    found = planned(world, "full.json", jar_sha256="0" * 64)
    assert found.refused == (
        f"job_graph can't be used: {world.folder}/full.json was made of another jar "
        f"(dedup-4.2.0.jar) than that of jar_sha256: make it again with "
        f"`flink-components graph JAR -o {world.folder}/full.json`"
    )
