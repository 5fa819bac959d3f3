"""Jars on a session cluster: uploaded once per content, removed when no job needs them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flink_components.flink.errors import FlinkError
from flink_components.flink.image_jars import IMAGE_JAR, IN_IMAGE
from flink_components.flink.jar import JarError, fetched, is_content
from flink_components.flink.jar import content as content_of
from flink_components.flink.lent_jars import LENT, lent_name
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.errors import Refused
from flink_components.spec.job import SessionJobSpec

_LENT_SECONDS = 3600.0
_uploads: dict[tuple[str, str], threading.Lock] = {}
_uploads_mutex = threading.Lock()


def image_jar_name(location: str) -> str:
    """The name under which a session cluster offers a jar of its image."""
    return IMAGE_JAR + location.rsplit("/", 1)[-1]


def jar_name(content: str) -> str:
    """The file name of an uploaded jar, by what it contains."""
    return f"fc-{content}.jar"


def _unannounced() -> None:
    return


def ensure_jar(
    flink: FlinkClient,
    spec: SessionJobSpec,
    content: str,
    announce: Callable[[], object] = _unannounced,
) -> str:
    """The id of the job's jar on the cluster, uploaded where it is not there yet.

    `announce` is called before an upload. Raises Refused where it can't be had, FlinkError where
    Flink does not take it, and what `announce` raises.
    """
    if spec.jar.startswith(IN_IMAGE):
        found = find_jar(flink, spec, content)
        if found is None:
            raise Refused(
                f"{spec.jar} is not in the image of session cluster {spec.cluster.key}: build it "
                f"into the image, or mend the path"
            )
        return found
    with _upload_lock(flink, content):
        found = _find(flink, content)
        if found is not None:
            return found
        try:
            with fetched(spec.jar, spec.jar_sha256) as path:
                _check_content(spec, path, content)
                announce()
                return flink.upload_jar(path, jar_name(content))
        except JarError as error:
            raise Refused(str(error)) from error


@contextmanager
def lent_jar(
    flink: FlinkClient, spec: SessionJobSpec, content: str, now: float
) -> Iterator[tuple[str, list[str]]]:
    """The id of the job's jar on the cluster for as long as the block is, and what went wrong.

    One that is there is used; else it is uploaded under a name of its own and deleted at the end,
    so that no other run finds it and needs it. What runs that died have left is deleted after an
    hour; `now` is in seconds since 1970. Raises Refused, FlinkError.
    """
    problems: list[str] = []
    known = find_jar(flink, spec, content)
    if known is not None or spec.jar.startswith(IN_IMAGE):
        yield known or ensure_jar(flink, spec, content), problems
        return
    with suppress(FlinkError):
        for jar_id, at in flink.upload_times().items():
            if f"_{LENT}" in jar_id and at < now - _LENT_SECONDS:
                flink.delete_jar(jar_id)
    try:
        with fetched(spec.jar, spec.jar_sha256) as path:
            _check_content(spec, path, content)
            jar_id = flink.upload_jar(path, lent_name())
    except JarError as error:
        raise Refused(str(error)) from error
    try:
        yield jar_id, problems
    finally:
        try:
            flink.delete_jar(jar_id)
        except FlinkError as error:
            problems.append(f"jar {jar_id} was left on the cluster: {error.cause}")


def find_jar(flink: FlinkClient, spec: SessionJobSpec, content: str) -> str | None:
    """The id of the job's jar on the cluster, None where it is not there. Raises FlinkError."""
    if not spec.jar.startswith(IN_IMAGE):
        return _find(flink, content)
    name = image_jar_name(spec.jar)
    return name if name in flink.jars() else None


def supply_jar(
    flink: FlinkClient,
    spec: SessionJobSpec,
    content: str,
    file: str | None,
    announce: Callable[[], object] = _unannounced,
) -> None:
    """Sees to it that a start by hand finds the job's jar on the cluster: it is, or comes from
    where it came from, or from `file`, which must have the same content.

    `announce` is called before an upload. Raises Refused, FlinkError.
    """
    if spec.jar.startswith(IN_IMAGE):
        if file is not None:
            raise Refused(f"{spec.key} runs {spec.jar} of its cluster's image: leave out --jar")
        return
    if file is not None:
        _upload_given(flink, spec, content, file, announce)
        return
    try:
        ensure_jar(flink, spec, content, announce)
    except Refused as error:
        raise Refused(
            f"the jar of {spec.key} is not on its cluster any more: give it with --jar FILE "
            f"({error})"
        ) from error


def _upload_given(
    flink: FlinkClient,
    spec: SessionJobSpec,
    content: str,
    file: str,
    announce: Callable[[], object],
) -> None:
    try:
        if not is_content(file, spec.jar, content):
            raise Refused(
                f"{file} is not the jar that {spec.key} is to run (content {content}): give the "
                f"build that was deployed"
            )
        with _upload_lock(flink, content), fetched(file) as path:
            if _find(flink, content) is None:
                announce()
                flink.upload_jar(path, jar_name(content))
    except JarError as error:
        raise Refused(str(error)) from error


def _check_content(spec: SessionJobSpec, path: Path, expected: str) -> None:
    """A jar that was changed since it was hashed is another job."""
    if not spec.jar.startswith("https://") and content_of(str(path)) != expected:
        raise Refused(
            f"{spec.jar} is not the jar that is meant (content {expected}) any more: "
            f"it was changed since"
        )


def _find(flink: FlinkClient, content: str) -> str | None:
    for jar_id in flink.jars():
        if jar_id.endswith("_" + jar_name(content)):
            return jar_id
    return None


def _upload_lock(flink: FlinkClient, content: str) -> threading.Lock:
    with _uploads_mutex:
        return _uploads.setdefault((flink.base_url, content), threading.Lock())
