"""Files where Flink keeps state, read with this machine's own credentials, or as is declared."""

import os
import time
from collections.abc import Mapping
from typing import Any

from flink_components.flink.answers import plain_scheme
from flink_components.spec.state_access import S3Reading, StateAccess

_out_of_reach: dict[str, str] = {}
_away: dict[str, tuple[float, str]] = {}
_AWAY_SECONDS = 60.0
_IS_AWAY = {
    "ClientConnectorError",
    "ConnectionError",
    "ConnectTimeoutError",
    "EndpointConnectionError",
    "NoCredentialsError",
    "TimeoutError",
}
"""What libraries call it when a storage does not answer, or nobody is let in."""
_PATIENCE = {
    "connect_timeout": 5,
    "read_timeout": 30,
    "max_pool_connections": 64,
    "retries": {"max_attempts": 1},
}
"""With an S3, in seconds: by default one that does not answer is tried for minutes."""
_TRIES = 2
_EXTRAS = {"s3": "flink-components[s3]", "gs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs"}


class StorageError(Exception):
    """Files that can't be read from here; the message says why."""


def filesystem(location: str, access: StateAccess | None = None) -> tuple[Any, str]:
    """The fsspec file system of `location`, and the path in it.

    A path without a scheme and `file:` are this machine's. `access` says how an object store is
    reached; without it as any other client here would. Raises StorageError.
    """
    scheme, separator, rest = location.partition(":")
    if separator and "/" not in scheme:
        location = f"{plain_scheme(scheme)}:{rest}"
        if scheme == "file":
            location = f"file:///{rest.lstrip('/')}"
    import fsspec

    options = _options(location, access, fsspec.config.conf)
    try:
        files, path = fsspec.url_to_fs(location, **options)
        if options:
            files.retries = _TRIES
    except (ImportError, ValueError) as error:
        raise StorageError(_unknown(location, error)) from error
    except Exception as error:
        raise StorageError(f"{location} can't be read: {first_line(error)}") from error
    return files, path


def _unknown(location: str, error: Exception) -> str:
    scheme = location.partition(":")[0]
    missing = _EXTRAS.get(scheme) or (error.name if isinstance(error, ImportError) else None)
    if missing:
        return f"reading {scheme}:// needs `pip install {missing}`"
    do = "give a path of this machine, or s3://, gs://, abfss:// or https://"
    return f"{location} can't be read: {first_line(error)}; {do}"


def _options(
    location: str, access: StateAccess | None, configured: Mapping[str, Any]
) -> dict[str, Any]:
    """What fsspec is told of an S3; what a user has configured for it goes before.

    Raises StorageError.
    """
    if not location.startswith("s3:"):
        return {}
    given = access.s3 if access is not None and access.s3 is not None else S3Reading()
    keys = {
        "key": _variable("access_key_env", given.access_key_env),
        "secret": _variable("secret_key_env", given.secret_key_env),
        "token": _variable("session_token_env", given.session_token_env),
        "profile": given.profile,
        "endpoint_url": given.endpoint,
        "client_kwargs": {"region_name": given.region} if given.region else None,
    }
    client = dict(configured.get("s3", {}).get("config_kwargs", _PATIENCE))
    if given.path_style:
        client["s3"] = {**client.get("s3", {}), "addressing_style": "path"}
    known = {name: value for name, value in keys.items() if value is not None}
    return {**known, "config_kwargs": client}


def _variable(field: str, name: str | None) -> str | None:
    if name is None:
        return None
    value = os.environ.get(name)
    if not value:
        raise StorageError(
            f"state_access.s3.{field} names the variable {name}, which is not set on this machine"
        )
    return value


def why_away(location: str, access: StateAccess | None = None) -> str:
    """Why its storage did not answer a moment ago, which takes long; "" where it did."""
    until, why = _away.get(_storage(location, access), (0.0, ""))
    return why if time.monotonic() < until else ""


def note_that_it_is_away(
    location: str, error: Exception, access: StateAccess | None = None
) -> None:
    """Notes that a storage did not answer, if that is what the error says."""
    if _IS_AWAY.isdisjoint(kind.__name__ for kind in type(error).__mro__):
        return
    _away[_storage(location, access)] = (time.monotonic() + _AWAY_SECONDS, first_line(error))


def _storage(location: str, access: StateAccess | None) -> str:
    return f"{_root(location)} {access.model_dump_json() if access else ''}"


def _root(location: str) -> str:
    return "/".join(location.split("/")[:3])


def write_seen(
    location: str, content: bytes, landmark: str, access: StateAccess | None = None
) -> None:
    """Writes a file to a storage on which `landmark` is seen; it appears whole or not at all.

    A storage that could not be reached is not tried again by this process, since that may take
    many seconds. Raises StorageError.
    """
    root = _storage(location, access)
    if root in _out_of_reach:
        raise StorageError(_out_of_reach[root])
    files, path = filesystem(location, access)
    try:
        if not files.exists(filesystem(landmark, access)[1]):
            raise StorageError(f"{landmark} can't be seen from here")
        made = f"{path}.new" if "file" in files.protocol else path
        files.pipe_file(made, content)
        if made != path:
            files.mv(made, path)
    except StorageError:
        raise
    except Exception as error:
        _out_of_reach[root] = first_line(error)
        raise StorageError(first_line(error)) from error


def is_local(location: str) -> bool:
    """Whether it is on this machine, where a file answers at once. Raises StorageError."""
    return "file" in filesystem(location)[0].protocol


def in_sight(location: str, access: StateAccess | None = None) -> bool:
    """Whether the folder of a local file or the bucket of another can be seen from here.

    What is missing where neither can is elsewhere, for all that is known; so is what lies directly
    below the root, which every machine has. Raises StorageError.
    """
    files, path = filesystem(location, access)
    local = "file" in files.protocol
    holder = path.rpartition("/")[0] if local else path.partition("/")[0]
    if not holder:
        return False
    try:
        return bool(files.exists(holder))
    except Exception as error:
        raise StorageError(f"{location} can't be seen from here: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The beginning of what a library says."""
    return (str(error) or type(error).__name__).split("\n", 1)[0]
