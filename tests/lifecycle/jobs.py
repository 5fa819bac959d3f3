"""One job under one key on a real Flink, its ledger on a real API server, its output on disk."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from examples.jobs.check import Report, check
from examples.jobs.jars import build
from flink_components.flink.jar import content
from flink_components.flink.rest import FlinkClient
from flink_components.kube.access import Access
from flink_components.lifecycle.anchoring import anchor, release
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.session_job import Wish, ensure
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Owner, Record, Run
from flink_components.spec.base import load
from flink_components.spec.job import SessionJobSpec
from flink_components.spec.ref import ClusterRef
from tests.lifecycle.kubernetes import Kubernetes
from tests.local_flink import LocalFlink
from tests.output import written

OWNER = Owner(stack="acme/flink/dev", urn="urn:pulumi:dev::flink::job")


def local_ref(flink: LocalFlink, kubernetes: Kubernetes, namespace: str) -> ClusterRef:
    """A Flink on loopback, reached by its plain URL, whose jobs have their ledgers there."""
    return load(
        ClusterRef,
        {
            "key": f"{namespace}/local",
            "namespace": namespace,
            "name": "local",
            "revision": 1,
            "service": "local-r1-rest",
            "flink_version": flink.version,
            "connection": {"rest_url": flink.url, "kubeconfig": kubernetes.kubeconfig},
        },
    )


@dataclass
class JobUnderTest:
    """Declares, runs, upgrades and ends one job; `said` is what its row showed."""

    name: str
    ref: ClusterRef
    output: Path
    savepoints: Path
    said: list[str] = field(default_factory=list)
    access: Access = field(default_factory=Access)

    @property
    def key(self) -> str:
        return f"{self.ref.namespace}/{self.name}"

    @property
    def shop(self) -> Workshop:
        return Workshop(self.access, say=self.said.append)

    @property
    def ledger(self) -> Ledger[Record]:
        return self.shop.ledger(self.ref.connection, self.ref.namespace, self.key)

    @property
    def record(self) -> Record:
        found = self.ledger.read()
        assert found is not None
        return found

    @property
    def run(self) -> Run:
        found = self.record.run
        assert found is not None
        return found

    @property
    def flink(self) -> FlinkClient:
        return self.access.flink(self.ref)

    def wish(self, jar: str = "stateful-v1", *args: str, **changes: Any) -> Wish:
        """A declaration: an example job by name or any jar by location, with changed fields."""
        location = str(build()[jar]) if "/" not in jar else jar
        given = ["--output", str(self.output), "--rate", "200", "--checkpoint-interval", "300"]
        values: dict[str, Any] = {
            "name": self.name,
            "namespace": self.ref.namespace,
            "key": self.key,
            "cluster": self.ref.to_json(),
            "jar": location,
            "args": [*given, *args],
            "savepoint_dir": self.savepoints.as_uri(),
            "deadlines": {"stable": "2 min"},
            **changes,
        }
        spec = load(SessionJobSpec, values)
        return Wish(spec, content(spec.jar, spec.jar_sha256))

    def up(self, wish: Wish, before: Wish | None = None, last: Run | None = None) -> Record:
        """What `pulumi up` does with the job: the anchor, then the job itself."""
        anchor(self.ledger, OWNER)
        return ensure(self.shop, wish, before, last)

    def destroy(self, wish: Wish) -> str:
        """What `pulumi destroy` does with it."""
        return release(self.shop, self.ledger, OWNER, wish.spec)

    def state(self, job_id: str | None = None) -> str:
        """Flink's state of the job that the ledger names, or of another."""
        return self.flink.status(job_id or self.run.job_id)

    def written(self, version: str = "v1", more_than: int = 0, seconds: float = 60) -> Report:
        """Waits until records of `version` are committed; what the output proves then."""
        return written(self.output, version, more_than, seconds)

    def goes_on(self, version: str = "v1") -> Report:
        """Waits for more records than there are now."""
        before = check(self.output).versions.get(version, 0)
        return self.written(version, before + 20)

    def elsewhere(self, **connection: Any) -> JobUnderTest:
        """The same job, reached by another connection."""
        changed = {**self.ref.connection.model_dump(exclude_none=True), **connection}
        ref = load(ClusterRef, {**self.ref.to_json(), "connection": changed})
        return replace(self, ref=ref, access=Access(), said=[])
