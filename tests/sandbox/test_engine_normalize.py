"""One form for inputs that mean the same."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.kubernetes_provider.normalize import canonical_quantity, normalize, prune
from sandbox.engine.kubernetes_provider.values import UNKNOWN


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        (1, "1"),
        (0.25, "250m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1000Ki", "1000Ki"),
        ("1000M", "1G"),
        ("128974848", "128974848"),
        ("1e3", "1e3"),
        ("0", "0"),
        ("100u", "100u"),
        ("no quantity", "no quantity"),
    ],
)
def test_quantity_gets_the_form_of_the_api_server(given: str | float, canonical: str) -> None:
    assert canonical_quantity(given) == canonical


def pod(cpu: Any) -> dict[str, Any]:
    container = {"name": "main", "resources": {"limits": {"cpu": cpu}}}
    return {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}}


def test_quantities_of_a_pod_are_normalized() -> None:
    assert normalize(pod("2000m")) == pod("2")


def test_manifest_with_an_unknown_value_is_left_alone() -> None:
    given = pod("2000m")
    given["spec"]["nodeName"] = UNKNOWN
    assert normalize(given) == given


def test_custom_resource_is_left_alone() -> None:
    given = {"apiVersion": "x.io/v1", "kind": "Pod", "spec": {"limits": {"cpu": "1000m"}}}
    assert normalize(given) == given


def test_data_of_a_config_map_is_left_alone() -> None:
    given = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"limits": "1000m"}}
    assert normalize(given) == given


def test_text_of_a_secret_becomes_its_data() -> None:
    given = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}, "data": {"c": "ZA=="}}
    assert normalize(given) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"a": "Yg==", "c": "ZA=="},
    }


def test_read_only_metadata_is_dropped() -> None:
    given = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "uid": "u", "generation": 1},
    }
    assert normalize(given)["metadata"] == {"name": "a"}


def test_prune_keeps_only_the_fields_of_the_shape() -> None:
    live = {"a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 4, "g": 5}, {"f": 6}]}
    assert prune(live, {"b": {"c": 0}, "e": [{"f": 0}]}) == {"b": {"c": 2}, "e": [{"f": 4}]}
