"""Real Flinks on loopback and a real API server for the ledgers, as in tests/lifecycle."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from sandbox.images import DEFAULT_VERSIONS
from tests.faults.rounds import NewJob
from tests.faults.struck_job import StruckJob
from tests.lifecycle.kubernetes import Kubernetes
from tests.local_flink import LocalFlink

NAMESPACE = "test-faults"
_CONFIG = {
    "web.refresh-interval": "200",
    "rest.cache.execution-graph.timeout": "200 ms",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
}
_numbers = count(1)


@pytest.fixture(scope="session")
def kubernetes(kubeconfig: str) -> Iterator[Kubernetes]:
    """The API server, with a namespace for the ledgers."""
    made = Kubernetes(kubeconfig)
    made.create_namespace(NAMESPACE)
    yield made
    made.delete_namespace(NAMESPACE)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on one version of Flink, or on each with `--faults-on all`."""
    if "struck_flink" in metafunc.fixturenames:
        given: str = metafunc.config.getoption("--faults-on")
        versions = DEFAULT_VERSIONS if given == "all" else (given,)
        metafunc.parametrize("struck_flink", versions, indirect=True, scope="session")


@pytest.fixture(scope="session")
def struck_flink(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalFlink]:
    """A Flink of each version, one after the other."""
    folder = tmp_path_factory.mktemp(f"flink-{request.param}")
    with LocalFlink(request.param, folder, slots=8, config=_CONFIG) as started:
        yield started


@pytest.fixture
def faults_share(request: pytest.FixtureRequest) -> int:
    """One in so many points is struck."""
    given: str = request.config.getoption("--faults")
    return 1 if given == "all" else int(given)


@pytest.fixture
def faults_seed(request: pytest.FixtureRequest) -> int:
    """Which points these are."""
    seed: int = request.config.getoption("--faults-seed")
    return seed


@pytest.fixture(scope="session")
def new_job(struck_flink: LocalFlink, kubernetes: Kubernetes) -> NewJob:
    """Makes jobs that were never declared."""

    flink = struck_flink

    def make() -> StruckJob:
        name = f"job-{next(_numbers)}"
        folder = flink.workdir / name
        ref = {
            "key": f"{NAMESPACE}/local",
            "namespace": NAMESPACE,
            "name": "local",
            "revision": 1,
            "service": "local-r1-rest",
            "flink_version": flink.version,
            "connection": {"rest_url": flink.url, "kubeconfig": kubernetes.kubeconfig},
        }
        return StruckJob(name, load(ClusterRef, ref), folder / "output", folder / "savepoints")

    return make
