"""The schema in the docs describes what is written."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flink_components.plan.changes import Kind
from flink_components.plan.outcome import Does, RestoreKind
from flink_components.plan.plan_json import as_json, of_stack
from flink_components.plan.state.verdict import Verdict
from tests.unit.plan.plans import STACK, UPGRADE, stack

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "plan.schema.json").read_text())
CHECK = jsonschema.Draft202012Validator(SCHEMA)


def problems(value: Any) -> list[str]:
    return [error.message for error in CHECK.iter_errors(value)]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_plans_of_every_kind_keep_to_it() -> None:
    assert problems(json.loads(json.dumps(stack()))) == []


@pytest.mark.parametrize("does", Does)
def test_so_does_whatever_happens(does: Does) -> None:
    assert problems(of_stack(STACK, [as_json(replace(UPGRADE, does=does))], [])) == []


def test_a_field_that_is_missing_is_noticed() -> None:
    plans = stack()
    del plans["jobs"][0]["digest"]
    assert problems(plans) == ["'digest' is a required property"]


def test_another_version_is_noticed() -> None:
    assert problems({**stack(), "schema_version": 2}) == ["1 was expected"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("decisions", "properties", "does"), Does),
        (("decisions", "properties", "restore"), RestoreKind),
        (("state", "properties", "verdict"), Verdict),
        (("change", "properties", "kind"), Kind),
    ],
)
def test_it_knows_the_words(path: tuple[str, ...], words: type[Enum]) -> None:
    found = SCHEMA["$defs"]
    for name in path:
        found = found[name]
    assert found["enum"] == [word.value for word in words]
