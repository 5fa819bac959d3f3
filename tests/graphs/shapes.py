"""The jar of `Shapes`, a job whose graph is changed by its arguments."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from examples.jobs import jars
from sandbox.images import tools
from sandbox.paths import CACHE

_SOURCE = Path(__file__).parent / "src" / "Shapes.java"


def shapes_jar() -> Path:
    """The jar, compiled if its source has changed; it holds the example jobs' source, too."""
    example = jars.build()["stateful-v1"]
    name = hashlib.sha256(_SOURCE.read_bytes() + example.read_bytes()).hexdigest()[:16]
    jar = CACHE / "jobs" / f"shapes-{name}.jar"
    with tools.locked(CACHE / "jobs" / ".shapes.lock"):
        if not jar.is_file():
            _compile(example, jar)
    return jar


def _compile(example: Path, jar: Path) -> None:
    javac = tools.need("javac", "openjdk-17-jdk-headless")
    with tools.scratch(jar.parent) as work:
        api = sorted((CACHE / "jobs" / "api").glob("*.jar"))
        classpath = ":".join(map(str, [example, *api]))
        command = [javac, "--release", "8", "-proc:none", "-cp", classpath, "-d", str(work / "c")]
        tools.run([*command, str(_SOURCE)], "compiling Shapes")
        with zipfile.ZipFile(work / "made.jar", "w") as made, zipfile.ZipFile(example) as shared:
            made.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: Shapes\n\n")
            for entry in shared.namelist():
                if "/stateful/" in entry:
                    made.writestr(entry, shared.read(entry))
            for path in sorted((work / "c").rglob("*.class")):
                made.write(path, path.relative_to(work / "c"))
        (work / "made.jar").replace(jar)
