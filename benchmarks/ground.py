"""What the benchmarks run on: the sandbox's node with a namespace, and a real Flink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flink_components.spec.ref import ClusterRef
from sandbox.images import DEFAULT_VERSIONS
from sandbox.node import lifecycle
from sandbox.paths import KUBECONFIG
from tests.lifecycle.jobs import local_ref
from tests.lifecycle.kubernetes import Kubernetes
from tests.local_flink import LocalFlink

_VERSION = DEFAULT_VERSIONS[0]
_CONFIG = {
    "web.refresh-interval": "200",
    "rest.cache.execution-graph.timeout": "200 ms",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "taskmanager.memory.network.min": "160m",
    "taskmanager.memory.network.max": "160m",
}


def bring_up_node() -> None:
    """The sandbox's node is up afterwards, and stays so: others may use it by then.

    Raises SandboxError.
    """
    lifecycle.up(DEFAULT_VERSIONS)


@contextmanager
def namespace(name: str) -> Iterator[str]:
    """A namespace for ledgers, which is deleted with them."""
    with Kubernetes(str(KUBECONFIG)).namespace(name):
        yield name


def local_flink(folder: Path, slots: int) -> LocalFlink:
    """A Flink with a session cluster's settings, on loopback: no pods, so little else is timed."""
    return LocalFlink(_VERSION, folder, slots, _CONFIG)


def reference(flink: LocalFlink, space: str) -> ClusterRef:
    """The Flink by its plain URL, with ledgers on the node's API server."""
    return local_ref(flink, Kubernetes(str(KUBECONFIG)), space)
