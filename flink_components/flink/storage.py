"""Files where Flink keeps state, read with this machine's own credentials."""

from typing import Any

from flink_components.flink.answers import plain_scheme

_out_of_reach: dict[str, str] = {}
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

        files, path = fsspec.url_to_fs(location)
    except (ImportError, ValueError) as error:
        scheme = location.partition(":")[0]
        needed = f"`pip install {_EXTRAS[scheme]}`" if scheme in _EXTRAS else first_line(error)
        raise StorageError(f"reading {scheme}:// needs {needed}") from error
    except Exception as error:
        raise StorageError(first_line(error)) from error
    return files, path


def write_seen(location: str, content: bytes, landmark: str) -> None:
    """Writes a file to a storage on which `landmark` is seen; it appears whole or not at all.

    A storage that could not be reached is not tried again by this process, since that may take
    many seconds. Raises StorageError.
    """
    root = "/".join(location.split("/")[:3])
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


def in_sight(location: str) -> bool:
    """Whether the folder of a local file or the bucket of another can be seen from here.

    What is missing where neither can is elsewhere, for all that is known; so is what lies directly
    below the root, which every machine has. Raises StorageError.
    """
    files, path = filesystem(location)
    local = "file" in files.protocol
    holder = path.rpartition("/")[0] if local else path.partition("/")[0]
    return bool(holder and files.exists(holder))


def first_line(error: Exception) -> str:
    """The beginning of what a library says."""
    return (str(error) or type(error).__name__).split("\n", 1)[0]
