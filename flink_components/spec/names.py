"""Names that Kubernetes accepts, made from names that people chose."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from pydantic import AfterValidator, Field

from flink_components.spec.errors import FieldError

LONGEST_NAME = 63
_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?")


def job_key(namespace: str, name: str) -> str:
    """The key of a job or cluster that names none itself: `<namespace>/<name>`."""
    return f"{namespace}/{name}"


def short_hash(text: str, length: int = 8) -> str:
    """The first `length` hex digits of the SHA-256 of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def hashed_name(key: str, suffix: str = "", limit: int = LONGEST_NAME) -> str:
    """A DNS-1035 name for `key`: a readable start, 8 hex digits of its hash, then `suffix`.

    suffix: e.g. `-ledger`; lower-case letters, digits and dashes, not ending in a dash.
    """
    tail = f"-{short_hash(key)}{suffix}"
    slug = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")
    slug = slug if slug[:1].isalpha() and slug.isascii() else f"x-{slug}"
    return slug[: limit - len(tail)].strip("-") + tail


def revision_name(name: str, revision: int, part: str, limit: int = LONGEST_NAME) -> str:
    """`<name>-r<revision>-<part>`, with `name` cut and hashed where it would be too long."""
    suffix = f"-r{revision}-{part}"
    plain = name + suffix
    return plain if len(plain) <= limit else hashed_name(name, suffix, limit)


def plain_or_hashed_name(name: str, suffix: str, limit: int = LONGEST_NAME) -> str:
    """`name` + `suffix` where that fits, else the hashed name."""
    return name + suffix if len(name + suffix) <= limit else hashed_name(name, suffix, limit)


def lease_name(kind: str, key: str) -> str:
    """The name of the Lease that holds the ledger of `key`. kind: `job` or `cluster`."""
    return hashed_name(f"{kind}/{key}", "-ledger")


def label_value(text: str) -> str:
    """`text` as a label's value: itself if allowed, else a readable start and a hash."""
    if len(text) <= LONGEST_NAME and _LABEL_VALUE.fullmatch(text):
        return text
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-_.")
    return f"{slug[:54].strip('-_.')}-{short_hash(text)}".lstrip("-")


def _dns_1035(value: str) -> str:
    if len(value) > LONGEST_NAME or not _DNS_1035.fullmatch(value):
        raise FieldError(
            "is not a name that Kubernetes accepts",
            f"use at most {LONGEST_NAME} lower-case letters, digits and dashes, "
            "a letter first, no dash last",
        )
    return value


def _dns_1123(value: str) -> str:
    if len(value) > LONGEST_NAME or not _DNS_1123.fullmatch(value):
        raise FieldError(
            "is not a namespace that Kubernetes accepts",
            f"use at most {LONGEST_NAME} lower-case letters, digits and dashes",
        )
    return value


def _dns_subdomain(value: str) -> str:
    if len(value) > 253 or not _DNS_SUBDOMAIN.fullmatch(value):
        raise FieldError(
            "is not the name of a Kubernetes object",
            "use lower-case letters, digits, dashes and dots",
        )
    return value


def _job_key(value: str) -> str:
    if len(value) > 253 or not _KEY.fullmatch(value):
        raise FieldError(
            "is not a key",
            "use at most 253 letters, digits, dashes, dots, underscores and slashes, "
            "like payments/fraud",
        )
    return value


def _label_key(value: str) -> str:
    prefix, slash, name = value.rpartition("/")
    right_prefix = not slash or (len(prefix) <= 253 and _DNS_SUBDOMAIN.fullmatch(prefix))
    if not right_prefix or len(name) > LONGEST_NAME or not _LABEL_NAME.fullmatch(name):
        raise FieldError("is not a key that Kubernetes accepts", "write it like example.org/team")
    return value


def _label_value(value: str) -> str:
    if len(value) > LONGEST_NAME or not _LABEL_VALUE.fullmatch(value):
        raise FieldError(
            "is not a label's value that Kubernetes accepts",
            f"use at most {LONGEST_NAME} letters, digits, dashes, dots and underscores",
        )
    return value


Name = Annotated[str, AfterValidator(_dns_1035)]
Namespace = Annotated[str, AfterValidator(_dns_1123)]
ObjectName = Annotated[str, AfterValidator(_dns_subdomain)]
Key = Annotated[str, Field(min_length=1), AfterValidator(_job_key)]
LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
