"""What a plan and `up` say of the state of an application."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from flink_components.lifecycle.planning import plan_application
from flink_components.plan.plan import Plan
from flink_components.plan.record import Phase
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.job_graphs import graph
from tests.unit.doubles.judged_job import NUMBERS, OFFSETS, RULES, SAME, SNAPSHOT, WINDOW
from tests.unit.doubles.world import Process
from tests.unit.lifecycle.applications import BROKEN, failing, run

REMEMBER = "ee80cf1f8a547f701f43246f1b2ac71a"
"""Its id: before Flink 2.0 a snapshot knows no names."""
ACCEPT = [{"operator": "remember", "version": "2", "reason": "made again"}]


@pytest.fixture
def world(tmp_path: Path) -> ApplicationWorld:
    made = ApplicationWorld(tmp_path)
    made.up(Process(made), "v1")
    made.advance(5)
    first = made.record().run
    assert first is not None
    flink = made.revisions[1].flink
    flink.keep_checkpoints_in(tmp_path / "checkpoints")
    path = Path(flink.checkpoint(first.job_id).path[5:])
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


def test_partial_is_refused_with_the_line_that_accepts_it(world: ApplicationWorld) -> None:
    found = planned(world, "partial.json", version="2")
    assert found.refused == "state would be lost: keep it, or accept each loss by name"
    assert f'accept=[{{"operator": "{REMEMBER}"' in found.text()


def test_an_accepted_loss_is_said(world: ApplicationWorld) -> None:
    found = planned(world, "partial.json", version="2", accept=ACCEPT)
    assert (found.refused, found.headline) == (None, "RESTARTS WITH PART OF ITS STATE")


def test_up_refuses_a_loss_that_is_not_accepted_and_the_job_runs_on(
    world: ApplicationWorld,
) -> None:
    graph_file = str(world.folder / "partial.json")
    accept = [{**ACCEPT[0], "version": "1"}]
    said = failing(world, "v2", job_graph=graph_file, version="2", accept=accept)
    assert said.startswith("state would be lost: keep it, or accept each loss by name")
    assert len(world.active()) == 1
    record = world.record()
    assert record.run is not None
    assert record.run.revision == 1


def test_an_accepted_loss_is_allowed_for_that_start_alone(world: ApplicationWorld) -> None:
    accepting: dict[str, Any] = {"version": "2", "accept": ACCEPT}
    run(world, "v2", job_graph=str(world.folder / "partial.json"), **accepting)
    record = world.record()
    assert world.go()["allowNonRestoredState"] is True
    assert [(one.operator, one.reason) for one in record.accepted] == [(REMEMBER, "made again")]

    run(world, "v3", **accepting)
    assert "allowNonRestoredState" not in world.go()
    assert len(world.record().accepted) == 1


def test_where_the_loss_does_not_help_the_old_revision_runs_again_with_all_its_state(
    world: ApplicationWorld,
) -> None:
    world.behaviours["v2"] = BROKEN
    graph_file = str(world.folder / "partial.json")
    failing(world, "v2", job_graph=graph_file, version="2", accept=ACCEPT)
    assert world.record().phase is Phase.ROLLED_BACK
    assert "allowNonRestoredState" not in world.go()


def test_a_graph_of_another_jar_is_refused_where_its_sha256_is_declared(
    world: ApplicationWorld,
) -> None:
    found = planned(world, "full.json", jar_sha256="0" * 64)
    assert found.refused == (
        f"job_graph can't be used: {world.folder}/full.json was made of another jar "
        f"(dedup-4.2.0.jar) than that of jar_sha256: make it again with "
        f"`flink-components graph JAR -o {world.folder}/full.json`"
    )
