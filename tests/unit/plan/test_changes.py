"""Which fields have changed, and what a change does."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_components.plan.changes import (
    ASKED_FOR,
    FINGERPRINTED,
    JOB,
    Change,
    Kind,
    changes,
    fingerprint,
    plain,
    same_cluster,
)
from flink_components.spec.job import SessionJobSpec

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=6)
names = st.text(min_size=1, max_size=6).filter(lambda name: not name.startswith("__"))
values = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
jobs = st.fixed_dictionaries(
    {},
    optional={
        "jar_content": st.text("0123456789abcdef", min_size=1, max_size=8),
        "entry_class": st.text(min_size=1, max_size=6),
        "args": st.lists(st.text(max_size=6), max_size=4),
        "parallelism": st.integers(1, 32768),
        "config": st.dictionaries(names, st.booleans() | st.integers() | st.text(), max_size=4),
        "description": st.text(max_size=4),
    },
)


def on_the_wire(value: Any) -> Any:
    """As Pulumi gives it back: whole numbers as floats, keys in any order, tuples as lists."""
    if isinstance(value, bool) or not isinstance(value, int | dict | list | tuple):
        return value
    if isinstance(value, int):
        return float(value) if abs(value) <= 2**53 else value
    if isinstance(value, dict):
        items = list(value.items())
        random.Random(len(items)).shuffle(items)
        return {key: on_the_wire(item) for key, item in items}
    return [on_the_wire(item) for item in value]


def test_the_table_knows_every_field_of_a_job_and_no_other() -> None:
    assert set(JOB) == set(SessionJobSpec.model_fields) | {"jar_content"}


def test_what_restarts_a_job_is_what_its_fingerprint_names() -> None:
    restarts = {field for field, kind in JOB.items() if kind in (Kind.RESTART, Kind.RESCALE)}
    assert restarts == {*FINGERPRINTED, *ASKED_FOR}


@given(values)
def test_plain_values_stay_as_they_are(value: Any) -> None:
    assert plain(plain(value)) == plain(value)


@given(values)
def test_the_wire_changes_nothing(value: Any) -> None:
    assert plain(on_the_wire(value)) == plain(value)


@given(jobs)
def test_a_job_equals_itself_after_the_wire(job: dict[str, Any]) -> None:
    assert changes(job, on_the_wire(job)) == ()
    assert fingerprint(job) == fingerprint(on_the_wire(job))


@given(jobs, jobs)
def test_the_fingerprint_differs_just_where_something_that_restarts_changed(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    restarts = any(change.kind in (Kind.RESTART, Kind.RESCALE) for change in changes(old, new))
    assert (fingerprint(old) != fingerprint(new)) == restarts


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (1.0, 1),
        (1.5, 1.5),
        (True, True),
        ((1.0, "a"), [1, "a"]),
        ({"b": None, "a": 2.0, "__provider": "x"}, {"a": 2}),
        (float("inf"), float("inf")),
        (None, None),
    ],
)
def test_the_wire_form_is_undone(given_value: Any, expected: Any) -> None:
    found = plain(given_value)
    assert found == expected
    assert type(found) is type(expected)


def test_the_order_is_that_of_the_table() -> None:
    old = {"jar_content": "aa", "parallelism": 2.0, "jar": "x-1.jar", "description": "a"}
    new = {"description": "b", "jar": "x-2.jar", "parallelism": 4, "jar_content": "bb"}
    assert changes(old, new) == (
        Change("jar", "x-1.jar", "x-2.jar", Kind.IN_PLACE),
        Change("jar_content", "aa", "bb", Kind.RESTART),
        Change("parallelism", 2, 4, Kind.RESCALE),
        Change("description", "a", "b", Kind.IN_PLACE),
    )


@pytest.mark.parametrize("empty", [None, [], {}, "", False])
def test_an_empty_value_is_an_absent_one(empty: Any) -> None:
    assert changes({"args": empty}, {}) == ()


def test_true_and_one_are_not_the_same_option() -> None:
    old, new = {"config": {"a": True}}, {"config": {"a": 1}}
    assert fingerprint(old) != fingerprint(new)
    assert changes(old, new) == (Change("config", {"a": True}, {"a": 1}, Kind.RESTART),)


CLUSTER = {"key": "k", "revision": 1.0, "namespace": "n", "service": "s", "uid": "u", "slots": 4}


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"uid": "other", "slots": 8, "connection": {"context": "c"}, "port": 80}, True),
        ({"revision": 2}, False),
        ({"key": "other"}, False),
        ({"namespace": "other"}, False),
        ({"service": "other"}, False),
    ],
)
def test_only_what_names_a_cluster_is_a_move(changed: dict[str, Any], same: bool) -> None:
    other = {**CLUSTER, **changed}
    assert same_cluster(CLUSTER, other) is same
    found = changes({"cluster": CLUSTER}, {"cluster": other})
    assert [(change.field, change.kind) for change in found] == (
        [] if same else [("cluster", Kind.MOVE)]
    )
