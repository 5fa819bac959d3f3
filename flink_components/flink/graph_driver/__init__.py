"""The job graph of a jar, from Flink's own classes: `main` runs here, nothing is submitted."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote_plus

from flink_components.flink.java_flags import IGNORE_UNKNOWN_FLAGS, JAVA_17_FLAGS
from flink_components.flink.job_graph import GraphError
from flink_components.java import GRAPH_DRIVER, JavaPartMissing

_MAIN = "org.flinkcomponents.graph.GraphDriver"
_DIST = re.compile(r"flink-dist(?:_[\d.]+)?-(\d+\.\d+\.\d+)\.jar")
# it lives a second: compiling hard does not pay
_SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


@dataclass(frozen=True)
class Program:
    """What of a jar is run: `entry_class` is the manifest's where it is empty."""

    entry_class: str = ""
    args: tuple[str, ...] = ()
    parallelism: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)

    @property
    def default_parallelism(self) -> int:
        """As Flink has it: an option may say it, too. Raises GraphError where that is no number."""
        given = self.config.get("parallelism.default", "1")
        if self.parallelism is None and not given.isdecimal():
            raise GraphError(f"parallelism.default is no whole number (given {given!r})")
        return self.parallelism or int(given)


def flink_version(home: Path) -> str:
    """The version of the distribution in a folder. Raises GraphError where there is none."""
    for jar in sorted(home.glob("lib/flink-dist*.jar")):
        if match := _DIST.fullmatch(jar.name):
            return match[1]
    raise GraphError(
        f"{home} is not a Flink distribution (there is no lib/flink-dist-….jar in it): "
        f"give the folder that holds bin, lib and conf, /opt/flink in Flink's images"
    )


def read_by_driver(jar: Path, program: Program, home: Path, timeout: float = 120.0) -> Any:
    """The operators of the jar's graph, and its state backend, as `JobGraph` has them in JSON.

    `home` is a Flink distribution; `main` may take `timeout` seconds. Raises GraphError.
    """
    flink_version(home)
    try:
        driver = GRAPH_DRIVER.built()
    except JavaPartMissing as error:
        raise GraphError(str(error)) from error
    with TemporaryDirectory(prefix="flink-components-") as folder:
        written, options = Path(folder, "graph.json"), Path(folder, "options")
        options.write_text("\n".join(_lines(program.config)))
        command = [
            _java(),
            IGNORE_UNKNOWN_FLAGS,
            *_SHORT_LIVED,
            *JAVA_17_FLAGS,
            "-cp",
            f"{driver}{os.pathsep}{home / 'lib' / '*'}",
            _MAIN,
            str(written),
            str(jar),
            program.entry_class,
            str(program.default_parallelism),
            str(options),
            *program.args,
        ]
        said = _run(command, jar, timeout)
        if not written.is_file():
            raise GraphError(f"the job graph of {jar} can't be read: java ended with {said!r}")
        found = json.loads(written.read_bytes())
    if "problem" in found:
        raise GraphError(f"the job graph of {jar} can't be read: {found['problem']}")
    return found


def _java() -> str:
    of_home = Path(os.environ.get("JAVA_HOME", "/"), "bin", "java")
    java = str(of_home) if of_home.is_file() else shutil.which("java")
    if java is None:
        raise GraphError("there is no java here: install one (a JRE is enough), or set $JAVA_HOME")
    return java


def _lines(config: Mapping[str, str]) -> Iterable[str]:
    return (f"{quote_plus(name)}={quote_plus(value)}" for name, value in config.items())


def _run(command: list[str], jar: Path, timeout: float) -> str:
    """The last line that Java has said."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GraphError(
            f"main of {jar} did not come to execute() in {timeout:.0f} s: "
            f"let it wait for nothing before, or give it other arguments"
        ) from None
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"exit status {done.returncode}"
