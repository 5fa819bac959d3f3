"""The metadata of a savepoint with 100,000 files, read by the package and by Flink's own loader.

Warm: in a process that has read it before. Cold: from the start of a process to its end.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measuring import Report, compare, seconds_of
from flink_components.flink.metadata.reading import read_snapshot
from sandbox.images import DEFAULT_VERSIONS, distribution, tools
from tests.unit.flink_metadata import writer

_WARM = "warm"
_COLD = "cold"
_GOALS = {_WARM: 3.0, _COLD: 1.0}
_OPERATORS = 10
_SUBTASKS = 100
_FILES = 100
_LOADER = Path(__file__).parent / "src" / "LoadSnapshot.java"
_LOADED_BEFORE = 30
"""Until the JVM has compiled what it runs."""


def measure(repetitions: int) -> Report:
    """Compares the two readers."""
    with tempfile.TemporaryDirectory(prefix="flink-benchmark-") as folder:
        location = writer.write(Path(folder), _metadata())
        java = _java(Path(folder), location)
        code = f"from {read_snapshot.__module__} import read_snapshot; read_snapshot({location!r})"
        python = [sys.executable, "-c", code]
        with subprocess.Popen(
            [*java, "asked"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as loader:
            for _ in range(_LOADED_BEFORE):
                _ask(loader)

            def ours() -> Mapping[str, float]:
                warm = seconds_of(lambda: read_snapshot(location))
                return {_WARM: warm, _COLD: seconds_of(lambda: _run(python))}

            def theirs() -> Mapping[str, float]:
                return {_WARM: _ask(loader), _COLD: seconds_of(lambda: _run([*java, "once"]))}

            found = compare(ours, theirs, _GOALS, repetitions)
            assert loader.stdin is not None
            loader.stdin.close()
        size = (Path(folder) / "_metadata").stat().st_size
        held = _most_memory(location) / size
    count = _OPERATORS * _SUBTASKS * _FILES
    title = f"Metadata of {count:,} files, {size / 1e6:.1f} MB; {held:.1f} times that in memory"
    return Report(title, "flink_components", "Flink's loader", found)


def _metadata() -> bytes:
    """Incremental handles of RocksDB, each with as many files of its own."""
    operators = []
    for operator in range(_OPERATORS):
        subtasks = []
        for subtask in range(_SUBTASKS):
            base = f"s3://flink-state/checkpoints/{operator:032x}/shared/{subtask:08x}-5f1b-4c6e"
            files = [writer.absolute(f"{base}-{number:012x}") for number in range(_FILES)]
            held = writer.incremental(11, writer.inline(bytes(400)), files, [])
            subtasks.append(writer.Subtask(keyed=held))
        operators.append(writer.Operator(bytes([operator] * 16), _SUBTASKS, 32768, subtasks))
    return writer.written(4, operators)


def _java(folder: Path, location: str) -> list[str]:
    javac = tools.need("javac", "openjdk-17-jdk-headless")
    jars = sorted((distribution(DEFAULT_VERSIONS[0]) / "lib").glob("*.jar"))
    path = ":".join([str(folder), *map(str, jars)])
    tools.run([javac, "-nowarn", "-cp", path, "-d", str(folder), str(_LOADER)], "compiling")
    return [shutil.which("java") or "java", "-cp", path, _LOADER.stem, location]


def _ask(loader: subprocess.Popen[str]) -> float:
    """How long it took the JVM that is there, by its own clock."""
    assert loader.stdin is not None
    assert loader.stdout is not None
    loader.stdin.write("\n")
    loader.stdin.flush()
    return int(loader.stdout.readline()) / 1e9


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _most_memory(location: str) -> float:
    tracemalloc.start()
    try:
        kept = read_snapshot(location)
        assert kept.operators
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
