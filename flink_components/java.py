"""The small Java programs of this package: jars that are compiled when the wheel is built.

An installed wheel holds the jars and no source. A checkout holds the source, and compiles it when
a jar is first asked for, or when the source has changed since. Imports nothing of this package:
the build of the wheel loads this file alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_MANIFEST = "META-INF/MANIFEST.MF"
_FINGERPRINT = "Source-SHA-256"
_JAVAC = ("--release", "8", "-Xlint:all,-options", "-Werror", "-proc:none", "-encoding", "UTF-8")
_SAME_TIME = (2020, 1, 1, 0, 0, 0)


class JavaPartMissing(RuntimeError):
    """A jar is not there and can't be made; the text is one line."""


@dataclass(frozen=True)
class JavaPart:
    """A jar without dependencies, for Java 8 and later.

    folder: in this package, with the source in `src` and the jar beside it.
    manifest: its attributes, such as `Main-Class`.
    """

    folder: str
    jar: str
    manifest: Mapping[str, str]

    @property
    def path(self) -> Path:
        """Where the jar is, or will be."""
        return _HERE / self.folder / self.jar

    def content(self) -> bytes:
        """The jar, compiled first where that is needed.

        Raises JavaPartMissing where it would have to be compiled and can't be.
        """
        return self.built().read_bytes()

    def fingerprint(self) -> str:
        """A hash of the source: the same for every compiler that the jar was made with."""
        if self._source.is_dir():
            return self._hash_of_source()
        return self._recorded() or ""

    def built(self) -> Path:
        """`path`, with an up-to-date jar in it; raises JavaPartMissing as `content` does."""
        if self._source.is_dir():
            if self._recorded() != self._hash_of_source():
                self._build()
        elif not self.path.is_file():
            raise JavaPartMissing(
                f"{self.jar} is not in this installation of flink-components: install it again "
                f"from its wheel"
            )
        return self.path

    @property
    def _source(self) -> Path:
        return _HERE / self.folder / "src"

    def _files(self) -> list[Path]:
        return sorted(path for path in self._source.rglob("*") if path.is_file())

    def _hash_of_source(self) -> str:
        digest = hashlib.sha256(repr((_JAVAC, sorted(self.manifest.items()))).encode())
        for path in self._files():
            name = path.relative_to(self._source).as_posix()
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()

    def _recorded(self) -> str | None:
        """The fingerprint in the jar; None where there is no jar."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                manifest = archive.read(_MANIFEST).decode()
        except (OSError, KeyError, zipfile.BadZipFile):
            return None
        found = [line for line in manifest.splitlines() if line.startswith(_FINGERPRINT)]
        return found[0].partition(": ")[2] if found else None

    def _build(self) -> None:
        with tempfile.TemporaryDirectory(prefix="flink-components-") as folder:
            work = Path(folder)
            _compile(
                [str(path) for path in self._files() if path.suffix == ".java"], work, self.jar
            )
            for path in self._files():
                if path.suffix != ".java":
                    shutil.copyfile(path, work / path.relative_to(self._source))
            attributes = {**self.manifest, _FINGERPRINT: self._hash_of_source()}
            made = self.path.with_name(f".{self.jar}-{os.getpid()}")
            _write_jar(made, work, attributes)
            made.replace(self.path)


GUARD = JavaPart("guard", "guard.jar", {"Premain-Class": "org.flinkcomponents.guard.Agent"})
GRAPH_DRIVER = JavaPart("flink/graph_driver", "graph-driver.jar", {})
PARTS = (GUARD, GRAPH_DRIVER)
"""Every jar that a wheel holds."""


def _compile(sources: list[str], into: Path, jar: str) -> None:
    javac = shutil.which("javac")
    if javac is None:
        raise JavaPartMissing(
            f"{jar} can't be compiled, since there is no javac: install a JDK (11 or later), or "
            f"install flink-components from its wheel"
        )
    command = [javac, *_JAVAC, "-d", str(into), *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = next(iter((done.stderr or done.stdout).splitlines()), "no reason given")
        raise JavaPartMissing(f"{jar} can't be compiled: {reason}")


def _write_jar(jar: Path, classes: Path, attributes: Mapping[str, str]) -> None:
    """The same classes give the same bytes."""
    lines = ["Manifest-Version: 1.0", *(f"{name}: {value}" for name, value in attributes.items())]
    content = {_MANIFEST: "".join(f"{line}\n" for line in [*lines, ""]).encode()}
    for path in sorted(path for path in classes.rglob("*") if path.is_file()):
        content[path.relative_to(classes).as_posix()] = path.read_bytes()
    with zipfile.ZipFile(jar, "w") as archive:
        for name, part in content.items():
            entry = zipfile.ZipInfo(name, _SAME_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, part, zipfile.ZIP_DEFLATED)
