"""Flinks whose jobs have their ledgers on a served API server: no node is needed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.images import DEFAULT_VERSIONS
from tests.fidelity.changes import EVERYWHERE, HERE
from tests.fidelity.ground import NEWER, Ground, settings_of
from tests.local_flink import LocalFlink
from tests.unit.doubles.served import served


@pytest.fixture(scope="module")
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """Two Flinks of the oldest version, one of them with the adaptive scheduler; with `--fidelity`
    also one of the newest.
    """
    names = EVERYWHERE if request.config.getoption("--fidelity") else HERE
    folder = tmp_path_factory.mktemp("fidelity")
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        made = {name: _flink(name, folder / name) for name in names}
        for started in [pool.submit(flink.__enter__) for flink in made.values()]:
            stack.push(started.result())
        api = stack.enter_context(served(folder / "api"))
        yield Ground(made, api.kubeconfig)


def _flink(name: str, folder: Path) -> LocalFlink:
    folder.mkdir(parents=True)
    version = DEFAULT_VERSIONS[-1 if name == NEWER else 0]
    return LocalFlink(version, folder, slots=4, config=settings_of(name))
