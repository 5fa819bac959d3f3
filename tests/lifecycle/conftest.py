"""Real Flinks on loopback and a real API server for the ledgers: no pods, so it is quick."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from sandbox.images import DEFAULT_VERSIONS
from tests import flink_jobs
from tests.lifecycle.jobs import JobUnderTest, local_ref
from tests.lifecycle.kubernetes import Kubernetes
from tests.local_flink import LocalFlink

# Workers work side by side on one node, each in a namespace of its own.
NAMESPACE = f"test-lifecycle-{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
CONFIG = {
    "web.refresh-interval": "200",
    "rest.cache.execution-graph.timeout": "200 ms",
    "rest.bind-address": "0.0.0.0",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
}
_numbers = count(1)


@pytest.fixture(scope="session")
def kubernetes(kubeconfig: str) -> Iterator[Kubernetes]:
    """The API server, with a namespace for the ledgers."""
    with Kubernetes(kubeconfig).namespace(NAMESPACE) as made:
        yield made


@pytest.fixture(scope="session")
def flinks(
    tmp_path_factory: pytest.TempPathFactory,
    end_with_group: Callable[[Callable[[], object]], None],
) -> Iterator[dict[str, LocalFlink]]:
    """One Flink of each version for all tests, started side by side."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        made = {
            version: LocalFlink(version, tmp_path_factory.mktemp(version), config=CONFIG)
            for version in DEFAULT_VERSIONS
        }
        for started in [pool.submit(flink.__enter__) for flink in made.values()]:
            stack.push(started.result())
            end_with_group(started.result().kill)
        yield made


@pytest.fixture(params=DEFAULT_VERSIONS)
def any_flink(request: pytest.FixtureRequest, flinks: dict[str, LocalFlink]) -> LocalFlink:
    """A Flink of each version."""
    return flinks[request.param]


@pytest.fixture
def one_flink(flinks: dict[str, LocalFlink]) -> LocalFlink:
    """A Flink where the version makes no difference."""
    return flinks[DEFAULT_VERSIONS[0]]


@pytest.fixture
def job(any_flink: LocalFlink, kubernetes: Kubernetes) -> Iterator[JobUnderTest]:
    """A key of its own on each Flink version."""
    yield from _job(any_flink, kubernetes)


@pytest.fixture
def any_job(one_flink: LocalFlink, kubernetes: Kubernetes) -> Iterator[JobUnderTest]:
    """A key of its own on one Flink version."""
    yield from _job(one_flink, kubernetes)


def _job(flink: LocalFlink, kubernetes: Kubernetes) -> Iterator[JobUnderTest]:
    number = next(_numbers)
    name = f"job-{number}"
    yield make_job(flink, kubernetes, name, flink.workdir / name)
    flink_jobs.cancel_all(flink.url)


def make_job(flink: LocalFlink, kubernetes: Kubernetes, name: str, folder: Path) -> JobUnderTest:
    """A job that was never declared, on a Flink reached by its plain URL."""
    ref = local_ref(flink, kubernetes, NAMESPACE)
    return JobUnderTest(name, ref, folder / "output", folder / "savepoints")
