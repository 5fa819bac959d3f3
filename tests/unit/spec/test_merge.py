"""Defaults below what is declared."""

from __future__ import annotations

from flink_components.spec.merge import merged


def test_the_last_layer_wins_field_by_field() -> None:
    package = {"flink_version": "1.20.3", "config": {"a": 1, "b": 1}, "job_manager": {"cpu": 1}}
    environment = {"config": {"b": 2, "c": 2}, "job_manager": {"memory": "2Gi"}}
    cluster = {"config": {"c": 3}, "flink_version": "2.3.0"}
    assert merged(package, environment, cluster) == {
        "flink_version": "2.3.0",
        "config": {"a": 1, "b": 2, "c": 3},
        "job_manager": {"cpu": 1, "memory": "2Gi"},
    }


def test_none_lets_the_layer_below_show_through() -> None:
    assert merged({"image": "flink:1"}, {"image": None}) == {"image": "flink:1"}


def test_a_list_is_replaced_as_a_whole() -> None:
    assert merged({"plugins": ["a", "b"]}, {"plugins": ["c"]}) == {"plugins": ["c"]}


def test_variables_and_volumes_are_merged_by_name() -> None:
    below = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]}
    above = {"env": [{"name": "B", "value": "2"}, {"name": "C", "value": "2"}]}
    assert merged(below, above) == {
        "env": [
            {"name": "A", "value": "1"},
            {"name": "B", "value": "2"},
            {"name": "C", "value": "2"},
        ]
    }


def test_a_value_that_is_not_known_yet_replaces_what_is_below() -> None:
    unknown = object()
    assert merged({"config": {"a": 1}, "env": []}, {"config": unknown, "env": [unknown]}) == {
        "config": unknown,
        "env": [unknown],
    }


def test_no_layer_is_changed() -> None:
    below, above = {"config": {"a": 1}}, {"config": {"b": 2}}
    merged(below, above)["config"]["c"] = 3
    assert (below, above) == ({"config": {"a": 1}}, {"config": {"b": 2}})
