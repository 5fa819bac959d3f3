"""What changes, and what of it replaces the object."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.kubernetes_provider.diffs import (
    Change,
    ChangeKind,
    detailed_diff,
    format_path,
    parse_path,
)
from sandbox.engine.kubernetes_provider.force_new import Path, force_new_paths
from sandbox.engine.kubernetes_provider.values import UNKNOWN


def changes(old: Any, new: Any, *force_new: Path, **options: Any) -> dict[str, str]:
    found = detailed_diff(old, new, force_new, **options)
    return {
        path: change.kind.value + ("-replace" if change.replaces else "")
        for path, change in found.items()
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 1.0}, {}),
        ({"a": 1}, {"a": 2}, {"a": "update"}),
        ({"a": 1}, {"a": True}, {"a": "update"}),
        ({}, {"a": {"b": 1}}, {"a": "add"}),
        ({"a": {"b": 1}}, {}, {"a": "delete"}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a.b": "update", "a.c": "delete"}),
        ({"a": [1, 2]}, {"a": [1]}, {"a[1]": "delete"}),
        ({"a": [1]}, {"a": [1, 2]}, {"a[1]": "add"}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, {"a[0].b": "update"}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": "update"}),
        ({"a": 1}, {"a": UNKNOWN}, {"a": "update"}),
        ({}, {"a": UNKNOWN}, {"a": "add"}),
        ({"a": {"x.y/z": 1}}, {"a": {"x.y/z": 2}}, {'a["x.y/z"]': "update"}),
    ],
)
def test_changes_are_told_field_by_field(old: Any, new: Any, expected: dict[str, str]) -> None:
    assert changes(old, new) == expected


@pytest.mark.parametrize("empty", ["", 0, False, [], {}])
def test_adding_an_empty_value_to_a_built_in_kind_is_no_change(empty: Any) -> None:
    assert changes({}, {"spec": empty}) == {}


def test_adding_an_empty_label_is_a_change() -> None:
    old: dict[str, Any] = {"metadata": {"labels": {}}}
    assert changes(old, {"metadata": {"labels": {"a": ""}}}) == {"metadata.labels.a": "add"}


def test_adding_an_empty_value_to_a_custom_resource_is_a_change() -> None:
    assert changes({}, {"spec": {}}, empty_is_absent=False) == {"spec": "add"}


def test_ignored_path_hides_what_is_in_it() -> None:
    found = changes({"a": {"b": 1}, "c": [1]}, {"a": {"b": 2}, "c": [2]}, ignored=["a", "c[*]"])
    assert found == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"data": {"a": "1"}}, {"data": {"a": "2"}}, {"data.a": "update-replace"}),
        ({}, {"data": {"a": "2"}}, {"data": "add-replace"}),
        ({"data": {"a": "1"}}, {}, {"data": "delete-replace"}),
        ({"other": 1}, {"other": 2}, {"other": "update"}),
    ],
)
def test_change_under_a_forced_path_replaces(old: Any, new: Any, expected: dict[str, str]) -> None:
    assert changes(old, new, ("data",)) == expected


def test_change_above_a_forced_path_replaces_only_if_it_holds_the_field() -> None:
    forced = ("spec", "selector")
    assert changes({}, {"spec": {"selector": {"a": "b"}}}, forced) == {"spec": "add-replace"}
    assert changes({}, {"spec": {"replicas": 1}}, forced) == {"spec": "add"}


def test_forced_path_through_a_list_matches_every_item() -> None:
    forced = ("spec", "containers", "*", "image")
    old = {"spec": {"containers": [{"image": "a"}, {"image": "b", "name": "x"}]}}
    new = {"spec": {"containers": [{"image": "a"}, {"image": "c", "name": "y"}]}}
    assert changes(old, new, forced) == {
        "spec.containers[1].image": "update-replace",
        "spec.containers[1].name": "update",
    }


@pytest.mark.parametrize(
    ("manifest", "path"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, ("spec", "selector")),
        ({"apiVersion": "batch/v1", "kind": "Job"}, ("spec", "template")),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, ("data",)),
        ({"apiVersion": "v1", "kind": "Service"}, ("spec", "clusterIP")),
        ({"apiVersion": "x.io/v1", "kind": "Any"}, ("metadata", "name")),
    ],
)
def test_kind_has_its_forced_paths(manifest: dict[str, Any], path: Path) -> None:
    assert path in force_new_paths(manifest, config_map_mutable=False, secret_mutable=False)


@pytest.mark.parametrize(("immutable", "forced"), [(False, False), (True, True)])
def test_data_of_a_mutable_map_is_forced_only_if_it_says_immutable(
    immutable: bool, forced: bool
) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "immutable": immutable}
    assert (("data",) in force_new_paths(manifest, True, True)) is forced


@pytest.mark.parametrize("text", ["a", "a.b", "a[0].b", 'a["x.y"][2]', "a[*].b"])
def test_path_survives_reading_and_writing(text: str) -> None:
    assert format_path(parse_path(text)).replace(".*", "[*]") == text


def test_change_knows_its_kind() -> None:
    assert detailed_diff({}, {"a": 1}, ()) == {"a": Change(ChangeKind.ADD, replaces=False)}
