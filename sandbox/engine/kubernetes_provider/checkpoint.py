"""The state of a resource: the live object, and beside it the inputs that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.engine.kubernetes_provider.values import (
    Manifest,
    Properties,
    manifest_of,
    mark_secrets,
    properties_of,
)

_INPUTS = "__inputs"
_INITIAL_VERSION = "__initialApiVersion"
_FIELD_MANAGER = "__fieldManager"


@dataclass(frozen=True)
class Checkpoint:
    """What the last create, update or read left in the state."""

    inputs: Manifest
    live: Manifest
    initial_version: str = ""
    field_manager: str = ""


def read_checkpoint(state: Mapping[str, Any]) -> Checkpoint:
    """Read the outputs of a resource."""
    manifest = manifest_of(state)
    inputs = manifest.pop(_INPUTS, None)
    return Checkpoint(
        inputs=inputs if isinstance(inputs, dict) else {},
        initial_version=str(manifest.pop(_INITIAL_VERSION, "")),
        field_manager=str(manifest.pop(_FIELD_MANAGER, "")),
        live=manifest,
    )


def write_checkpoint(checkpoint: Checkpoint, secrets_from: Mapping[str, Any]) -> Properties:
    """Write the outputs of a resource; what is secret in ``secrets_from`` stays secret."""
    outputs = properties_of(checkpoint.live)
    inputs = properties_of(checkpoint.inputs)
    mark_secrets(outputs, secrets_from)
    mark_secrets(inputs, secrets_from)
    outputs[_INPUTS] = inputs
    outputs[_INITIAL_VERSION] = checkpoint.initial_version
    outputs[_FIELD_MANAGER] = checkpoint.field_manager
    return outputs
