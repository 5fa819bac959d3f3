"""The process that changes an application dies at any one of its calls, and the next run makes it
good. Its JobManagers are real ones with real guards, which meanwhile do what they do by themselves.

Every point of every operation by `--faults all`; else one in so many, drawn by `--faults-seed`, and
without `--faults` one in all of one operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from sandbox.images import DEFAULT_VERSIONS
from tests.faults.application_operations import OPERATIONS
from tests.faults.local_pods import local_pods
from tests.faults.rounds import NewJob, strike_some
from tests.faults.struck_application import KIND, StruckApplication
from tests.faults.switch import KILLS
from tests.lifecycle.kubernetes import Kubernetes

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(5400)]

NAMESPACE = "test-faults-applications"
_ONE_OF_ALL = 1000


@pytest.fixture(scope="module")
def new_application(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewJob]:
    """Makes applications that were never declared, whose pods are processes of this machine."""
    folder, version = tmp_path_factory.mktemp("applications"), DEFAULT_VERSIONS[0]
    kubernetes, numbers = Kubernetes(kubeconfig), count(1)
    home = folder / "pods"

    def make() -> StruckApplication:
        name = f"app-{next(numbers)}"
        return StruckApplication(name, NAMESPACE, kubeconfig, version, folder / name, home)

    with local_pods(kubernetes, NAMESPACE, home, version):
        yield make


def test_a_death_at_any_point_is_made_good_by_the_next_run(
    operation: str,
    new_application: NewJob,
    faults_share: int,
    faults_seed: int,
    request: pytest.FixtureRequest,
) -> None:
    asked = request.config.getoption("--faults") is not None
    share = faults_share if asked else _ONE_OF_ALL
    wrong = strike_some(new_application, operation, KILLS, share, faults_seed, KIND)
    assert wrong == []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each operation; in short the one that has most of the others in it."""
    short = metafunc.config.getoption("--faults") is None
    metafunc.parametrize("operation", ["upgrade"] if short else OPERATIONS)
