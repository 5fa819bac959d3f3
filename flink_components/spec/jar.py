"""Where a job's jar comes from, and what in it is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

from flink_components.spec.errors import FieldError, Problem

USER_JARS = "/opt/flink/usrlib/"


def _of_a_session_job(location: str) -> str:
    scheme, separator, rest = location.partition("://")
    if separator and scheme not in ("https", "s3", "local", "file"):
        raise FieldError(
            f"has the scheme {scheme}:// that a jar can't come from",
            do="give a local path, https://…, s3://…, or local:///… for a path inside the image",
        )
    _names_a_jar(location)
    if scheme == "local" and separator and not rest.startswith(USER_JARS):
        raise FieldError(
            "is not below /opt/flink/usrlib/, where a session cluster offers the jars of its image",
            do="put the jar into that folder of the image",
        )
    return location


def _of_an_application(location: str) -> str:
    scheme, separator, rest = location.partition("://")
    if not separator or scheme not in ("https", "s3", "local"):
        raise FieldError(
            "is not a place from which the pods of an application get a jar",
            do="put the jar into the image and give local:///opt/flink/usrlib/…, or give "
            "https://… or s3://…",
        )
    _names_a_jar(location)
    if scheme == "local" and not rest.startswith(USER_JARS):
        raise FieldError(
            "is not below /opt/flink/usrlib/, where Flink looks for the job of an application",
            do="put the jar into that folder of the image",
        )
    return location


def _names_a_jar(location: str) -> None:
    if "://" in location and "@" in urlsplit(location).netloc:
        raise FieldError("holds a user or password", "remove it", given="a hidden value")
    if not location.split("?", 1)[0].endswith(".jar"):
        raise FieldError("does not end in .jar", do="name the jar file itself")


def _sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise FieldError("is not a SHA-256 in 64 hex digits", do="take it from `sha256sum JAR`")
    return text


def _graph_file(path: str) -> str:
    if "://" in path:
        raise FieldError(
            "is not a path on this machine", "fetch the file beside the program, and give its path"
        )
    if path.endswith(".jar"):
        raise FieldError(
            "is a jar", f"make its job graph with `flink-components graph {path} -o graph.json`"
        )
    return path


def _class_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*", text):
        raise FieldError("is not a Java class name", do="give it as org.acme.Job")
    return text


SessionJar = Annotated[str, AfterValidator(_of_a_session_job)]
ApplicationJar = Annotated[str, AfterValidator(_of_an_application)]
Sha256 = Annotated[str, AfterValidator(_sha256)]
GraphFile = Annotated[str, StringConstraints(min_length=1), AfterValidator(_graph_file)]
ClassName = Annotated[str, AfterValidator(_class_name)]


def unchecked(jar: str, sha256: str | None) -> Iterator[Problem]:
    """What is wrong with how the jar at that place is checked, which is by `jar_sha256`."""
    if jar.startswith("https://") and sha256 is None:
        yield Problem(
            "jar_sha256",
            "is missing, and the jar comes from https",
            do="give the SHA-256 of the jar file (`sha256sum JAR`)",
        )
    if jar.startswith("local://") and sha256 is not None:
        yield Problem(
            "jar_sha256",
            "can't be checked for a jar inside the image",
            do="remove it; pin the image by its digest",
        )
