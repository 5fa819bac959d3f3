"""Names that the provider gives: `<resource name>-<8 hex digits>` where the program gives none."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.engine.kubernetes_provider.manifests import (
    AUTONAMED,
    has_annotation,
    name_of,
    pluck,
    set_annotation,
    set_metadata,
)
from sandbox.engine.kubernetes_provider.values import Manifest, Unknown

_DIGITS = 8
_Options = provider_pb2.CheckRequest.AutonamingOptions


def is_named(inputs: Mapping[str, Any]) -> bool:
    """Whether the object has a name, known or not yet."""
    name = pluck(inputs, "metadata", "name")
    return isinstance(name, Unknown) or bool(name)


def is_autonamed(inputs: Mapping[str, Any]) -> bool:
    """Whether the provider gave the name."""
    return has_annotation(inputs, AUTONAMED)


def is_generate_name(inputs: Mapping[str, Any]) -> bool:
    """Whether the program leaves the name to the API server."""
    return not is_named(inputs) and bool(pluck(inputs, "metadata", "generateName"))


def keep_old_name(inputs: Manifest, old: Mapping[str, Any]) -> None:
    """Give an unnamed object the name that it was given before."""
    if not is_named(inputs) and is_autonamed(old):
        set_metadata(inputs, "name", name_of(old))
        set_annotation(inputs, AUTONAMED, "true")


def assign_name(
    inputs: Manifest, resource_name: str, seed: bytes, options: _Options | None
) -> None:
    """Give an unnamed object a name.

    ``seed`` makes the digits repeatable; ``options`` is what the project configures about naming.

    Raises ValueError if the project turned automatic names off.
    """
    if is_named(inputs) or is_generate_name(inputs):
        return
    name = f"{resource_name}-{_digits(resource_name, seed)}"
    if options is not None:
        if options.mode == _Options.Mode.DISABLE:
            raise ValueError(
                "autonaming is disabled, resource requires the .metadata.name field to be set"
            )
        name = options.proposed_name or name
    set_metadata(inputs, "name", name)
    set_annotation(inputs, AUTONAMED, "true")


def _digits(resource_name: str, seed: bytes) -> str:
    if not seed:
        return secrets.token_hex(_DIGITS // 2)
    return hashlib.sha256(seed + resource_name.encode()).hexdigest()[:_DIGITS]
