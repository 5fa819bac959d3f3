"""Names that the provider gives to objects without one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.engine.kubernetes_provider.naming import assign_name, keep_old_name
from sandbox.engine.kubernetes_provider.values import UNKNOWN

Options = provider_pb2.CheckRequest.AutonamingOptions
AUTONAMED = {"pulumi.com/autonamed": "true"}


def named(inputs: dict[str, Any], seed: bytes = b"", options: Options | None = None) -> Any:
    assign_name(inputs, "app", seed, options)
    return inputs


def test_name_is_that_of_the_resource_and_eight_hex_digits() -> None:
    metadata = named({})["metadata"]
    assert re.fullmatch("app-[0-9a-f]{8}", metadata["name"])
    assert metadata["annotations"] == AUTONAMED


def test_same_seed_gives_the_same_name() -> None:
    assert named({}, b"seed") == named({}, b"seed")


@pytest.mark.parametrize(
    "metadata", [{"name": "given"}, {"name": UNKNOWN}, {"generateName": "given-"}]
)
def test_name_that_is_given_is_kept(metadata: dict[str, Any]) -> None:
    assert named({"metadata": dict(metadata)}) == {"metadata": metadata}


def test_project_may_propose_the_name() -> None:
    options = Options(proposed_name="proposed", mode=Options.Mode.PROPOSE)
    assert named({}, options=options)["metadata"]["name"] == "proposed"


def test_project_may_turn_automatic_names_off() -> None:
    with pytest.raises(ValueError, match="autonaming is disabled"):
        named({}, options=Options(mode=Options.Mode.DISABLE))


def test_unknown_metadata_is_left_alone() -> None:
    assert named({"metadata": UNKNOWN}) == {"metadata": UNKNOWN}


def test_given_name_of_before_is_kept() -> None:
    inputs: dict[str, Any] = {}
    keep_old_name(inputs, {"metadata": {"name": "app-1", "annotations": AUTONAMED}})
    assert inputs == {"metadata": {"name": "app-1", "annotations": AUTONAMED}}


def test_name_that_the_program_gave_before_is_not_kept() -> None:
    inputs: dict[str, Any] = {}
    keep_old_name(inputs, {"metadata": {"name": "fixed"}})
    assert inputs == {}
