"""Places of Flink's state, as its pods see them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from flink_components.spec.errors import FieldError

# Here the part before @ is a container, not a user.
_AZURE = ("abfs", "abfss", "wasb", "wasbs")
_BUCKETS = ("s3", "s3a", "s3p", "gs", "oss", *_AZURE)
_NO_FILE_SYSTEMS = ("http", "https", "ftp", "local")


def _directory(value: str) -> str:
    return _uri(
        value,
        "is not the URI of a directory",
        "write it like s3://bucket/flink, or file:///data/flink on a shared volume",
    )


def _snapshot(value: str) -> str:
    do = (
        "write the whole path of a savepoint or checkpoint, like s3://bucket/flink/savepoint-1a2b3c"
    )
    checked = _uri(value, "is not the URI of a snapshot", do)
    if not urlsplit(value).path.strip("/"):
        raise FieldError("is a whole bucket", do)
    return checked


def _uri(value: str, what: str, do: str) -> str:
    parts = urlsplit(value)
    if not parts.scheme or not (parts.netloc or parts.path.strip("/")):
        raise FieldError(what, do)
    if "@" in parts.netloc and parts.scheme not in _AZURE:
        raise FieldError(
            "holds a user or password",
            "remove it, and give it to Flink in the cluster's config",
            given="a hidden value",
        )
    _check_scheme(value, parts.netloc, parts.scheme)
    return value.rstrip("/") if parts.path.strip("/") else value


def _check_scheme(value: str, host: str, scheme: str) -> None:
    if not value.startswith(scheme):
        raise FieldError("has its scheme in capital letters", f"write {scheme}://…")
    if scheme in _NO_FILE_SYSTEMS:
        raise FieldError(
            f"has the scheme {scheme}://, which is no file system of Flink",
            "write it like s3://bucket/flink, or file:///data/flink on a shared volume",
        )
    if scheme in _BUCKETS and not host:
        raise FieldError("names no bucket", f"write {scheme}://BUCKET/…, with two slashes")
    if scheme == "file" and host not in ("", "localhost"):
        path = value.removeprefix("file://")
        raise FieldError(
            f"names the machine {host!r} before the path",
            f"write file:///{path}, with three slashes",
        )


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise FieldError("is not a URL", "write it like https://s3.example.org:9000")
    if "@" in parts.netloc:
        raise FieldError("holds a user or password", "use keys", given="a hidden value")
    return value.rstrip("/")


StorageUri = Annotated[str, AfterValidator(_directory)]
SnapshotUri = Annotated[str, AfterValidator(_snapshot)]
EndpointUrl = Annotated[str, AfterValidator(_endpoint)]
"""Of an object store."""
