"""One Flink of each version for the tests of job graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.images import DEFAULT_VERSIONS
from tests.graphs.programs import Lab
from tests.local_flink import LocalFlink

CONFIG = {
    "web.refresh-interval": "200",
    "rest.cache.execution-graph.timeout": "200 ms",
    # small state lies in files, too, as large state does
    "execution.checkpointing.data-inline-threshold": "0",
}


@dataclass
class Labs:
    """Flinks by their version, each started when it is first asked for."""

    folder: Callable[[str], Path]
    stack: ExitStack
    _started: dict[str, Lab] = field(default_factory=dict)

    def of(self, version: str) -> Lab:
        """The one of this version."""
        if version not in self._started:
            flink = LocalFlink(version, self.folder(version), slots=4, config=CONFIG)
            self._started[version] = Lab(self.stack.enter_context(flink))
        return self._started[version]

    def other_than(self, version: str) -> Lab:
        """One of another version."""
        return self.of(next(other for other in DEFAULT_VERSIONS if other != version))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test runs on each version, one version after the other."""
    if "graph_lab" in metafunc.fixturenames:
        metafunc.parametrize("graph_lab", DEFAULT_VERSIONS, indirect=True, scope="package")


@pytest.fixture(scope="package")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labs]:
    with ExitStack() as stack:
        yield Labs(tmp_path_factory.mktemp, stack)


@pytest.fixture(scope="package")
def graph_lab(request: pytest.FixtureRequest, labs: Labs) -> Lab:
    return labs.of(request.param)
