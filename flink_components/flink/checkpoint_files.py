"""The checkpoints that a job has left on its storage, where no JobManager knows it any more."""

import struct
from typing import Any

from flink_components.flink.answers import Checkpoint
from flink_components.flink.storage import StorageError, filesystem, first_line
from flink_components.spec.state_access import StateAccess

_HEADER = struct.Struct(">Iiq")
"""Of `_metadata`: a magic number, the version of the format, the checkpoint's id."""
_MAGIC = 0x4960672D
_PREFIX = "chk-"


def latest_left(
    directory: str, job_id: str, access: StateAccess | None = None
) -> Checkpoint | None:
    """The complete checkpoint with the highest number of the job `job_id`, or None.

    `directory` is `execution.checkpointing.dir` (`state.checkpoints.dir` before 1.20); Flink keeps
    those of each job in a folder named by its id, as `chk-N`, and writes `_metadata` last.
    `access` says how it is read from here, where that is declared.
    Raises StorageError where the storage can't be read from here, or the file is damaged.
    """
    files, folder = filesystem(f"{directory.rstrip('/')}/{job_id}", access)
    files.invalidate_cache()
    try:
        names = [str(name).rstrip("/").rpartition("/")[2] for name in files.ls(folder, False)]
    except FileNotFoundError:
        return None
    except Exception as error:
        raise StorageError(f"{directory} can't be read: {first_line(error)}") from error
    for number in sorted(filter(None, map(_number, names)), reverse=True):
        found = _complete(files, f"{folder}/{_PREFIX}{number}/_metadata", number)
        if found is not None:
            path = f"{directory.rstrip('/')}/{job_id}/{_PREFIX}{number}"
            return Checkpoint(id=number, path=path, savepoint=False, at_ms=found, size=0)
    return None


def snapshot_number(path: str, access: StateAccess | None = None) -> int:
    """The number of a savepoint or checkpoint, counted by its job: a higher one is newer.

    Raises StorageError.
    """
    path = path.rstrip("/").removesuffix("/_metadata")
    files, folder = filesystem(path, access)
    try:
        return _read_number(files, f"{folder}/_metadata")
    except FileNotFoundError:
        raise StorageError(f"{path}/_metadata is not there") from None


def _number(name: str) -> int | None:
    digits = name.removeprefix(_PREFIX)
    return int(digits) if name.startswith(_PREFIX) and digits.isdecimal() else None


def _complete(files: Any, path: str, number: int) -> int | None:
    """When it was completed, in milliseconds since 1970; None where it never was."""
    try:
        found, at = _read_number(files, path), files.modified(path)
    except FileNotFoundError:
        return None
    if found != number:
        raise StorageError(f"{path} is of checkpoint {found}, not of {number}")
    return int(at.timestamp() * 1000)


def _read_number(files: Any, path: str) -> int:
    try:
        with files.open(path, "rb") as stream:
            head = stream.read(_HEADER.size)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise StorageError(f"{path} can't be read: {first_line(error)}") from error
    if len(head) < _HEADER.size:
        raise StorageError(f"{path} is damaged: it ends after {len(head)} bytes")
    magic, _, number = _HEADER.unpack(head)
    if magic != _MAGIC:
        raise StorageError(f"{path} is not the metadata of a snapshot")
    return int(number)
