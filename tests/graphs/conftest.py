"""One Flink of each version for the tests of job graphs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.images import DEFAULT_VERSIONS
from tests.graphs.programs import Lab
from tests.local_flink import LocalFlink


@pytest.fixture(scope="package", params=DEFAULT_VERSIONS)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    config = {"web.refresh-interval": "200", "rest.cache.execution-graph.timeout": "200 ms"}
    workdir = tmp_path_factory.mktemp(request.param)
    with LocalFlink(request.param, workdir, slots=4, config=config) as flink:
        yield Lab(flink)
