"""Property values as Python objects, and their form on the wire.

A property map is a dict of plain JSON values with two additions anywhere in it: `UNKNOWN` and
`Secret`. A manifest is the same without secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

Properties = dict[str, Any]
Manifest = dict[str, Any]

_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"

# Python programs cannot name a property with a dash, so these fields of a CRD travel with
# underscores.
_DASHED = (
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
)
_TO_DASHED = {name.replace("-", "_"): name for name in _DASHED}
_TO_UNDERSCORED = {dashed: name for name, dashed in _TO_DASHED.items()}


class Unknown:
    """A value that is known only after the update."""

    def __repr__(self) -> str:
        return "<unknown>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine keeps encrypted and shows as [secret]."""

    value: Any


def decode(struct: struct_pb2.Struct) -> Properties:
    """Read a property map from the wire; whole numbers become integers."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Write a property map for the wire."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _encode(value, struct.fields[key])
    return struct


def manifest_of(properties: Mapping[str, Any]) -> Manifest:
    """The manifest that these properties describe: no secrets, and the field names of the API."""
    return {_TO_DASHED.get(key, key): _plain(value) for key, value in properties.items()}


def properties_of(manifest: Mapping[str, Any]) -> Properties:
    """The reverse of `manifest_of`, without marking any secret."""
    return {_TO_UNDERSCORED.get(key, key): _underscored(value) for key, value in manifest.items()}


def has_unknown(value: Any) -> bool:
    """Whether the value or something in it is not known yet."""
    return any(isinstance(part, Unknown) for part in _parts(value))


def has_secret(value: Any) -> bool:
    """Whether the value or something in it is secret."""
    return any(isinstance(part, Secret) for part in _parts(value))


def mark_secrets(outputs: Properties, inputs: Mapping[str, Any]) -> None:
    """Mark what is secret in ``inputs`` as secret in ``outputs`` too, and all data of a Secret.

    A list with a secret in it becomes secret as a whole, since its order may have changed.
    """
    if outputs.get("kind") == "Secret":
        for key in ("data", "stringData"):
            if key in outputs and not isinstance(outputs[key], Secret):
                outputs[key] = Secret(outputs[key])
        return
    for key, given in inputs.items():
        if key not in outputs:
            continue
        value = outputs[key]
        if isinstance(value, dict) and isinstance(given, dict):
            mark_secrets(value, given)
        elif not isinstance(value, Secret) and has_secret(given):
            outputs[key] = Secret(value)


def _decode(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == _UNKNOWN_TEXT else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = decode(value.struct_value)
        if fields.get(_SIGNATURE_KEY) == _SECRET_SIGNATURE:
            return Secret(fields.get("value"))
        return fields
    return None


def _encode(value: Any, target: struct_pb2.Value) -> None:
    if isinstance(value, Unknown):
        target.string_value = _UNKNOWN_TEXT
    elif isinstance(value, Secret):
        target.struct_value.CopyFrom(
            encode({_SIGNATURE_KEY: _SECRET_SIGNATURE, "value": value.value})
        )
    elif value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, (int, float)):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        target.struct_value.CopyFrom(encode(value))
    else:
        target.list_value.SetInParent()
        for item in value:
            _encode(item, target.list_value.values.add())


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return _plain(value.value)
    if isinstance(value, dict):
        return manifest_of(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _underscored(value: Any) -> Any:
    if isinstance(value, dict):
        return properties_of(value)
    if isinstance(value, list):
        return [_underscored(item) for item in value]
    return value


def _parts(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, Secret):
        yield from _parts(value.value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _parts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item)
