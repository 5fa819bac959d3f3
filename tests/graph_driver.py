"""The compiled driver that reads job graphs, where the package was not built by its wheel."""

from __future__ import annotations

import zipfile
from pathlib import Path

from flink_components.flink.graph_driver import DRIVER
from sandbox.images import tools
from sandbox.paths import CACHE


def built() -> Path:
    """Compile the driver into its place in the package, if its sources are newer."""
    sources = sorted((DRIVER.parent / "src").rglob("*.java"))
    with tools.locked(CACHE / "graph-driver.lock"):
        if not DRIVER.is_file() or any(
            source.stat().st_mtime > DRIVER.stat().st_mtime for source in sources
        ):
            _compile(sources)
    return DRIVER


def _compile(sources: list[Path]) -> None:
    javac = tools.need("javac", "openjdk-17-jdk-headless")
    with tools.scratch(DRIVER.parent) as work:
        options = ["--release", "8", "-Xlint:all,-options", "-Werror", "-proc:none"]
        classes = work / "classes"
        command = [javac, *options, "-d", str(classes), *map(str, sources)]
        tools.run(command, "compiling the graph driver")
        with zipfile.ZipFile(work / "driver.jar", "w", zipfile.ZIP_DEFLATED) as jar:
            for path in sorted(classes.rglob("*.class")):
                jar.write(path, path.relative_to(classes))
        (work / "driver.jar").replace(DRIVER)
