"""Whether a cluster gets a Role is known before its spec is, and is what that says then."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from flink_components.components.cluster_parts import availability_is_wished
from flink_components.components.session_cluster import cluster_problems
from flink_components.kube.objects.session_cluster import render
from flink_components.spec.base import load
from flink_components.spec.cluster import SessionClusterSpec

LEAST = {"name": "shared", "namespace": "payments", "flink_version": "1.20.3"}
STORAGE = {"state_storage": {"uri": "s3://b/f"}}
DIRECTORY = {"high_availability": {"storage_dir": "s3://b/ha"}}


@pytest.mark.parametrize(
    ("values", "wished"),
    [
        ({}, False),
        ({"checkpoint_dir": "s3://b/c"}, False),
        (STORAGE, True),
        (DIRECTORY, True),
        ({**STORAGE, "high_availability": {"enabled": True}}, True),
        ({**STORAGE, "high_availability": {"enabled": False}}, False),
        ({**STORAGE, "service_account": "mine"}, False),
        ({"high_availability": None, "state_storage": None}, False),
        (
            {"config": {"high-availability.type": "kubernetes"}, "service_account": "mine"},
            False,
        ),
    ],
)
def test_it_is_wished_where_the_spec_has_rights(values: dict[str, Any], wished: bool) -> None:
    spec = load(SessionClusterSpec, {**LEAST, **values})
    assert availability_is_wished({**LEAST, **values}) is wished
    assert (render(spec, 1).role is not None) is wished


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("state_storage", {"state_storage": pulumi.Output.from_input({"uri": "s3://b/f"})}),
        ("high_availability", {"high_availability": pulumi.Output.from_input({})}),
        (
            "high_availability.enabled",
            {"high_availability": {"enabled": pulumi.Output.from_input(True)}},
        ),
    ],
)
def test_what_decides_it_is_no_output(field: str, values: dict[str, Any]) -> None:
    (problem,) = cluster_problems("main", {**LEAST, **values})
    assert str(problem) == (
        f"{field}: can't be an Output; give a plain value: it is needed beforehand"
    )


def test_the_name_of_a_secret_may_be_an_output() -> None:
    keys = {"secret": pulumi.Output.from_input("s3-keys")}
    storage = {"uri": "s3://b/f", "s3": {"keys": keys}}
    assert cluster_problems("main", {**LEAST, "state_storage": storage}) == []
