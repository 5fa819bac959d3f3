"""One Kubernetes cluster with Flink session clusters in it, and processes that talk to it."""

from __future__ import annotations

import re
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from flink_components.flink.errors import FlinkError
from flink_components.flink.jar import content
from flink_components.flink.rest import FlinkClient
from flink_components.kube.api import KubeApi
from flink_components.lifecycle.anchoring import anchor, release
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.session_job import Wish, ensure
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Owner, Record, Run
from flink_components.spec.base import load
from flink_components.spec.connection import Connection
from flink_components.spec.job import SessionJobSpec
from flink_components.spec.ref import ClusterRef
from tests.unit.doubles.clock import FakeClock
from tests.unit.doubles.fake_flink import FakeFlink
from tests.unit.doubles.fake_kube import FakeKube, status
from tests.unit.doubles.flink_jobs import FakeJob, Storage
from tests.unit.doubles.wire import Answer, Call, Fault, When, Wire

T = TypeVar("T")
SERVER = "https://kubernetes.example.org:6443"
NAMESPACE = "payments"
KEY = "payments/fraud"
OWNER = Owner(stack="acme/flink/prod", urn="urn:pulumi:prod::flink::fraud")
SAVEPOINTS = "file:///savepoints"
LATE_SECONDS = 100.0
_PROXIED = re.compile(r"/api/v1/namespaces/([^/]+)/services/([^/:]+):\d+/proxy(/.*)")


class World:
    """Everything outside of the processes under test."""

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        self.folder = folder
        self.clock = clock or FakeClock()
        self.kube = FakeKube()
        self.storage = Storage()
        self.clusters: dict[tuple[str, str], FakeFlink] = {}
        self.mutex = threading.RLock()
        self.flink = self.add_cluster("etl", 1)
        self._later: list[tuple[float, Call]] = []

    def add_cluster(self, name: str, revision: int) -> FakeFlink:
        """One revision of a session cluster, with its Service."""
        service = f"{name}-r{revision}-rest"
        self.kube.put("Service", NAMESPACE, service)
        made = FakeFlink(service, self.clock, self.storage, self.clusters)
        self.clusters[(NAMESPACE, service)] = made
        return made

    def handle(self, call: Call) -> tuple[int, Any]:
        """The API server, and Flink behind its service proxy."""
        self.tick()
        match = _PROXIED.fullmatch(call.path)
        if match is None:
            return self.kube.handle(call.method, call.path, call.query, call.body)
        namespace, service, path = match.groups()
        if ("Service", namespace, service) not in self.kube.objects:
            return status(404, "NotFound", f'services "{service}" not found')
        flink = self.clusters[(namespace, service)]
        if not flink.up:
            return status(503, "ServiceUnavailable", "no endpoints available for service")
        return flink.handle(call.method, path, call.query, call.body)

    def later(self, call: Call) -> None:
        """The call arrives only after a while."""
        self._later.append((self.clock.now() + LATE_SECONDS, call))

    def tick(self) -> None:
        """Lets happen what was due by now."""
        due = [call for at, call in self._later if at <= self.clock.now()]
        self._later = [(at, call) for at, call in self._later if at > self.clock.now()]
        for flink in self.clusters.values():
            flink.tick()
        for call in due:
            self.handle(call)

    def advance(self, seconds: float) -> None:
        """Time goes by, and what is due happens when it is due."""
        end = self.clock.now() + seconds
        for due in sorted(at for at, _ in self._later if at < end):
            self.clock.time = due
            self.tick()
        self.clock.time = end
        self.tick()

    def jar(self, name: str = "fraud", entries: str = "1") -> str:
        """A jar file; the same `entries` are the same content."""
        path = self.folder / f"{name}-{entries}.jar"
        if not path.exists():
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("org/acme/Job.class", f"{name} {entries}")
        return str(path)

    def wish(self, **changes: Any) -> Wish:
        """A declared job."""
        values = {**self.inputs(), **changes}
        values = {name: value for name, value in values.items() if value is not None}
        spec = load(SessionJobSpec, values)
        return Wish(spec, content(spec.jar, spec.jar_sha256))

    def inputs(self) -> dict[str, Any]:
        """What a user declares."""
        return {
            "key": KEY,
            "name": "fraud",
            "namespace": NAMESPACE,
            "cluster": ref(),
            "jar": self.jar(),
            "entry_class": "org.acme.Fraud",
            "args": ["fraud"],
            "savepoint_dir": SAVEPOINTS,
            "deadlines": {"stable": "20 s"},
        }

    def active(self, group: str = "fraud") -> list[FakeJob]:
        """The attempts of one job that have not ended, on whatever cluster."""
        found = [job for flink in self.clusters.values() for job in flink.active()]
        return [job for job in found if job.group == group]

    def the_job(self) -> FakeJob:
        """The one that runs."""
        (job,) = self.active()
        return job

    def record(self, key: str = KEY) -> Record:
        """The ledger as it is stored."""
        found = Process(self).ledger(key).read()
        assert found is not None
        return found


