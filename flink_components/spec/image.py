"""Names of container images."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from flink_components.spec.errors import FieldError

_IMAGE = re.compile(
    r"(?P<name>[a-z0-9]+(?:[._:/-]+[a-zA-Z0-9]+)*?)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def _fixed_image(value: str) -> str:
    repository, _, digest = value.partition("@")
    last = repository.rpartition("/")[2]
    tag = last.partition(":")[2]
    if not _IMAGE.fullmatch(value):
        raise FieldError("is not the name of an image", "write it like example.org/flink:1.20.3")
    if not digest and not tag:
        raise FieldError("has no tag", "add a tag or a digest, like flink:1.20.3")
    if not digest and tag == "latest":
        raise FieldError("means another image every day", "name a fixed tag or a digest")
    return value


FixedImage = Annotated[str, AfterValidator(_fixed_image)]
