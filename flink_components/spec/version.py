"""Flink's versions as a user names them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator

from flink_components.spec.errors import FieldError

SUPPORTED_MINORS: tuple[tuple[int, int], ...] = (
    *((1, minor) for minor in range(13, 21)),
    *((2, minor) for minor in range(4)),
)
OLDEST_FOR_CLUSTERS = (1, 15)
OLDEST_FOR_JOB_CONFIG = (1, 17)

_VERSION = re.compile(r"([0-9]+)\.([0-9]+)(?:\.([0-9]+))?")


def parse_version(version: str) -> tuple[int, int, int]:
    """`(1, 20, 3)` of `1.20.3`; a version without its last number is `.0`.

    Raises ValueError where it is not a version.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise FieldError("is not a Flink version", "write it like 1.20.3")
    return int(match[1]), int(match[2]), int(match[3] or 0)


def minor_of(version: str) -> tuple[int, int]:
    """`(1, 20)` of `1.20.3`."""
    major, minor, _ = parse_version(version)
    return major, minor


def written(minor: tuple[int, int]) -> str:
    return f"{minor[0]}.{minor[1]}"


def _for_a_job(value: object) -> object:
    """A version of clusters on which jobs run."""
    return _one_of(value, SUPPORTED_MINORS)


def _for_a_cluster(value: object) -> object:
    """A version on which clusters are made."""
    return _one_of(value, [known for known in SUPPORTED_MINORS if known >= OLDEST_FOR_CLUSTERS])


def _one_of(value: object, usable: Sequence[tuple[int, int]]) -> object:
    if isinstance(value, int | float):
        raise FieldError("must be text: 1.20 as a number is 1.2", 'put it in quotes, like "1.20.3"')
    if not isinstance(value, str):
        raise FieldError("is not a Flink version", "write it like 1.20.3")
    if minor_of(value) not in usable:
        raise FieldError(
            "is not supported", "use a release of " + ", ".join(written(known) for known in usable)
        )
    return value


JobFlinkVersion = Annotated[str, BeforeValidator(_for_a_job)]
ClusterFlinkVersion = Annotated[str, BeforeValidator(_for_a_cluster)]
