"""How snapshots are read from the machine that runs Pulumi: what may be said of it."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.spec.base import SpecError, load
from flink_components.spec.state_access import StateAccess

_KEY = "AKIAIOSFODNN7EXAMPLE"
_KEYS = {"access_key_env": "STATE_KEY", "secret_key_env": "STATE_SECRET"}
_BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "s3: is missing; say how s3:// is read, or remove state_access"),
    "another storage": ({"s3": {}, "gcs": {}}, "gcs: there is no such field; the fields are s3"),
    "no URL": (
        {"s3": {"endpoint": "minio:9000"}},
        "s3.endpoint: is not a URL (given: 'minio:9000'); write it like "
        "https://s3.example.org:9000",
    ),
    "a password in the URL": (
        {"s3": {"endpoint": "https://me:hunter2@s3.example.org"}},
        "s3.endpoint: holds a user or password (given: a hidden value); use keys",
    ),
    "half of the keys": (
        {"s3": {"access_key_env": "STATE_KEY"}},
        "s3.secret_key_env: is missing beside access_key_env; give both keys, or none",
    ),
    "the key itself": (
        {"s3": {**_KEYS, "access_key_env": _KEY}},
        "s3.access_key_env: is an access key itself (given: a hidden value); put it into an "
        "environment variable, and give the name of that",
    ),
    "the secret itself": (
        {"s3": {**_KEYS, "secret_key_env": "wJalrXUtnFEMI/K7MDENG"}},
        "s3.secret_key_env: is not the name of an environment variable (given: a hidden value); "
        "give the name of the variable that holds the secret, not the secret",
    ),
    "two ways in": (
        {"s3": {**_KEYS, "profile": "prod"}},
        "s3.profile: is given beside keys; keep one of the two",
    ),
    "no region": ({"s3": {"region": ""}}, "s3.region: is empty (given: ''); give a value"),
    "style as text": (
        {"s3": {"path_style": "yes"}},
        "s3.path_style: must be true or false (given: 'yes')",
    ),
}


@pytest.mark.parametrize("name", _BAD)
def test_what_is_wrong_is_said_in_a_line(name: str) -> None:
    values, said = _BAD[name]
    with pytest.raises(SpecError) as error:
        load(StateAccess, values)
    assert str(error.value) == said


def test_a_session_token_needs_keys() -> None:
    with pytest.raises(SpecError) as error:
        load(StateAccess, {"s3": {"session_token_env": "TOKEN"}})
    assert [problem.path for problem in error.value.problems] == [
        "s3.access_key_env",
        "s3.secret_key_env",
    ]


@pytest.mark.parametrize(
    "s3", [{}, _KEYS, {**_KEYS, "session_token_env": "TOKEN"}, {"profile": "prod"}]
)
def test_each_way_in_may_be_declared(s3: dict[str, str]) -> None:
    assert load(StateAccess, {"s3": s3}).model_dump(exclude_none=True) == {
        "s3": {"path_style": False, **s3}
    }
