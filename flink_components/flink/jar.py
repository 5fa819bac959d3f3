"""Job jars: what they contain, and how they come from where they are."""

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import requests

from flink_components.flink.errors import connection_problem
from flink_components.flink.image_jars import IN_IMAGE
from flink_components.flink.storage import StorageError, filesystem, first_line

_CHUNK = 1 << 20
_BLOCK = 8 << 20
"""How much of a remote file is read ahead; a library's own choice may be 50 MiB, several times."""


class JarError(Exception):
    """A jar that can't be had or is not one; the message says what to do."""


def content(location: str, sha256: str | None = None) -> str:
    """What a jar contains, as 32 hex digits that survive a rebuild with the same classes.

    Hashed over the entries (names, sizes, CRCs), since an archive's bytes change at each build;
    only the archive's directory is read. For https it is the declared `sha256`, and for a path
    inside an image the path, so nothing is fetched. Raises JarError.
    """
    if location.startswith(IN_IMAGE):
        return hashlib.sha256(location.encode()).hexdigest()[:32]
    if location.startswith("https://"):
        if sha256 is None:
            raise JarError(f"{location}: a jar from https needs its SHA-256")
        return sha256[:32]
    with _open(location) as stream:
        if sha256 is not None:
            _check(location, stream, sha256)
            stream.seek(0)
        return _hash_of_entries(location, stream)


def sha256_of(file: Path) -> str:
    """The SHA-256 of a jar file, in 64 hex digits. Raises JarError."""
    with _open(str(file)) as stream:
        return _sha256(stream)


def is_content(file: str, location: str, expected: str) -> bool:
    """Whether a file is the jar that came from `location` and had the content `expected`.

    Of a jar from https that is its SHA-256. Raises JarError where the file can't be read.
    """
    if not location.startswith("https://"):
        return content(file) == expected
    with _open(file) as stream:
        return _sha256(stream)[:32] == expected


def _hash_of_entries(location: str, stream: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = sorted((e.filename, e.file_size, e.CRC) for e in archive.infolist())
    except zipfile.BadZipFile as error:
        raise JarError(
            f"{location} is not a jar ({error}): build it again, or mend the path"
        ) from error
    digest = hashlib.sha256()
    for name, size, crc in entries:
        digest.update(f"{name}\0{size}\0{crc}\n".encode())
    return digest.hexdigest()[:32]


@contextmanager
def fetched(location: str, sha256: str | None = None) -> Iterator[Path]:
    """The jar as a local file, checked against `sha256` where one is given. Raises JarError."""
    if "://" not in location or location.startswith("file://"):
        path = Path(location.removeprefix("file://")).expanduser()
        with _open(location) as stream:
            if sha256 is not None:
                _check(location, stream, sha256)
        yield path
        return
    with TemporaryDirectory(prefix="flink-components-") as folder:
        path = Path(folder) / "job.jar"
        with path.open("wb") as target:
            for chunk in _chunks(location):
                target.write(chunk)
        with path.open("rb") as stream:
            if sha256 is not None:
                _check(location, stream, sha256)
                stream.seek(0)
            _hash_of_entries(location, stream)
        yield path


def _chunks(location: str) -> Iterator[bytes]:
    if location.startswith("https://"):
        # A signed URL has its secret in the query.
        shown = location.partition("?")[0]
        try:
            with requests.get(location, stream=True, timeout=(10, 60)) as response:
                if not response.ok:
                    raise JarError(f"{shown}: HTTP {response.status_code}")
                yield from response.iter_content(_CHUNK)
        except requests.RequestException as error:
            raise JarError(f"{shown} can't be fetched: {connection_problem(error)}") from error
        return
    with _open(location) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


@contextmanager
def _open(location: str) -> Iterator[BinaryIO]:
    """Opens a local path or an fsspec URL for reading, with errors that name the location."""
    if "://" not in location or location.startswith("file://"):
        path = Path(location.removeprefix("file://")).expanduser()
        if path.is_dir():
            raise JarError(f"{location} is a folder: name the jar file in it")
        if not path.is_file():
            raise JarError(
                f"{location}: there is no such file here (in {Path.cwd()}): build the jar first, "
                f"or mend the path"
            )
        with path.open("rb") as local:
            yield local
        return
    try:
        files, name = filesystem(location)
        remote = files.open(name, "rb", block_size=_BLOCK)
    except StorageError as error:
        raise JarError(f"{location}: {error}") from error
    except FileNotFoundError as error:
        raise JarError(f"{location} is not there: upload it, or mend the path") from error
    except Exception as error:
        raise JarError(f"{location} can't be read: {first_line(error)}") from error
    with remote:
        yield remote


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _check(location: str, stream: BinaryIO, sha256: str) -> None:
    found = _sha256(stream)
    if found != sha256:
        raise JarError(
            f"{location} has SHA-256 {found}, and {sha256} was declared: "
            f"mend jar_sha256, or find out who changed the file"
        )
