"""The API server's answers as objects and errors."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from flink_components.kube.api import (
    Conflict,
    Forbidden,
    KubeApi,
    KubeError,
    NotFound,
    Unreachable,
)
from tests.unit.doubles.fake_kube import FakeKube
from tests.unit.doubles.wire import Answer, Call, Fault, Wire

SERVER = "https://k.example.org"


class Kube:
    """The double behind a wire."""

    def __init__(self) -> None:
        self.fake = FakeKube()
        self.wire = Wire(self, threading.RLock())
        self.api = KubeApi(SERVER, self.wire)

    def handle(self, call: Call) -> tuple[int, Any]:
        return self.fake.handle(call.method, call.path, call.query, call.body)

    def later(self, call: Call) -> None:
        raise AssertionError(call)


@pytest.fixture
def kube() -> Kube:
    return Kube()


def body(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"a": 1, "b": 2}}


def test_create_and_get(kube: Kube) -> None:
    made = kube.api.create("Lease", "n", body("x"))
    assert kube.api.get("Lease", "n", "x") == made
    assert kube.wire.calls[0].path == "/apis/coordination.k8s.io/v1/namespaces/n/leases"


def test_what_exists_is_not_created_again(kube: Kube) -> None:
    kube.api.create("Service", "n", body("x"))
    with pytest.raises(Conflict, match='services "x" already exists'):
        kube.api.create("Service", "n", body("x"))


def test_a_replace_with_an_old_version_is_a_conflict(kube: Kube) -> None:
    old = kube.api.create("Lease", "n", body("x"))
    kube.api.replace("Lease", "n", "x", old)
    with pytest.raises(Conflict, match="the object has been modified"):
        kube.api.replace("Lease", "n", "x", old)


def test_a_patch_changes_the_given_fields_only(kube: Kube) -> None:
    kube.api.create("Deployment", "n", body("x"))
    found = kube.api.patch("Deployment", "n", "x", {"spec": {"b": 3, "a": None}})
    assert found["spec"] == {"b": 3}


def test_a_list_takes_what_the_selector_takes(kube: Kube) -> None:
    kube.api.create("Pod", "n", body("x", app="a", part="1"))
    kube.api.create("Pod", "n", body("y", app="a", part="2"))
    kube.api.create("Pod", "m", body("z", app="a", part="1"))
    found = kube.api.list("Pod", "n", "app=a,part=1")
    assert [item["metadata"]["name"] for item in found] == ["x"]
    assert kube.wire.calls[-1].query == "labelSelector=app=a,part=1"


def test_what_is_gone_is_deleted(kube: Kube) -> None:
    kube.api.delete("Pod", "n", "x")
    kube.api.create("Pod", "n", body("x"))
    kube.api.delete("Pod", "n", "x")
    assert kube.fake.names("Pod", "n") == []
    assert kube.wire.calls[-1].body == {"propagationPolicy": "Foreground"}


def test_the_way_to_a_service(kube: Kube) -> None:
    assert kube.api.service_proxy("n", "etl-rest", 8081) == (
        "https://k.example.org/api/v1/namespaces/n/services/etl-rest:8081/proxy"
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (422, KubeError),
        (429, Unreachable),
        (500, KubeError),
        (502, Unreachable),
        (503, Unreachable),
        (504, Unreachable),
    ],
)
@pytest.mark.parametrize("told", [{"kind": "Status", "message": "because"}, b"<html>"])
def test_a_refusal_has_the_servers_own_reason(
    kube: Kube, status: int, kind: type[KubeError], told: Any
) -> None:
    kube.wire.inject(Answer(status, told), lambda _: True)
    with pytest.raises(KubeError) as error:
        kube.api.get("Pod", "n", "x")
    assert type(error.value) is kind
    assert error.value.message == ("because" if isinstance(told, dict) else f"HTTP {status}")
    assert error.value.status == status


@pytest.mark.parametrize(
    ("fault", "reason"), [(Fault.REFUSED, "connection refused"), (Fault.LOST, "timed out")]
)
def test_no_answer(kube: Kube, fault: Fault, reason: str) -> None:
    kube.wire.inject(fault, lambda _: True)
    with pytest.raises(Unreachable, match=f"^https://k.example.org does not answer: {reason}$"):
        kube.api.list("Pod", "n", "app=a")


def test_credentials_that_are_not_accepted_say_what_to_do(kube: Kube) -> None:
    kube.wire.inject(Answer(401, {"kind": "Status", "message": "Unauthorized"}), lambda _: True)
    with pytest.raises(Forbidden) as error:
        kube.api.get("Pod", "n", "x")
    assert str(error.value) == (
        "https://k.example.org does not accept the credentials: log in again, or mend them"
    )


@pytest.mark.parametrize("why", ["leader changed", "request timed out"])
def test_a_store_without_a_leader_is_one_that_does_not_answer(kube: Kube, why: str) -> None:
    told = {"kind": "Status", "message": f"etcdserver: {why}"}
    kube.wire.inject(Answer(500, told), lambda _: True)
    with pytest.raises(Unreachable, match=why):
        kube.api.get("Pod", "n", "x")


def test_the_log_of_a_container_is_its_text(kube: Kube) -> None:
    kube.fake.logs[("n", "x-0", True)] = "Caused by: it\nsays why"
    assert kube.api.log("n", "x-0", "jobmanager", previous=True) == "Caused by: it\nsays why"
    (call,) = kube.wire.calls
    assert call.path == "/api/v1/namespaces/n/pods/x-0/log"
    assert call.query == "container=jobmanager&tailLines=1000&previous=true"


def test_a_log_that_is_not_there_is_an_error_in_its_own_words(kube: Kube) -> None:
    with pytest.raises(KubeError, match='previous terminated container in "x-0" not found'):
        kube.api.log("n", "x-0", "jobmanager", previous=True)
