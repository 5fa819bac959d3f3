"""Files where Flink keeps state, read with this machine's own credentials."""

import time
from collections.abc import Mapping
from typing import Any

from flink_components.flink.answers import plain_scheme

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
_S3 = {
    "connect_timeout": 5,
    "read_timeout": 30,
    "max_pool_connections": 64,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}
"""By default an S3 that does not answer is tried for minutes."""
_EXTRAS = {"s3": "flink-components[s3]", "gs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs"}


class StorageError(Exception):
    """Files that can't be read from here; the message says why."""


def filesystem(location: str) -> tuple[Any, str]:
    """The fsspec file system of `location`, and the path in it.

    A path without a scheme and `file:` are this machine's. Raises StorageError.
    """
    scheme, separator, rest = location.partition(":")
    if separator and "/" not in scheme:
        location = f"{plain_scheme(scheme)}:{rest}"
        if scheme == "file":
            location = f"file:///{rest.lstrip('/')}"
    try:
        import fsspec

        options = _options(location, fsspec.config.conf)
        files, path = fsspec.url_to_fs(location, **options)
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


def _options(location: str, configured: Mapping[str, Any]) -> dict[str, Any]:
    """Of its file system; what a user has configured for fsspec goes before."""
    mine = location.startswith("s3:") and "config_kwargs" not in configured.get("s3", {})
    return {"config_kwargs": _S3} if mine else {}


def why_away(location: str) -> str:
    """Why its storage did not answer a moment ago, which takes long; "" where it did."""
    until, why = _away.get(_root(location), (0.0, ""))
    return why if time.monotonic() < until else ""


def note_that_it_is_away(location: str, error: Exception) -> None:
    """Notes that a storage did not answer, if that is what the error says."""
    if _IS_AWAY.isdisjoint(kind.__name__ for kind in type(error).__mro__):
        return
    _away[_root(location)] = (time.monotonic() + _AWAY_SECONDS, first_line(error))


def _root(location: str) -> str:
    return "/".join(location.split("/")[:3])


def write_seen(location: str, content: bytes, landmark: str) -> None:
    """Writes a file to a storage on which `landmark` is seen; it appears whole or not at all.

    A storage that could not be reached is not tried again by this process, since that may take
    many seconds. Raises StorageError.
    """
    root = _root(location)
    if root in _out_of_reach:
        raise StorageError(_out_of_reach[root])
    files, path = filesystem(location)
    try:
        if not files.exists(filesystem(landmark)[1]):
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


def in_sight(location: str) -> bool:
    """Whether the folder of a local file or the bucket of another can be seen from here.

    What is missing where neither can is elsewhere, for all that is known. Raises StorageError.
    """
    files, path = filesystem(location)
    local = "file" in files.protocol
    holder = path.rpartition("/")[0] if local else path.partition("/")[0]
    return bool(files.exists(holder))


def first_line(error: Exception) -> str:
    """The beginning of what a library says."""
    return (str(error) or type(error).__name__).split("\n", 1)[0]
