"""Builds the jars of the example jobs from ``src``: one jar for each class with a ``main``."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

from sandbox.images import tools
from sandbox.paths import CACHE
from sandbox.progress import step

_HERE = Path(__file__).resolve().parent
_SOURCES = _HERE / "src"
_PACKAGE = "org/flinkcomponents/examples"

BUILD = _HERE / "build"
"""Where the jars appear."""

JARS = {
    "stateful-v1": "StatefulV1",
    "stateful-v2": "StatefulV2",
    "stateful-v3": "StatefulV3",
    "stateful-v4": "StatefulV4",
    "stateful-v5": "StatefulV5",
    "fails-in-main": "FailsInMain",
    "fails-later": "FailsLater",
    "slow-to-cancel": "SlowToCancel",
}
"""Name of each jar (without ``.jar``) and its main class."""

# the oldest Flink the jars shall run on; what it offers later ones still have
_API = (
    "org.apache.flink:flink-annotations:1.13.6",
    "org.apache.flink:flink-core:1.13.6",
    "org.apache.flink:flink-runtime_2.12:1.13.6",
    "org.apache.flink:flink-streaming-java_2.12:1.13.6",
)


def build() -> dict[str, Path]:
    """Return the jars by name, built first if their sources have changed.

    The same sources and compiler give the same bytes. Raises SandboxError if there is no compiler
    and none can be installed, or if the sources do not compile.
    """
    made = CACHE / "jobs" / _source_digest()
    if not made.is_dir():
        with tools.locked(CACHE / "jobs" / ".lock"):
            if not made.is_dir():
                with step("example jobs: building", "example jobs: built"):
                    _build(made)
    BUILD.mkdir(exist_ok=True)
    return {name: _in_build(made / f"{name}.jar") for name in JARS}


def _source_digest() -> str:
    digest = hashlib.sha256()
    for path in [Path(__file__), *sorted(_SOURCES.rglob("*.java"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _in_build(jar: Path) -> Path:
    target = BUILD / jar.name
    if not target.is_file() or target.read_bytes() != jar.read_bytes():
        shutil.copyfile(jar, target)
    return target


def _build(made: Path) -> None:
    javac = tools.need("javac", "openjdk-17-jdk-headless")
    with tools.scratch(made.parent) as work:
        classpath = ":".join(str(jar) for jar in _api_jars())
        sources = sorted(str(path) for path in _SOURCES.rglob("*.java"))
        options = ["--release", "8", "-Xlint:all,-options,-classfile", "-Werror", "-proc:none"]
        command = [javac, *options, "-cp", classpath, "-d", str(work / "classes"), *sources]
        tools.run(command, "compiling the example jobs")
        (work / "jars").mkdir()
        for name, main_class in JARS.items():
            _write_jar(work / "jars" / f"{name}.jar", work / "classes", main_class)
        (work / "jars").rename(made)


def _api_jars() -> list[Path]:
    folder = CACHE / "jobs" / "api"
    if not folder.is_dir():
        with tools.scratch(folder.parent) as work:
            tools.maven_copy(_API, work / "api")
            (work / "api").rename(folder)
    return sorted(folder.glob("*.jar"))


def _write_jar(jar: Path, classes: Path, main_class: str) -> None:
    own = f"{_PACKAGE}/{main_class}.class"
    shared = (classes / _PACKAGE / "stateful").glob("*.class")
    names = sorted([own, *(str(path.relative_to(classes)) for path in shared)])
    manifest = f"Manifest-Version: 1.0\nMain-Class: {own[:-6].replace('/', '.')}\n\n"
    with zipfile.ZipFile(jar, "w") as archive:
        _put(archive, "META-INF/MANIFEST.MF", manifest.encode())
        for name in names:
            _put(archive, name, (classes / name).read_bytes())


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
