"""One Flink of each version for the tests of job graphs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.images import DEFAULT_VERSIONS
from tests.graphs.programs import Lab
from tests.local_flink import LocalFlink


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test runs on each version, one version after the other."""
    if "graph_lab" in metafunc.fixturenames:
        metafunc.parametrize("graph_lab", DEFAULT_VERSIONS, indirect=True, scope="package")


@pytest.fixture(scope="package")
def graph_lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    config = {"web.refresh-interval": "200", "rest.cache.execution-graph.timeout": "200 ms"}
    workdir = tmp_path_factory.mktemp(request.param)
    with LocalFlink(request.param, workdir, slots=4, config=config) as flink:
        yield Lab(flink)
