"""Defaults below what a user declares: package < environment < cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MERGED_BY_NAME = ("env", "volumes")


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """One declaration from several, the last one winning field by field.

    Mappings are merged at every depth, `env` and `volumes` by the names in them, everything else
    is replaced as a whole. `None` means "not set" and lets the layer below show through. Values
    that are not known yet are taken as they are.
    """
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if value is not None:
                result[key] = _over(result.get(key), value, key)
    return result


def _over(below: Any, above: Any, key: str) -> Any:
    if isinstance(above, Mapping):
        return merged(below, above) if isinstance(below, Mapping) else merged(above)
    if key in _MERGED_BY_NAME and _all_named(below) and _all_named(above):
        by_name = {item["name"]: item for item in [*below, *above]}
        return list(by_name.values())
    return above


def _all_named(value: Any) -> bool:
    if not isinstance(value, list | tuple):
        return False
    return all(isinstance(item, Mapping) and _is_text(item.get("name")) for item in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
