"""A plan leaves the program as a file, and an agreed one comes back into it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from flink_components.components import handing_on
from flink_components.components.handing_on import FOLDER, checked, hand_on
from flink_components.plan.plan_json import of_stack
from tests.unit.plan.plans import STACK, UPGRADE


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of Pulumi.yaml, with a plan in which there is no job."""
    monkeypatch.setattr(pulumi.runtime.settings, "get_root_directory", lambda: str(tmp_path))
    (tmp_path / "plan.json").write_text(json.dumps(of_stack(STACK, [], [])))
    handing_on._agreed.cache_clear()
    yield tmp_path
    pulumi.runtime.set_all_config({})


def test_without_the_variable_nothing_is_written(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    hand_on(UPGRADE, STACK)
    assert [file.name for file in project.iterdir()] == ["plan.json"]


def test_each_job_has_a_file_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("plans")
    monkeypatch.setenv(FOLDER, str(folder))
    for plan in (UPGRADE, UPGRADE):
        hand_on(plan, STACK)
    (file,) = folder.iterdir()
    found = json.loads(file.read_text())
    assert (found["stack"], found["job"]["key"]) == (STACK, "payments/fraud")


def test_a_folder_that_is_not_there_is_one_error(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(project / "typo"))
    with pytest.raises(ValueError, match="can't be written") as error:
        hand_on(UPGRADE, STACK)
    assert str(error.value) == (
        f"the plan of payments/fraud can't be written into {project}/typo, which "
        "FLINK_COMPONENTS_PLANS names: No such file or directory"
    )


def test_without_the_key_nothing_is_compared() -> None:
    assert checked(UPGRADE, STACK) is UPGRADE


@pytest.mark.parametrize("given", ["plan.json", "./plan.json"])
def test_a_path_is_told_from_the_folder_of_the_project(given: str) -> None:
    pulumi.runtime.set_config("flink:plan_file", given)
    found = checked(UPGRADE, STACK)
    assert found.refused is not None
    assert found.refused.startswith("it is not in the plan of plan.json")


def test_a_plan_that_cannot_be_read_is_one_error(project: Path) -> None:
    pulumi.runtime.set_config("flink:plan_file", "typo.json")
    with pytest.raises(ValueError, match="can't be read") as error:
        checked(UPGRADE, STACK)
    assert str(error.value).startswith(
        f"flink:plan_file: the plan {project}/typo.json can't be read (No such file or directory)"
    )


def test_while_plans_are_gathered_an_old_one_does_not_count(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi.runtime.set_config("flink:plan_file", "typo.json")
    monkeypatch.setenv(FOLDER, str(project))
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert checked(UPGRADE, STACK) is UPGRADE


def test_but_in_up_it_does(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi.runtime.set_config("flink:plan_file", "plan.json")
    monkeypatch.setenv(FOLDER, str(project))
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    assert checked(UPGRADE, STACK).refused is not None