def ref(name: str = "etl", revision: int = 1, version: str = "1.20.3") -> dict[str, Any]:
    """A reference to one of the clusters."""
    return {
        "key": f"payments/{name}",
        "namespace": NAMESPACE,
        "name": name,
        "revision": revision,
        "service": f"{name}-r{revision}-rest",
        "flink_version": version,
    }


def at_once(work: Callable[[], T]) -> Future[T]:
    """Work that is not done beside anything."""
    future: Future[T] = Future()
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
    return future


@dataclass
class Process:
    """One run of the tool: its own connection, which can fail, and what it said."""

    world: World
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wire = Wire(self.world, self.world.mutex)
        self._api = KubeApi(SERVER, self.wire)
        # At once, and not in a thread: a death at the n-th call is always the same death.
        self.shop = Workshop(self, self.world.clock, self.said.append, at_once)

    def api(self, connection: Connection | None) -> KubeApi:
        """The API server; as kube.access.Access gives it."""
        return self._api

    def flink(self, ref: ClusterRef) -> FlinkClient:
        """Flink behind the API server's proxy; by a uid the Service is known again."""
        service = self.world.kube.objects.get(("Service", ref.namespace, ref.service))
        if ref.uid and (service is None or service["metadata"]["uid"] != ref.uid):
            raise FlinkError(f"the Service {ref.namespace}/{ref.service} is not the one")
        base = self._api.service_proxy(ref.namespace, ref.service, ref.port)
        return FlinkClient(base, self._api.session, ref.flink_version, retry_pause=0.0)

    def ledger(self, key: str = KEY) -> Ledger[Record]:
        """The ledger of a job."""
        return self.shop.ledger(None, NAMESPACE, key)

    def anchor(self, key: str = KEY, owner: Owner = OWNER, **options: Any) -> Record:
        """What JobAnchor does."""
        return anchor(self.ledger(key), owner, **options)

    def ensure(self, wish: Wish, before: Wish | None = None, last: Run | None = None) -> Record:
        """What the job's resource does."""
        return ensure(self.shop, wish, before, last)

    def release(self, wish: Wish, owner: Owner = OWNER) -> str:
        """What the delete of JobAnchor does."""
        return release(self.shop, self.ledger(wish.spec.key), owner, wish.spec)

    def inject(self, fault: Fault | Answer, when: When, times: int = 1) -> None:
        """Lets something happen to the next calls for which `when` holds."""
        self.wire.inject(fault, when, times)

    def kill(self, fault: Fault, number: int) -> None:
        """Ends this process at one of its calls."""
        self.wire.inject(fault, lambda call: call.number == number)


def calls_to(method: str, ending: str) -> When:
    """Calls of one method whose path ends so."""
    return lambda call: call.method == method and call.path.endswith(ending)


def mutating(call: Call) -> bool:
    """Calls to Flink that change something."""
    return "/proxy/" in call.path and call.method != "GET" and not call.path.endswith("/plan")
