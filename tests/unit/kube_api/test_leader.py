"""Where JobManagers stand by, requests go to the one that leads, and follow it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from flink_components.flink.errors import FlinkError, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.kube.api import KubeApi
from flink_components.kube.leader import leader_url
from flink_components.kube.objects import labels
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from tests.unit.doubles.fake_kube import FakeKube, status
from tests.unit.doubles.wire import Answer, Call, Fault, Wire

SERVER = "https://kubernetes.example.org:6443"
PODS = "/api/v1/namespaces/payments/pods"
ANNOUNCED = "org.apache.flink.k8s.leader.restserver"
REF = load(
    ClusterRef,
    {
        "key": "payments/etl",
        "namespace": "payments",
        "name": "etl",
        "revision": 2,
        "service": "etl-r2-rest",
        "flink_version": "1.20.3",
        "leader": "etl-r2-ha-cluster-config-map",
    },
)
ADDRESSES = {"etl-r2-jobmanager-a": "10.1.0.7", "etl-r2-jobmanager-b": "10.1.0.8"}


class Cluster:
    """An API server with two JobManagers, of which pods answer with their own name."""

    def __init__(self) -> None:
        self.kube = FakeKube()
        self.kube.put("Service", "payments", "etl-r2-rest")
        for name, address in ADDRESSES.items():
            self.kube.put(
                "Pod",
                "payments",
                name,
                labels=labels.identity("session-cluster", "payments/etl", 2, "jobmanager"),
                status={"podIP": address},
            )
        self.announce("10.1.0.7")
        self.wire = Wire(self, threading.RLock())
        self.api = KubeApi(SERVER, self.wire)

    def announce(self, address: str) -> None:
        name = "etl-r2-ha-cluster-config-map"
        self.kube.objects.pop(("ConfigMap", "payments", name), None)
        value = f"3f6a,http://{address}:8081"
        self.kube.put("ConfigMap", "payments", name, data={ANNOUNCED: value})

    def handle(self, call: Call) -> tuple[int, Any]:
        if "/proxy" not in call.path:
            return self.kube.handle(call.method, call.path, call.query, call.body)
        pod = call.path.removeprefix(f"{PODS}/").partition(":")[0]
        if ("Pod", "payments", pod) not in self.kube.objects:
            return status(404, "NotFound", f'pods "{pod}" not found')
        return 200, {"files": [{"id": f"{pod}.jar"}]}

    def later(self, call: Call) -> None:
        raise AssertionError(call)

    def client(self) -> FlinkClient:
        return FlinkClient(lambda: leader_url(self.api, REF), self.wire, "1.20.3", retry_pause=0.0)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_the_announced_leader_is_reached_by_the_pod_proxy(cluster: Cluster) -> None:
    assert leader_url(cluster.api, REF) == f"{SERVER}{PODS}/etl-r2-jobmanager-a:8081/proxy"


def test_a_client_asks_who_leads_at_its_first_request_and_not_again(cluster: Cluster) -> None:
    client = cluster.client()
    assert cluster.wire.calls == []
    assert (client.jars(), client.jars()) == (["etl-r2-jobmanager-a.jar"],) * 2
    asked = [call.path for call in cluster.wire.calls if "configmaps" in call.path]
    assert len(asked) == 1


def test_a_read_goes_on_with_the_next_leader_where_the_pod_of_the_last_is_gone(
    cluster: Cluster,
) -> None:
    client = cluster.client()
    client.jars()
    del cluster.kube.objects[("Pod", "payments", "etl-r2-jobmanager-a")]
    cluster.announce("10.1.0.8")
    assert client.jars() == ["etl-r2-jobmanager-b.jar"]


def test_a_change_whose_answer_was_lost_is_not_sent_to_the_next_leader(cluster: Cluster) -> None:
    client = cluster.client()
    client.jars()
    cluster.wire.inject(Fault.LOST, lambda call: call.method == "PATCH")
    cluster.announce("10.1.0.8")
    with pytest.raises(FlinkUnreachable):
        client.cancel("1" * 32)
    assert [call.path for call in cluster.wire.calls if call.method == "PATCH"] == [
        f"{PODS}/etl-r2-jobmanager-a:8081/proxy/jobs/{'1' * 32}"
    ]
    assert client.jars() == ["etl-r2-jobmanager-b.jar"]


def test_a_pod_that_is_not_found_is_no_cluster_that_is_gone(cluster: Cluster) -> None:
    client = cluster.client()
    client.jars()
    del cluster.kube.objects[("Pod", "payments", "etl-r2-jobmanager-a")]
    with pytest.raises(FlinkUnreachable) as error:
        client.cancel("1" * 32)
    assert error.value.status == 0


@pytest.mark.parametrize("announced", ["10.1.0.9", None])
def test_while_nobody_leads_it_is_unreachable(cluster: Cluster, announced: str | None) -> None:
    if announced:
        cluster.announce(announced)
    else:
        del cluster.kube.objects[("ConfigMap", "payments", "etl-r2-ha-cluster-config-map")]
    with pytest.raises(FlinkUnreachable) as error:
        cluster.client().jars()
    assert str(error.value) == (
        "no JobManager of the session cluster payments/etl r2 leads at the moment"
    )
    assert error.value.status == 0


def test_a_cluster_whose_service_is_gone_is_gone(cluster: Cluster) -> None:
    cluster.kube.objects.clear()
    with pytest.raises(FlinkUnreachable) as error:
        cluster.client().jars()
    assert error.value.status == 404


def test_an_api_server_that_does_not_answer_is_unreachable(cluster: Cluster) -> None:
    cluster.wire.inject(Fault.REFUSED, lambda _: True, times=9)
    with pytest.raises(FlinkUnreachable, match="connection refused"):
        cluster.client().jars()


def test_a_right_that_is_missing_is_named(cluster: Cluster) -> None:
    refused = Answer(*status(403, "Forbidden", 'cannot get resource "configmaps"'))
    cluster.wire.inject(refused, lambda call: "configmaps" in call.path)
    with pytest.raises(FlinkError) as error:
        cluster.client().jars()
    assert (str(error.value), error.value.status) == (
        "the leader of the session cluster payments/etl can't be looked for: "
        'cannot get resource "configmaps"',
        403,
    )


def test_a_job_manager_that_knows_no_leader_has_carried_nothing_out(cluster: Cluster) -> None:
    text = "Service temporarily unavailable due to an ongoing leader election. Please refresh."
    cluster.wire.inject(Answer(503, {"errors": [text]}), lambda call: call.method == "PATCH")
    with pytest.raises(FlinkUnreachable, match="ongoing leader election"):
        cluster.client().cancel("1" * 32)
