"""Files where Flink keeps state, read with this machine's own credentials, or as is declared."""

import os
from typing import Any

from flink_components.flink.answers import plain_scheme
from flink_components.spec.state_access import S3Reading, StateAccess

_out_of_reach: dict[str, str] = {}
_PATIENCE = {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 1}}
"""For an S3, in seconds: a client's own patience is minutes, in which a preview says nothing."""
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
    options = _options(location, access)
    try:
        import fsspec

        files, path = fsspec.url_to_fs(location, **options)
        if options:
            files.retries = _TRIES
    except (ImportError, ValueError) as error:
        scheme = location.partition(":")[0]
        needed = f"`pip install {_EXTRAS[scheme]}`" if scheme in _EXTRAS else first_line(error)
        raise StorageError(f"reading {scheme}:// needs {needed}") from error
    except Exception as error:
        raise StorageError(first_line(error)) from error
    return files, path


def _options(location: str, access: StateAccess | None) -> dict[str, Any]:
    """What fsspec is told beside the location. Raises StorageError."""
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
    styled = {"s3": {"addressing_style": "path"}} if given.path_style else {}
    return {
        **{name: value for name, value in keys.items() if value is not None},
        "config_kwargs": {**_PATIENCE, **styled},
    }


def _variable(field: str, name: str | None) -> str | None:
    if name is None:
        return None
    value = os.environ.get(name)
    if not value:
        raise StorageError(
            f"state_access.s3.{field} names the variable {name}, which is not set on this machine"
        )
    return value


def write_seen(
    location: str, content: bytes, landmark: str, access: StateAccess | None = None
) -> None:
    """Writes a file to a storage on which `landmark` is seen; it appears whole or not at all.

    A storage that could not be reached is not tried again by this process, since that may take
    many seconds. Raises StorageError.
    """
    root = "/".join(location.split("/")[:3])
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


def in_sight(location: str, access: StateAccess | None = None) -> bool:
    """Whether the folder of a local file or the bucket of another can be seen from here.

    What is missing where neither can is elsewhere, for all that is known. Raises StorageError.
    """
    files, path = filesystem(location, access)
    local = "file" in files.protocol
    holder = path.rpartition("/")[0] if local else path.partition("/")[0]
    try:
        return bool(files.exists(holder))
    except Exception as error:
        raise StorageError(f"{location} can't be seen from here: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The beginning of what a library says."""
    return (str(error) or type(error).__name__).split("\n", 1)[0]
