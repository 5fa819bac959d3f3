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
STATE = f"s3://{BUCKET}/main"
VERSION = DEFAULT_VERSIONS[-1]
"""The example of state in S3 runs on the other one."""
# Enough for processes that start on a machine with other work.
PODS = {
    "job_manager": {"cpu": "200m"},
    "task_manager": {"replicas": 1, "slots": 1, "memory": "1200Mi", "cpu": "200m"},
}
KEYS = {"AWS_ACCESS_KEY_ID": "dGVzdA==", "AWS_SECRET_ACCESS_KEY": "dGVzdA=="}


@dataclass(frozen=True)
class InS3:
    """A cluster whose state is in a bucket, below a prefix."""

    kubernetes: Kubernetes
    store: ObjectStore
    stack: JobStack

    def up(self, jar: str = "stateful-v1") -> Run:
        run = self.stack.up(self._declared(jar))
        assert run.ok, run.error
        return run

    def keys(self, folder: str) -> list[str]:
        """What the bucket has in a folder of the cluster's state."""
        return self.store.keys(BUCKET, f"main/{folder}/")

    def flink(self, ref: Mapping[str, Any]) -> FlinkClient:
        return Access().flink(load(ClusterRef, ref))

    def _declared(self, jar: str) -> Program:
        def program() -> None:
            s3 = {
                "endpoint": self.store.endpoint,
                "path_style": True,
                "keys": {"secret": "s3-keys"},
            }
            env = environment(NAMESPACE, self.kubernetes.kubeconfig, slots=1).but(
                flink_version=VERSION,
                savepoint_dir=None,
                checkpoint_dir=None,
                state_storage={"uri": STATE, "s3": s3},
            )
            cluster = SessionCluster("main", PODS, env=env)
            given = counting("counts", str(build()[jar]))
            given.pop("savepoint_dir")
            job = SessionJob("counts", {"cluster": cluster, **given}, env=env)  # type: ignore[arg-type]
            pulumi.export("ref", cluster.ref)
            pulumi.export("job", job.job_id)
            pulumi.export("restored", job.restored_from)

        return program


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


def test_a_job_keeps_its_state_in_s3_and_is_upgraded_from_there(in_s3: InS3) -> None:
    first = in_s3.up().outputs
    newest = until("a checkpoint", PATIENCE, _newest(in_s3.flink(first["ref"]), first["job"]))
    assert newest.path.startswith(f"{STATE}/checkpoints/{first['job']}/")
    assert in_s3.keys("high-availability") != []
    restored = in_s3.up("stateful-v2").outputs["restored"]
    assert restored.startswith(f"{STATE}/savepoints/{NAMESPACE}/counts/1-1/")
    assert in_s3.keys("savepoints") != []


def test_no_key_is_in_a_config_map(in_s3: InS3) -> None:
    found = in_s3.kubernetes.call("GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps")
    texts = [text for one in found["items"] for text in (one.get("data") or {}).values()]
    assert any("s3.endpoint" in text for text in texts)
    assert not any("AWS_" in text or "s3.access-key" in text for text in texts)


def _newest(client: FlinkClient, job_id: str) -> Callable[[], Checkpoint | None]:
    return lambda: client.checkpoints(job_id).newest
