"""A session cluster with a standby: the leader dies, and its job goes on from its checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from examples.jobs.jars import build
from flink_components import SessionCluster, SessionJob
from flink_components.flink.errors import FlinkError
from flink_components.kube.leader import leader_url
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from tests.cluster.ground import Ground, counting, environment, namespace_with_volume
from tests.cluster.stacks import JobStack, NewStack
from tests.conformance.lab import Program, Run
from tests.lifecycle.kubernetes import Kubernetes, until

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

NAMESPACE = "test-high-availability"
PATIENCE = 180
"""Seconds that anything may take on a busy machine."""
JOB_ARGUMENTS = {"on_delete": "cancel"}


def declared(jar: str, kubeconfig: str, **cluster: Any) -> Program:
    """A cluster of two JobManagers whose data is on the volume, and a job."""

    def program() -> None:
        env = environment(NAMESPACE, kubeconfig, slots=2)
        args: dict[str, Any] = {
            "high_availability": {"storage_dir": "file:///data/ha"},
            # Enough for three processes that start at once on a machine with other work.
            "job_manager": {"replicas": 2, "cpu": "200m"},
            "task_manager": {"replicas": 1, "slots": 2, "memory": "1200Mi", "cpu": "200m"},
            **cluster,
        }
        main = SessionCluster("main", args, env=env)  # type: ignore[arg-type]
        given = {"cluster": main, **counting("counts", str(build()[jar])), **JOB_ARGUMENTS}
        job = SessionJob("counts", given, env=env)  # type: ignore[arg-type]
        pulumi.export("ref", main.ref)
        pulumi.export("job_id", job.job_id)

    return program


@dataclass(frozen=True)
class Standby:
    """The cluster as it is seen from outside, and its stack."""

    ground: Ground
    stack: JobStack

    @property
    def kubernetes(self) -> Kubernetes:
        return self.ground.kubernetes

    def up(self, jar: str = "stateful-v1", **cluster: Any) -> Run:
        run = self.stack.up(declared(jar, self.kubernetes.kubeconfig, **cluster))
        assert run.ok, run.error
        return run

    def leader(self, ref: dict[str, Any]) -> str:
        """The name of the pod that leads."""
        url = leader_url(self.kubernetes.api, load(ClusterRef, ref))
        return url.rpartition("/pods/")[2].partition(":")[0]

    def names(self, kind: str, path: str = "/api/v1") -> list[str]:
        found = self.kubernetes.call("GET", f"{path}/namespaces/{NAMESPACE}/{kind}")
        return sorted(one["metadata"]["name"] for one in found["items"])

    def metadata(self) -> list[str]:
        return [name for name in self.names("configmaps") if "-ha-" in name]

    def kill(self, pod: str) -> None:
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}"
        self.kubernetes.call("DELETE", path, {"gracePeriodSeconds": 0})


@pytest.fixture(scope="module")
def standby(kubeconfig: str, new_stack: NewStack) -> Iterator[Standby]:
    kubernetes = Kubernetes(kubeconfig)
    with namespace_with_volume(kubernetes, NAMESPACE):
        stack = new_stack("high-availability")
        made = Standby(Ground(kubernetes, NAMESPACE, {}), stack)
        ref = made.up().outputs["ref"]
        yield Standby(Ground(kubernetes, NAMESPACE, ref), stack)


def test_a_job_goes_on_when_its_leader_dies_and_is_upgraded_on_the_next_one(
    standby: Standby,
) -> None:
    ground, ref = standby.ground, dict(standby.ground.ref)
    job_id = standby.up().outputs["job_id"]
    ground.written("counts", seconds=PATIENCE)
    assert ref["leader"] == "main-r1-ha-cluster-config-map"
    job_managers = [name for name in standby.names("pods") if "-jobmanager-" in name]
    first = standby.leader(ref)
    assert (len(job_managers), first in job_managers) == (2, True)
    flink = ground.flink
    until("a checkpoint", PATIENCE, lambda: flink.checkpoints(job_id).newest)

    standby.kill(first)
    # The one that stands by, or the one that Kubernetes starts in the place of the first.
    until("the next leader", PATIENCE, _another(standby, ref, first))
    until("the job", PATIENCE, lambda: _running(ground, job_id))
    restored = until("its checkpoint", PATIENCE, lambda: flink.checkpoints(job_id).restored)
    assert f"/data/checkpoints/{job_id}/chk-" in restored

    run = standby.up("stateful-v2")
    assert run.outputs["job_id"] != job_id
    report = ground.written("counts", "v2", PATIENCE)
    assert report.ok, str(report)


def test_what_is_removed_takes_its_metadata_and_rights_along(standby: Standby) -> None:
    assert {name.partition("-ha-")[0] for name in standby.metadata()} == {"main-r1"}
    standby.up("stateful-v2", config={"heartbeat.timeout": "40 s"})
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    assert {name.partition("-ha-")[0] for name in standby.metadata()} == {"main-r2"}
    until("the old role's end", PATIENCE, lambda: standby.names("roles", rbac) == ["main-r2-ha"])
    gone = standby.stack.destroy()
    assert gone.ok, gone.error
    assert standby.metadata() == []
    until("the role's end", PATIENCE, lambda: standby.names("rolebindings", rbac) == [])


def _another(standby: Standby, ref: dict[str, Any], last: str) -> Callable[[], str | None]:
    """The leader, once it is another pod; unreachable meanwhile."""

    def look() -> str | None:
        try:
            now = standby.leader(ref)
        except FlinkError:
            return None
        return now if now != last else None

    return look


def _running(ground: Ground, job_id: str) -> bool:
    try:
        return ground.flink.status(job_id) == "RUNNING"
    except FlinkError:
        return False
