"""Who owns which fields of a live object, as server-side apply sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from sandbox.engine.kubernetes_provider.diffs import FieldPath, parse_path
from sandbox.engine.kubernetes_provider.manifests import pluck
from sandbox.engine.kubernetes_provider.values import Manifest

CREATOR = "pulumi-kubernetes"
"""The manager that creates are made under; the first update takes its fields over."""

_TAKEN_OVER = {
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    (CREATOR, "Update"),
    ("pulumi-kubernetes.exe", "Update"),
    ("pulumi-resource-kubernetes", "Update"),
}
_OWN_CREATORS = {CREATOR, "pulumi-kubernetes.exe", "pulumi-resource-kubernetes"}


def take_over(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]]:
    """Return the JSON patch that gives ``manager`` the fields set by a create; [] if it has them.

    Without it the first apply would conflict with the create, and could remove nothing.
    """
    entries = _entries(live)
    if not any(_is_taken_over(entry) for entry in entries):
        return []
    kept: list[dict[str, Any]] = []
    fields: dict[str, Any] = {}
    own: dict[str, Any] | None = None
    for entry in entries:
        is_own = (entry.get("manager"), entry.get("operation")) == (manager, "Apply")
        if _is_taken_over(entry) or is_own:
            fields = _union(fields, entry.get("fieldsV1") or {})
            own = {**entry, "manager": manager, "operation": "Apply"}
        else:
            kept.append(entry)
    if own is not None:
        kept.append({**own, "fieldsV1": fields})
    return [
        {
            "op": "replace",
            "path": "/metadata/resourceVersion",
            "value": pluck(live, "metadata", "resourceVersion"),
        },
        {"op": "replace", "path": "/metadata/managedFields", "value": kept},
    ]


def must_force(live: Mapping[str, Any] | None, preview: bool) -> bool:
    """Whether an apply has to be forced although the program does not ask for it.

    A preview of an update after a create, since only the real one takes the fields over; and an
    object without any owner, which is older than server-side apply.
    """
    if live is None:
        return preview
    entries = _entries(live)
    created = any(
        entry.get("operation") == "Update" and entry.get("manager") in _OWN_CREATORS
        for entry in entries
    )
    return not entries or (preview and created)


def without_ignored(
    inputs: Manifest, live: Mapping[str, Any], manager: str, ignored: Iterable[str]
) -> Manifest:
    """Return the inputs to apply when changes of some paths are ignored.

    A field that another manager alone owns is left out; any other keeps its live value.
    """
    result = deepcopy(inputs)
    owned = [entry for entry in _entries(live) if entry.get("manager") == manager]
    others = [entry for entry in _entries(live) if entry.get("manager") != manager]
    for text in ignored:
        path = parse_path(text)
        theirs = any(_owns(entry, path) for entry in others)
        if theirs and not any(_owns(entry, path) for entry in owned):
            _remove(result, path)
            continue
        found, value = _at(live, path)
        if found:
            _set(result, path, value)
    return result


def _entries(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(pluck(live, "metadata", "managedFields") or [])


def _is_taken_over(entry: Mapping[str, Any]) -> bool:
    pair = (entry.get("manager"), entry.get("operation"))
    return pair in _TAKEN_OVER and not entry.get("subresource")


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(one)
    for key, value in other.items():
        result[key] = _union(result[key], value) if key in result else value
    return result


def _owns(entry: Mapping[str, Any], path: FieldPath) -> bool:
    fields: Any = entry.get("fieldsV1") or {}
    for step in path:
        if not isinstance(fields, Mapping) or f"f:{step}" not in fields:
            return False
        fields = fields[f"f:{step}"]
    return True


def _at(value: Any, path: FieldPath) -> tuple[bool, Any]:
    for step in path:
        if not _has(value, step):
            return False, None
        value = value[step]
    return True, deepcopy(value)


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, Mapping) and step in value


def _set(target: Any, path: FieldPath, value: Any) -> None:
    found, parent = _parent(target, path)
    if found and (isinstance(parent, dict) or _has(parent, path[-1])):
        parent[path[-1]] = value


def _remove(target: Any, path: FieldPath) -> None:
    found, parent = _parent(target, path)
    if found and isinstance(parent, dict):
        parent.pop(path[-1], None)


def _parent(target: Any, path: FieldPath) -> tuple[bool, Any]:
    for step in path[:-1]:
        if isinstance(target, dict):
            if not isinstance(target.setdefault(step, {}), (dict, list)):
                return False, None
            target = target[step]
        elif isinstance(step, int) and step < len(target):
            target = target[step]
        else:
            return False, None
    return isinstance(target, (dict, list)), target
