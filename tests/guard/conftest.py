"""A ledger for each test, and the compiled mains of the JVMs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flink_components.java import GUARD
from tests.guard.jvm import QUICK, GuardedJvm
from tests.guard.lease_server import LeaseServer

_SOURCES = Path(__file__).parent / "java"
_FOR_JAVA_8 = ("--release", "8", "-Xlint:-options")


@pytest.fixture(scope="session")
def java_mains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compiled classes."""
    folder = tmp_path_factory.mktemp("classes")
    sources = [str(path) for path in _SOURCES.rglob("*.java")]
    path = str(GUARD.built())
    subprocess.run(["javac", *_FOR_JAVA_8, "-cp", path, "-d", str(folder), *sources], check=True)
    return folder


@pytest.fixture(scope="session")
def ask(java_mains: Path) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    """Asks the guard's pure classes."""
    path = f"{java_mains}:{GUARD.built()}"
    command = ["java", *QUICK, "-cp", path, "org.flinkcomponents.guard.Table"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as table:
        assert table.stdin is not None
        assert table.stdout is not None

        def asked(question: dict[str, Any]) -> dict[str, Any]:
            table.stdin.write(json.dumps(question) + "\n")  # type: ignore[union-attr]
            table.stdin.flush()  # type: ignore[union-attr]
            answer: dict[str, Any] = json.loads(table.stdout.readline())  # type: ignore[union-attr]
            return answer

        yield asked
        table.stdin.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LeaseServer]:
    """An API server with the ledger of a job."""
    with LeaseServer(tmp_path) as server:
        yield server


@pytest.fixture
def guarded(ledger: LeaseServer, tmp_path: Path, java_mains: Path) -> Callable[..., GuardedJvm]:
    """Makes a JVM with the guard of revision 7 on that ledger."""

    def make(conf: str = "conf", **arguments: Any) -> GuardedJvm:
        return GuardedJvm(ledger, tmp_path / conf, java_mains, **arguments)

    return make
