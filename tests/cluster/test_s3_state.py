"""Savepoints, checkpoints and the data of high availability in an S3 that pods reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from examples.jobs.jars import build
from flink_components import SessionCluster, SessionJob
from flink_components.flink.answers import Checkpoint
from flink_components.flink.rest import FlinkClient
from flink_components.kube.access import Access
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from sandbox.images import DEFAULT_VERSIONS
from sandbox.node import layout
from tests.cluster.ground import counting, environment, namespace_with_volume
from tests.cluster.object_store import ObjectStore, object_store
from tests.cluster.stacks import JobStack, NewStack
from tests.conformance.lab import Program, Run
from tests.lifecycle.kubernetes import Kubernetes, until

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

NAMESPACE = "test-s3-state"
PATIENCE = 180
"""Seconds that anything may take on a busy machine."""
BUCKET = "acme-flink"
KEYS = {"AWS_ACCESS_KEY_ID": "dGVzdA==", "AWS_SECRET_ACCESS_KEY": "dGVzdA=="}


@dataclass(frozen=True)
class InS3:
    """Clusters of each version whose state is in one bucket, each below its own prefix."""

    kubernetes: Kubernetes
    store: ObjectStore
    stack: JobStack

    def up(self, jar: str = "stateful-v1") -> Run:
        run = self.stack.up(self._declared(jar))
        assert run.ok, run.error
        return run

    def keys(self, version: str, folder: str) -> list[str]:
        """What the bucket has in a folder of the cluster's state."""
        return self.store.keys(BUCKET, f"{_name(version)}/{folder}/")

    def flink(self, ref: Mapping[str, Any]) -> FlinkClient:
        return Access().flink(load(ClusterRef, ref))

    def _declared(self, jar: str) -> Program:
        def program() -> None:
            for version in DEFAULT_VERSIONS:
                env = environment(NAMESPACE, self.kubernetes.kubeconfig, slots=1)
                name = _name(version)
                s3 = {
                    "endpoint": self.store.endpoint,
                    "path_style": True,
                    "keys": {"secret": "s3-keys"},
                }
                storage = {"uri": f"s3://{BUCKET}/{name}", "s3": s3}
                env = env.but(
                    flink_version=version,
                    savepoint_dir=None,
                    checkpoint_dir=None,
                    state_storage=storage,
                )
                cluster = SessionCluster(name, {}, env=env)
                given = counting(f"counts-{name}", str(build()[jar]))
                given.pop("savepoint_dir")
                job = SessionJob(f"counts-{name}", {"cluster": cluster, **given}, env=env)  # type: ignore[arg-type]
                pulumi.export(f"{version} ref", cluster.ref)
                pulumi.export(f"{version} job", job.job_id)
                pulumi.export(f"{version} restored", job.restored_from)

        return program


def _name(version: str) -> str:
    return f"flink-{version.replace('.', '-')}"


@pytest.fixture(scope="module")
def in_s3(kubeconfig: str, new_stack: NewStack) -> Iterator[InS3]:
    kubernetes = Kubernetes(kubeconfig)
    with (
        object_store(layout.NODE_ADDRESS) as store,
        namespace_with_volume(kubernetes, NAMESPACE),
    ):
        store.client.create_bucket(Bucket=BUCKET)
        secrets = f"/api/v1/namespaces/{NAMESPACE}/secrets"
        kubernetes.call("POST", secrets, {"metadata": {"name": "s3-keys"}, "data": KEYS})
        yield InS3(kubernetes, store, new_stack("s3-state"))


def test_jobs_keep_their_state_in_s3_and_are_upgraded_from_there(in_s3: InS3) -> None:
    first = in_s3.up()
    for version in DEFAULT_VERSIONS:
        client = in_s3.flink(first.outputs[f"{version} ref"])
        job_id = first.outputs[f"{version} job"]
        newest = until("a checkpoint", PATIENCE, _newest(client, job_id))
        assert newest.path.startswith(f"s3://{BUCKET}/{_name(version)}/checkpoints/{job_id}/")
        assert in_s3.keys(version, "high-availability") != []
    second = in_s3.up("stateful-v2")
    for version in DEFAULT_VERSIONS:
        restored = second.outputs[f"{version} restored"]
        where = (
            f"s3://{BUCKET}/{_name(version)}/savepoints/{NAMESPACE}/counts-{_name(version)}/1-1/"
        )
        assert restored.startswith(where)
        assert in_s3.keys(version, "savepoints") != []


def test_no_key_is_in_a_config_map(in_s3: InS3) -> None:
    found = in_s3.kubernetes.call("GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps")
    texts = [text for one in found["items"] for text in (one.get("data") or {}).values()]
    assert any("s3.endpoint" in text for text in texts)
    assert not any("AWS_" in text or "s3.access-key" in text for text in texts)


def test_an_s3_that_is_away_is_said_in_seconds(in_s3: InS3) -> None:
    run = in_s3.up("stateful-v2")
    in_s3.store.stop()
    for version in DEFAULT_VERSIONS:
        client = in_s3.flink(run.outputs[f"{version} ref"])
        job_id, trigger = run.outputs[f"{version} job"], "a" * 32
        client.savepoint(job_id, f"s3://{BUCKET}/{_name(version)}/savepoints/one", trigger)
        result = until("an answer", PATIENCE, _ended(client, job_id, trigger))
        failure = result + str(client.failure(job_id))
        assert "Connection refused" in failure


def _ended(client: FlinkClient, job_id: str, trigger: str) -> Callable[[], str | None]:
    def look() -> str | None:
        result = client.savepoint_result(job_id, trigger)
        return str(result.failure) if result.done else None

    return look


def _newest(client: FlinkClient, job_id: str) -> Callable[[], Checkpoint | None]:
    return lambda: client.checkpoints(job_id).newest
