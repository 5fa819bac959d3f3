"""Real Flinks on loopback and a real API server for the ledgers, as in tests/lifecycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from sandbox.images import DEFAULT_VERSIONS
from tests.faults.rounds import NewJob
from tests.faults.struck_job import StruckJob
from tests.lifecycle.conftest import CONFIG
from tests.lifecycle.jobs import local_ref
from tests.lifecycle.kubernetes import Kubernetes
from tests.local_flink import LocalFlink

NAMESPACE = "test-faults"
_numbers = count(1)


@pytest.fixture(scope="session")
def kubernetes(kubeconfig: str) -> Iterator[Kubernetes]:
    """The API server, with a namespace for the ledgers."""
    with Kubernetes(kubeconfig).namespace(NAMESPACE) as made:
        yield made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on one version of Flink, or on each with `--faults-on all`."""
    if "struck_flink" in metafunc.fixturenames:
        given: str = metafunc.config.getoption("--faults-on")
        versions = DEFAULT_VERSIONS if given == "all" else (given,)
        metafunc.parametrize("struck_flink", versions, indirect=True, scope="session")


@pytest.fixture(scope="session")
def struck_flink(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    end_with_group: Callable[[Callable[[], object]], None],
) -> Iterator[LocalFlink]:
    """A Flink of each version, one after the other."""
    folder = tmp_path_factory.mktemp(f"flink-{request.param}")
    with LocalFlink(request.param, folder, slots=8, config=CONFIG) as started:
        end_with_group(started.kill)
        yield started


@pytest.fixture
def faults_share(request: pytest.FixtureRequest) -> int:
    """One in so many points is struck."""
    given: str | None = request.config.getoption("--faults")
    return 1 if given == "all" else int(given or 60)


@pytest.fixture
def faults_seed(request: pytest.FixtureRequest) -> int:
    """Which points these are."""
    seed: int = request.config.getoption("--faults-seed")
    return seed


@pytest.fixture(scope="session")
def new_job(struck_flink: LocalFlink, kubernetes: Kubernetes) -> NewJob:
    """Makes jobs that were never declared."""

    def make() -> StruckJob:
        name = f"job-{next(_numbers)}"
        folder = struck_flink.workdir / name
        ref = local_ref(struck_flink, kubernetes, NAMESPACE)
        return StruckJob(name, ref, folder / "output", folder / "savepoints")

    return make
