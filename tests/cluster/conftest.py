"""Two session clusters, one of each Flink version, that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

import pytest

from flink_components.flink.answers import ENDED
from sandbox.engine import ensure
from sandbox.engine import environment as engine_environment
from sandbox.images import DEFAULT_VERSIONS
from sandbox.paths import STATE
from tests.cluster.session import NAMESPACE, Seen, StackOfJob, clusters_program
from tests.cluster.stacks import JobStack, NewStack
from tests.lifecycle.kubernetes import Kubernetes, until

_numbers = count(1)


@pytest.fixture(scope="session")
def new_stack(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> NewStack:
    """Makes stacks by name; the state of the engine lives in a folder of the test run."""
    folder = tmp_path_factory.mktemp("stacks")

    administrator = kubeconfig

    def make(name: str, backend: str = "engine", kubeconfig: str | None = None) -> JobStack:
        home = folder / backend
        variables = {**engine_environment(home), "KUBECONFIG": kubeconfig or administrator}
        return JobStack(home / "stacks" / name, ensure(), variables, name)

    return make


@pytest.fixture(scope="session")
def seen(kubeconfig: str, end_with_group: Callable[[Callable[[], object]], None]) -> Seen:
    """A namespace that enforces the restricted standard, with one volume for state and output."""
    kubernetes = Kubernetes(kubeconfig)
    kubernetes.create_namespace(NAMESPACE)
    claims = f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    kubernetes.call("POST", claims, {"metadata": {"name": "data"}, "spec": spec})
    end_with_group(lambda: kubernetes.give_up_namespace(NAMESPACE))
    return Seen(kubernetes, STATE / "volumes" / f"{NAMESPACE}-data")


@pytest.fixture(scope="session")
def refs(seen: Seen, new_stack: NewStack) -> dict[str, Mapping[str, Any]]:
    """The ClusterRefs of running session clusters, by Flink version; the namespace ends them."""
    stack = new_stack("clusters")
    run = stack.up(clusters_program(DEFAULT_VERSIONS, seen.kubernetes.kubeconfig))
    assert run.ok, run.error
    until("the volume's folder", 30, seen.data.is_dir)
    return {version: run.outputs[version] for version in DEFAULT_VERSIONS}


@pytest.fixture
def job(
    refs: dict[str, Mapping[str, Any]], seen: Seen, new_stack: NewStack
) -> Iterator[StackOfJob]:
    """A stack for a job of its own."""
    name, ref = f"job-{next(_numbers)}", refs[DEFAULT_VERSIONS[-1]]
    yield StackOfJob(name, new_stack(name), ref, seen)
    flink = seen.flink(ref)
    for left in flink.jobs():
        if left.state not in ENDED:
            flink.cancel(left.id)
