"""What a preview that failed means: jobs are refused, or there is no plan."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import automation

from flink_components.cli.plan_error import PlanError
from flink_components.cli.previewing import FOLDER, _check, _Seen
from flink_components.components import handing_on
from flink_components.plan.plan_json import as_json
from tests.unit.plan.plans import REFUSED, UPGRADE

CLI = "\n code: 255\n stdout: Previewing\n stderr: error: no Pulumi.yaml project file found\n"
ENDING = [
    "1 job is refused, and nothing will be done: payments/dedup",
    "an unhandled error occurred: program exited with non-zero exit code: 1",
    "preview failed",
]
PLANS = [as_json(UPGRADE), as_json(REFUSED)]


def test_refused_jobs_are_part_of_a_plan() -> None:
    _check("prod", CLI, [REFUSED.text(), *ENDING], PLANS)


def test_so_they_are_where_the_hook_of_another_process_refuses_them() -> None:
    _check("prod", CLI, [f'before hook "x" failed: {REFUSED.text()}', "preview failed"], PLANS)


@pytest.mark.parametrize("plans", [PLANS, PLANS[:1], []])
def test_any_other_error_is_none(plans: list[dict[str, Any]]) -> None:
    with pytest.raises(PlanError) as error:
        _check("prod", CLI, [REFUSED.text(), "SessionJob x: jar: is missing", *ENDING], plans)
    assert str(error.value).startswith("the preview of prod failed, so there is no plan: ")
    assert "SessionJob x: jar: is missing" in str(error.value)


def test_where_the_engine_said_nothing_the_cli_did() -> None:
    with pytest.raises(PlanError) as error:
        _check("prod", CLI, [], [])
    assert str(error.value) == (
        "the preview of prod failed, so there is no plan: no Pulumi.yaml project file found"
    )


def test_the_command_and_the_program_mean_the_same_folder() -> None:
    assert FOLDER == handing_on.FOLDER


def _anchor(op: str, key: str | None) -> automation.EngineEvent:
    state = {"urn": "u", "type": "t", "inputs": {"key": key, "namespace": "n"}}
    metadata = {
        "op": op,
        "urn": "urn:pulumi:prod::payments::a$pulumi-python:dynamic/flink:JobAnchor::x-anchor",
        "type": "pulumi-python:dynamic/flink:JobAnchor",
        "provider": "p",
        "old" if op == "delete" else "new": state,
    }
    return automation.EngineEvent.from_json(
        {"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": metadata}}
    )


def test_jobs_that_stay_and_jobs_that_go_are_told_apart() -> None:
    seen = _Seen()
    for op, key in (("same", "n/a"), ("create", "n/b"), ("delete", "n/c"), ("create", None)):
        seen.note(_anchor(op, key))
    assert (seen.declared, list(seen.gone)) == ({"n/a", "n/b"}, ["n/c"])
