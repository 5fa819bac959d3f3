"""One engine, one namespace, and the provider that is in effect, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine import ensure, environment
from sandbox.engine.environment import real_kubernetes_provider
from sandbox.images.pause import PAUSE_IMAGE
from sandbox.paths import KUBECONFIG
from tests.conformance.cluster import Cluster
from tests.conformance.lab import Lab
from tests.conformance.stories import Stories, World


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--provider",
        choices=("in-effect", "real"),
        default="in-effect",
        help="which Kubernetes provider: the one that the sandbox would use, or only the real one",
    )
    parser.addoption(
        "--pause-image",
        default="",
        help="an image whose program waits (default: the sandbox's, elsewhere Kubernetes' own)",
    )


@pytest.fixture(scope="session")
def provider_environment(
    request: pytest.FixtureRequest, kubeconfig: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The variables of the engine, its state in a folder of the test run."""
    if request.config.getoption("--provider", "in-effect") == "real":
        assert real_kubernetes_provider(), (
            "there is no real Kubernetes provider here: "
            "`pulumi plugin install resource kubernetes` installs it where it can be downloaded"
        )
    home = tmp_path_factory.mktemp("engine")
    return {**environment(home), "KUBECONFIG": kubeconfig}


@pytest.fixture(scope="session")
def cluster(kubeconfig: str) -> Iterator[Cluster]:
    cluster = Cluster(kubeconfig)
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def lab(
    provider_environment: dict[str, str],
    cluster: Cluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("stacks"), ensure(), provider_environment)
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def pause_image(request: pytest.FixtureRequest, kubeconfig: str) -> str:
    """An image whose program does nothing until it is ended."""
    chosen = str(request.config.getoption("--pause-image", ""))
    if chosen:
        return chosen
    return PAUSE_IMAGE if Path(kubeconfig) == KUBECONFIG else "registry.k8s.io/pause:3.10"


@pytest.fixture(scope="session")
def stories(
    request: pytest.FixtureRequest,
    lab: Lab,
    cluster: Cluster,
    kubeconfig: str,
    pause_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stories]:
    folder = tmp_path_factory.mktemp("stories")
    world = World(lab, cluster, kubeconfig, pause_image, folder)
    stories = Stories(world, request.session.items)
    yield stories
    stories.close()
