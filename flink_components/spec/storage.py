"""Places of Flink's state, as its pods see them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from flink_components.spec.errors import FieldError

# Here the part before @ is a container, not a user.
_AZURE = ("abfs", "abfss", "wasb", "wasbs")


def _directory(value: str) -> str:
    return _uri(
        value,
        "is not the URI of a directory",
        "write it like s3://bucket/flink, or file:///data/flink on a shared volume",
    )


def _snapshot(value: str) -> str:
    return _uri(
        value,
        "is not the URI of a snapshot",
        "write the whole path of a savepoint or checkpoint, like s3://bucket/flink/savepoint-1a2b3c",
    )


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
    return value.rstrip("/") if parts.path.strip("/") else value


StorageUri = Annotated[str, AfterValidator(_directory)]
SnapshotUri = Annotated[str, AfterValidator(_snapshot)]
