"""What the steps of one job's life cycle share: the lock, the clock, the way to Flink, the row."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from flink_components.flink.graph_cache import GraphCache
from flink_components.flink.rest import FlinkClient
from flink_components.kube.api import KubeApi, KubeError
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.ledger import Held, Ledger
from flink_components.lifecycle.waiting import Clock
from flink_components.plan.go import marks, taken_in, written_beside
from flink_components.plan.record import Record
from flink_components.spec.base import load
from flink_components.spec.connection import Connection
from flink_components.spec.ref import ClusterRef

T = TypeVar("T")


class Beside(Protocol):
    """Begins work that goes on while something else is done."""

    def __call__(self, work: Callable[[], T]) -> Future[T]:
        """Its result, to wait for where it is needed."""


class Reach(Protocol):
    """How clusters are reached; `kube.access.Access` in earnest."""

    def api(self, connection: Connection | None) -> KubeApi:
        """The API server."""

    def flink(self, ref: ClusterRef) -> FlinkClient:
        """Flink's REST API."""


def _silent(_: str) -> None:
    return


def in_a_thread(work: Callable[[], T]) -> Future[T]:
    """Begins work in a thread of its own; its result is waited for where it is needed."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name="beside").start()
    return future


@dataclass(frozen=True)
class Workshop:
    """What every life cycle call is given: the way to clusters, a clock, and a row for progress.

    warn: says what a person should know, and stays on the screen.
    graphs: job graphs that this machine has found before, if it keeps them.
    late_seconds: how long a request whose answer was lost may still be carried out.
    """

    reach: Reach
    clock: Clock = field(default_factory=Clock)
    say: Callable[[str], None] = _silent
    beside: Beside = in_a_thread
    late_seconds: float = 180.0
    warn: Callable[[str], None] = _silent
    graphs: GraphCache | None = None

    def flink(self, cluster: Mapping[str, Any] | ClusterRef) -> FlinkClient:
        """Flink behind a ClusterRef, as a model or as the ledger keeps it."""
        ref = cluster if isinstance(cluster, ClusterRef) else load(ClusterRef, cluster)
        return self.reach.flink(ref)

    def ledger(self, connection: Connection | None, namespace: str, key: str) -> Ledger[Record]:
        """The ledger of a job."""
        return Ledger(
            self.reach.api(connection),
            namespace,
            key,
            "job",
            Record,
            self.clock,
            beside=written_beside,
            take_in=taken_in,
            marks=marks,
        )


HeldRecord = Held[Record]


@contextmanager
def meanwhile(
    shop: Workshop,
    work: Callable[[], object],
    failed: str,
    then: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Does work beside the block, by its end, and `then` something here where it succeeded.

    What can't be done is said after `failed`, and is no error.
    """

    def problem() -> str:
        try:
            work()
        except (KubeError, LifecycleError) as error:
            return str(error)
        return ""

    begun = shop.beside(problem)
    try:
        yield
    finally:
        found = begun.result()
        if found:
            shop.say(f"{failed}: {found}")
        else:
            then()
