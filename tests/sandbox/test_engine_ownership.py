"""Whose fields are whose when an update is applied on the server's side."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.kubernetes_provider.cluster import merge_patch
from sandbox.engine.kubernetes_provider.ownership import must_force, take_over, without_ignored

CREATED = {
    "manager": "pulumi-kubernetes",
    "operation": "Update",
    "fieldsV1": {"f:data": {"f:a": {}}},
}
STATUS = {"manager": "pulumi-kubernetes", "operation": "Update", "subresource": "status"}
SCALER = {
    "manager": "scaler",
    "operation": "Update",
    "fieldsV1": {"f:spec": {"f:replicas": {}}},
}


def live(*entries: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": "7", "managedFields": list(entries)}, **fields}


def test_fields_of_the_create_go_to_the_new_manager() -> None:
    version, managed = take_over(live(CREATED, SCALER), "mine")
    assert (version["value"], managed["value"]) == (
        "7",
        [SCALER, {**CREATED, "manager": "mine", "operation": "Apply"}],
    )


def test_fields_are_joined_with_those_that_the_manager_has_already() -> None:
    own = {"manager": "mine", "operation": "Apply", "fieldsV1": {"f:data": {"f:b": {}}}}
    _, managed = take_over(live(CREATED, own), "mine")
    assert managed["value"] == [{**own, "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}}}]


@pytest.mark.parametrize("entry", [SCALER, STATUS])
def test_fields_of_others_are_left_alone(entry: dict[str, Any]) -> None:
    assert take_over(live(entry), "mine") == []


@pytest.mark.parametrize(
    ("given", "preview", "forced"),
    [
        (live(CREATED), True, True),
        (live(CREATED), False, False),
        (live(SCALER), True, False),
        (live(), False, True),
        (None, True, True),
        (None, False, False),
    ],
)
def test_apply_is_forced_only_where_it_has_to_be(given: Any, preview: bool, forced: bool) -> None:
    assert must_force(given, preview) is forced


INPUTS = {"spec": {"replicas": 5, "paused": True}}


def test_ignored_field_of_another_manager_is_left_out() -> None:
    applied = without_ignored(INPUTS, live(SCALER, spec={"replicas": 2}), "mine", ["spec.replicas"])
    assert applied == {"spec": {"paused": True}}


def test_ignored_field_of_our_own_keeps_its_live_value() -> None:
    own = {"manager": "mine", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    applied = without_ignored(INPUTS, live(own, spec={"replicas": 2}), "mine", ["spec.replicas"])
    assert applied == {"spec": {"replicas": 2, "paused": True}}


def test_merge_patch_says_what_changes_and_what_goes() -> None:
    assert merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 4, "d": 3}, "e": [5]}) == {
        "a": None,
        "b": {"c": 4},
        "e": [5],
    }
