"""The engine for tests whose programs are functions, and a namespace in which nothing runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.engine import ensure, environment
from tests.conformance.lab import Stack
from tests.lifecycle.kubernetes import Kubernetes

NewStack = Callable[[str], Stack]


@pytest.fixture(scope="session")
def kubernetes(kubeconfig: str) -> Kubernetes:
    return Kubernetes(kubeconfig)


@pytest.fixture(scope="module")
def engine_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the engine of a module's tests keeps its stacks."""
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="module")
def engine_env(engine_home: Path, kubeconfig: str) -> dict[str, str]:
    """The variables with which the engine works, its state in a folder of the test run."""
    return {**environment(engine_home), "KUBECONFIG": kubeconfig}


def stacks_in(home: Path, variables: dict[str, str]) -> NewStack:
    """Makes stacks by the name of their project, with these variables."""
    return lambda name: Stack(home / "stacks" / name, ensure(), variables, name)


@pytest.fixture(scope="module")
def new_stack(engine_home: Path, engine_env: dict[str, str]) -> NewStack:
    """Makes stacks by the name of their project."""
    return stacks_in(engine_home, engine_env)


@pytest.fixture(scope="module")
def namespace(request: pytest.FixtureRequest, kubernetes: Kubernetes) -> Iterator[str]:
    """A namespace of the module's own."""
    module = str(request.module.__name__).rpartition(".")[2]
    name = module.replace("_", "-")
    kubernetes.create_namespace(name)
    yield name
    kubernetes.give_up_namespace(name)
