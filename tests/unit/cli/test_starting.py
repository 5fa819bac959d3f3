"""`flink-components resume` and `rollback` as a person types them, on clusters in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.doubles.world import World
from tests.unit.lifecycle.scenarios import running, upgraded

Run = Callable[..., int]


def test_a_suspended_job_is_resumed_and_its_facts_are_printed(
    world: World, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    running(world)
    assert run("suspend", "payments/fraud", "--json") == 0
    location = json.loads(capsys.readouterr().out)["location"]
    assert run("resume", "payments/fraud", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "key": "payments/fraud",
        "state": "STABLE",
        "revision": 1,
        "job id": world.the_job().id,
        "restored from": location,
    }


def test_it_is_resumed_from_another_snapshot(
    world: World, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    running(world)
    older = world.flink.savepoint(world.the_job().id, "file:/older").path
    run("suspend", "payments/fraud")
    assert run("resume", "payments/fraud", "--from", older) == 0
    printed = capsys.readouterr().out.splitlines()
    assert f"restored from  {older}" in printed


def test_what_is_refused_is_one_line_and_a_failure(
    world: World, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    running(world)
    assert run("resume", "payments/fraud") == 1
    assert capsys.readouterr() == (
        "",
        "flink-components: payments/fraud runs already: revision 1 is RUNNING\n",
    )


def test_a_jar_is_asked_for_and_taken(
    world: World, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    upgraded(world)
    jar = Path(world.jar()).rename(tmp_path / "found.jar")
    assert run("rollback", "payments/fraud") == 1
    assert "give it with --jar FILE" in capsys.readouterr().err
    assert run("rollback", "payments/fraud", "--jar", str(jar)) == 0


def test_a_rollback_is_shown_by_status(
    world: World, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    upgraded(world)
    assert run("rollback", "payments/fraud", "--json") == 0
    assert json.loads(capsys.readouterr().out)["revision"] == 3
    run("status", "payments/fraud")
    assert "rolled back    by hand from revision 2" in capsys.readouterr().out.splitlines()


def test_a_key_that_is_not_there_says_how_to_find_the_others(
    world: World, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("resume", "rollback"):
        assert run(name, "payments/none") == 1
        assert capsys.readouterr().err.startswith(
            "flink-components: there is no job payments/none in namespace payments: "
        )
