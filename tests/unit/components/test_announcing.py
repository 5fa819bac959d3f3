"""What the hook of a program says and refuses, of an application and of more than one job."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import ResourceHookArgs

from flink_components.components import announcing, handing_on
from flink_components.components.announcing import announce
from flink_components.components.handing_on import FOLDER
from flink_components.components.plan_hook import Program
from tests.unit.doubles.application_world import ApplicationWorld
from tests.unit.doubles.world import Process

STACK = "acme/flink/prod"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ApplicationWorld:
    """An application whose first revision runs, as the program reaches it."""
    made = ApplicationWorld.running(tmp_path)
    monkeypatch.setattr(announcing, "workshop", lambda: Process(made).shop)
    monkeypatch.setattr(pulumi.runtime.settings, "get_root_directory", lambda: str(tmp_path))
    handing_on._agreed.cache_clear()
    return made


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was logged, with its severity."""
    found: list[str] = []
    for severity in ("info", "warn", "error"):
        monkeypatch.setattr(
            pulumi.log, severity, lambda text, _, s=severity: found.append(f"{s}: {text}")
        )
    return found


@pytest.fixture
def phase(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Makes what follows a preview, or an `up`."""
    return lambda preview: monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)


def switch(world: ApplicationWorld, number: int, program: str, **changes: Any) -> dict[str, Any]:
    """The inputs of the switch to a revision."""
    wish = world.wish_of(number, program, **changes)
    return {
        "key": wish.spec.key,
        "spec": wish.spec.model_dump(mode="json", exclude_none=True),
        "service_uid": None,
        "fingerprint": program,
        "revision": float(number),
        "task_managers": 2.0,
        "job_managers": 1.0,
        "ha": False,
        "stable_service": wish.stable_service,
        "urn": "urn:pulumi:prod::flink::flink-components:index:ApplicationDeployment::fraud",
        "stack": STACK,
        "drift": "none",
    }


def hook(world: ApplicationWorld, program: Program, **changes: Any) -> None:
    """The hook before the update of the switch to the second revision."""
    args = ResourceHookArgs(
        urn="urn:x",
        id="payments/fraud",
        name="fraud-switch",
        type="pulumi-python:dynamic/flink:JobSwitch",
        new_inputs=switch(world, 2, "v2", **changes),
        old_inputs=switch(world, 1, "v1"),
    )
    # A loop of its own: the one of the thread, which other tests use, stays.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(announce(args, program))
    finally:
        loop.close()


def agreed(world: ApplicationWorld, monkeypatch: pytest.MonkeyPatch, phase: Any) -> Path:
    """A plan of the stack in the configuration, made by the program itself."""
    folder = world.folder / "plans"
    folder.mkdir()
    with monkeypatch.context() as gathering:
        gathering.setenv(FOLDER, str(folder))
        phase(True)
        hook(world, Program())
    (file,) = folder.glob("*.json")
    jobs = [json.loads(file.read_text())["job"]]
    plan = {"schema_version": 1, "stack": STACK, "jobs": jobs, "untouched": []}
    (world.folder / "plan.json").write_text(json.dumps(plan))
    monkeypatch.setattr(handing_on, "plan_file", lambda: "plan.json")
    monkeypatch.setattr(announcing, "plan_file", lambda: "plan.json")
    phase(False)
    return world.folder / "plan.json"


def test_a_program_whose_jobs_do_not_change_loads_none_of_this() -> None:
    command = (
        "import sys\n"
        "from flink_components import ApplicationDeployment, SessionJob\n"
        "loaded = [m for m in sys.modules if m.startswith('flink_components.')]\n"
        "print([m for m in loaded if m.endswith(('announcing', 'handing_on', 'agreeing', "
        "'plan.plan', 'plan_json', 'planning', 'describing'))])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_an_application_is_announced_once(
    world: ApplicationWorld, said: list[str], phase: Callable[[bool], None]
) -> None:
    phase(True)
    program = Program()
    hook(world, program)
    hook(world, program)
    assert [text.splitlines()[0] for text in said] == [
        "info: payments/fraud  r1 -> r2  RESTARTS WITH ITS STATE"
    ]


def test_in_up_the_switch_of_an_application_is_looked_at_again(
    world: ApplicationWorld,
    said: list[str],
    phase: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreed(world, monkeypatch, phase)
    program = Program()
    hook(world, program)
    hook(world, program)
    assert len(said) == 2  # one while it was gathered, one in this program
    with pytest.raises(ValueError, match="order: planned") as error:
        hook(world, program, upgrade_mode="last_state", restore_from="file:///given")
    assert "restore: planned new savepoint, now given snapshot" in str(error.value)


def test_a_refusal_ends_an_up_at_once(
    world: ApplicationWorld, said: list[str], phase: Callable[[bool], None]
) -> None:
    phase(False)
    with pytest.raises(ValueError, match="would be lost"):
        hook(world, Program(), upgrade_mode="stateless")
    assert said == []


def test_where_no_end_of_the_program_can_be_waited_for_it_ends_a_preview_too(
    world: ApplicationWorld, said: list[str], phase: Callable[[bool], None]
) -> None:
    phase(True)
    with pytest.raises(ValueError, match="would be lost"):
        hook(world, Program(gathered=False), upgrade_mode="stateless")
    assert said == []
