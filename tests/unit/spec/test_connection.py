"""References to how a cluster is reached."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flink_components.spec.base import SpecError, load
from flink_components.spec.connection import Connection
from flink_components.spec.ref import ClusterRef

URL = "https://flink.example.org:8443/f"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"kubeconfig": "~/.kube/config", "context": "prod"},
        {"rest_url": URL, "context": "prod"},
        {"rest_url": URL, "ca_file": "ca.pem", "username": "u", "password_env": "FLINK_PASSWORD"},
        {"rest_url": URL, "bearer_token_env": "TOKEN"},
        {"rest_url": URL, "client_cert_file": "c.pem", "client_key_file": "k.pem"},
        {"rest_url": "http://localhost:8081", "username": "u", "password_env": "P"},
        {"rest_url": "http://127.0.0.1:8081", "bearer_token_env": "T"},
    ],
)
def test_a_usable_combination_is_taken(values: dict[str, Any]) -> None:
    assert load(Connection, values).model_dump(exclude_none=True) == values


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"username": "u", "password_env": "P"},
            "2 things to correct:\n"
            "  - username: is only for a rest_url; give rest_url, or remove it\n"
            "  - password_env: is only for a rest_url; give rest_url, or remove it",
        ),
        (
            {"rest_url": URL, "username": "u"},
            "password_env: is missing beside username; give both or none",
        ),
        (
            {"rest_url": URL, "client_key_file": "k.pem"},
            "client_cert_file: is missing beside client_key_file; give both or none",
        ),
        (
            {"rest_url": URL, "username": "u", "password_env": "P", "bearer_token_env": "T"},
            "bearer_token_env: cannot be used together with username; keep one of the two",
        ),
        (
            {"rest_url": "http://flink:8081", "bearer_token_env": "T"},
            "rest_url: would send credentials unencrypted (given: http://flink:8081); use https",
        ),
        (
            {"rest_url": "http://flink:8081", "ca_file": "ca.pem"},
            "ca_file: needs TLS (given: http://flink:8081); use an https rest_url",
        ),
        (
            {"rest_url": "flink:8081"},
            "rest_url: is not a URL (given: 'flink:8081'); "
            "write it like https://flink.example.org:8443/prefix",
        ),
        (
            {"rest_url": "https://flink:port"},
            "rest_url: is not a URL (given: 'https://flink:port'); "
            "write it like https://flink.example.org:8443/prefix",
        ),
    ],
)
def test_an_unusable_combination_is_refused(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(Connection, values)
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    "values",
    [
        {"rest_url": "https://user:hunter2@flink"},
        {"rest_url": URL, "bearer_token_env": "eyJ-hunter2"},
    ],
)
def test_a_secret_given_instead_of_a_reference_is_refused_and_not_shown(
    values: dict[str, Any],
) -> None:
    with pytest.raises(SpecError) as caught:
        load(Connection, values)
    assert "hunter2" not in str(caught.value)
    assert "(given: a hidden value)" in str(caught.value)


def test_a_cluster_ref_survives_json_in_which_numbers_become_floats() -> None:
    ref = ClusterRef(
        key="payments/shared",
        namespace="payments",
        name="shared",
        revision=3,
        service="shared-r3-rest",
        flink_version="1.20.3",
        slots=8,
        connection=Connection(context="prod"),
    )
    assert ref.to_json() == {
        "key": "payments/shared",
        "namespace": "payments",
        "name": "shared",
        "revision": 3,
        "service": "shared-r3-rest",
        "port": 8081,
        "flink_version": "1.20.3",
        "slots": 8,
        "connection": {"context": "prod"},
    }
    back = json.loads(json.dumps(ref.to_json()), parse_int=float)
    assert load(ClusterRef, back) == ref


def test_a_cluster_ref_with_half_a_revision_is_refused() -> None:
    values = {
        "key": "a/b",
        "namespace": "a",
        "name": "b",
        "revision": 2.5,
        "service": "b-r2-rest",
        "flink_version": "1.20.3",
    }
    with pytest.raises(SpecError, match=r"revision: must be a whole number \(given: 2\.5\)"):
        load(ClusterRef, values)
