"""What a stack's configuration says of the way to snapshots."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flink_components.spec.base import SpecError
from stacks.settings import parse

GIVEN: dict[str, Any] = {"namespace": "payments", "flink_version": "1.20.3"}
KEYS = {"access_key_env": "STATE_KEY", "secret_key_env": "STATE_SECRET"}


def parsed(access: Any) -> Any:
    return parse({**GIVEN, "state_access": json.dumps(access)})


def test_without_it_jobs_have_none() -> None:
    assert parsed({}).environment().state_access is None


def test_it_is_that_of_all_jobs_and_applications() -> None:
    environment = parsed({"s3": {"path_style": True, **KEYS}}).environment()
    assert environment.job_defaults()["state_access"] == {"s3": {"path_style": True, **KEYS}}
    assert environment.application_defaults()["state_access"] == environment.state_access


def test_what_is_wrong_with_it_names_the_key() -> None:
    with pytest.raises(SpecError) as error:
        parsed({"s3": {"profile": "prod", **KEYS}})
    assert str(error.value) == "state_access.s3.profile: is given beside keys; keep one of the two"


def test_a_secret_is_no_part_of_it() -> None:
    with pytest.raises(SpecError) as error:
        parse({**GIVEN, "state_access": json.dumps({"s3": KEYS})}, frozenset({"state_access"}))
    assert str(error.value).startswith("state_access: can't be secret")
