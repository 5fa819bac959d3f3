"""What a StateStorage adds to pods: variables, volumes and mounts."""

from __future__ import annotations

from typing import Any

from flink_components.spec.state_storage import KEY_FILE_VOLUME, STATE_VOLUME, StateStorage

Json = dict[str, Any]


def storage_env(storage: StateStorage | None) -> list[Json]:
    """The variables by which Flink's plugins are let in; keys by reference to their Secret."""
    variables = storage.variables if storage else {}
    return [
        {"name": name, "value": value}
        if isinstance(value, str)
        else {
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": value.secret, "key": value.key}},
        }
        for name, value in variables.items()
    ]


def storage_volumes(storage: StateStorage | None) -> list[Json]:
    """The claim with the state, or the file with a key."""
    volumes: list[Json] = []
    if storage and storage.volume:
        claim = {"claimName": storage.volume.claim}
        volumes.append({"name": STATE_VOLUME, "persistentVolumeClaim": claim})
    if storage and storage.gcs:
        key = storage.gcs.key_file
        items = [{"key": key.key, "path": key.key}]
        secret = {"secretName": key.secret, "items": items}
        volumes.append({"name": KEY_FILE_VOLUME, "secret": secret})
    return volumes


def storage_mounts(storage: StateStorage | None) -> list[Json]:
    """Where these volumes are mounted."""
    places = storage.places if storage else {}
    return [
        {
            "name": name,
            "mountPath": path,
            **({"readOnly": True} if name == KEY_FILE_VOLUME else {}),
        }
        for name, path in places.items()
    ]
