"""Property values on the wire, and what is secret in them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.kubernetes_provider.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from sandbox.engine.kubernetes_provider.values import (
    UNKNOWN,
    Secret,
    decode,
    encode,
    has_secret,
    has_unknown,
    manifest_of,
    mark_secrets,
    properties_of,
)


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0, 7, 1.5, "", "text", [], {}, [1, [2]], {"a": {"b": [{"c": None}]}}],
)
def test_value_survives_the_wire(value: Any) -> None:
    assert decode(encode({"key": value})) == {"key": value}


def test_whole_number_comes_back_as_an_integer() -> None:
    assert isinstance(decode(encode({"key": 3.0}))["key"], int)


def test_unknown_survives_the_wire() -> None:
    assert decode(encode({"key": [UNKNOWN]}))["key"][0] is UNKNOWN


def test_secret_survives_the_wire() -> None:
    assert decode(encode({"key": Secret({"a": "b"})})) == {"key": Secret({"a": "b"})}


def test_manifest_holds_no_secret_wrapper() -> None:
    assert manifest_of({"a": Secret([Secret("b")])}) == {"a": ["b"]}


def test_manifest_uses_the_names_of_the_api() -> None:
    assert manifest_of({"x_kubernetes_list_type": "map"}) == {"x-kubernetes-list-type": "map"}


def test_properties_use_names_that_a_program_can_write() -> None:
    assert properties_of({"x-kubernetes-list-type": "map"}) == {"x_kubernetes_list_type": "map"}


@pytest.mark.parametrize("value", [UNKNOWN, [UNKNOWN], {"a": [{"b": Secret(UNKNOWN)}]}])
def test_unknown_is_found_wherever_it_is(value: Any) -> None:
    assert has_unknown(value)


def test_secret_is_found_wherever_it_is() -> None:
    assert has_secret({"a": [{"b": Secret(1)}]})


def test_secret_field_stays_secret_and_its_neighbours_do_not() -> None:
    outputs = {"data": {"token": "t", "open": "o"}}
    mark_secrets(outputs, {"data": {"token": Secret("t"), "open": "o"}})
    assert outputs == {"data": {"token": Secret("t"), "open": "o"}}


def test_list_with_a_secret_is_secret_as_a_whole() -> None:
    outputs: dict[str, Any] = {"args": ["a", "b"]}
    mark_secrets(outputs, {"args": ["a", Secret("b")]})
    assert outputs == {"args": Secret(["a", "b"])}


def test_data_of_a_secret_object_is_always_secret() -> None:
    outputs: dict[str, Any] = {"kind": "Secret", "data": {"a": "b"}}
    mark_secrets(outputs, {})
    assert outputs["data"] == Secret({"a": "b"})


def test_checkpoint_survives_the_state() -> None:
    checkpoint = Checkpoint({"kind": "ConfigMap"}, {"kind": "ConfigMap", "data": {}}, "v1", "me")
    assert read_checkpoint(write_checkpoint(checkpoint, {})) == checkpoint
