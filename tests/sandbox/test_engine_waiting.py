"""When an object counts as ready, from what the API server says about it and its pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sandbox.engine.kubernetes_provider import jsonpath
from sandbox.engine.kubernetes_provider.awaits import network, pods, storage, workloads
from sandbox.engine.kubernetes_provider.awaits.conditions import WaitForError, wait_for
from sandbox.engine.kubernetes_provider.awaits.progress import Awaited, Progress
from sandbox.engine.kubernetes_provider.manifests import Kind, name_of

ENDPOINTS = Kind("v1", "Endpoints")
REPLICA_SET = Kind("apps/v1", "ReplicaSet")
STORAGE_CLASS = Kind("storage.k8s.io/v1", "StorageClass")


class FakeView:
    """Objects that are there, and for how long nothing has changed."""

    def __init__(self, objects: Mapping[Kind, Sequence[Any]] | None = None, quiet: float = 60.0):
        self._objects = objects or {}
        self._quiet = quiet

    def all(self, kind: Kind) -> Sequence[Any]:
        return self._objects.get(kind, ())

    def one(self, kind: Kind, name: str) -> Any:
        return next((item for item in self.all(kind) if name_of(item) == name), None)

    def quiet_seconds(self, kind: Kind, name: str = "") -> float:
        return self._quiet

    def waited_seconds(self) -> float:
        return self._quiet


def check(
    awaited: Awaited, live: Any, view: FakeView | None = None, before: Any = None
) -> Progress:
    return awaited.check(live, before, view or FakeView())


def conditions(**states: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": status} for kind, status in states.items()]


def deployment(revision: str = "1", observed: int = 1, available: str = "True") -> dict[str, Any]:
    return {
        "metadata": {
            "name": "app",
            "uid": "d",
            "generation": 1,
            "annotations": {"deployment.kubernetes.io/revision": revision},
        },
        "status": {"observedGeneration": observed, "conditions": conditions(Available=available)},
    }


def replica_set(revision: str = "1", ready: int = 1) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "app-1",
            "uid": "r",
            "ownerReferences": [{"uid": "d"}],
            "annotations": {"deployment.kubernetes.io/revision": revision},
        },
        "spec": {"replicas": 1},
        "status": {"readyReplicas": ready},
    }


@pytest.mark.parametrize(
    ("live", "sets", "done"),
    [
        (deployment(), [replica_set()], True),
        (deployment(), [replica_set(ready=0)], False),
        (deployment(), [], False),
        (deployment(available="False"), [replica_set()], False),
        (deployment(observed=0), [replica_set()], False),
        (deployment(revision="2"), [replica_set(revision="1")], False),
        (deployment(revision="2"), [replica_set(revision="2")], False),
    ],
)
def test_deployment(live: Any, sets: Any, done: bool) -> None:
    assert check(workloads.DEPLOYMENT, live, FakeView({REPLICA_SET: sets})).done is done


def test_rolled_deployment_is_ready_when_its_new_replica_set_is_available() -> None:
    live = deployment(revision="2")
    live["status"]["conditions"].append(
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    )
    view = FakeView({REPLICA_SET: [replica_set(revision="2")]})
    assert check(workloads.DEPLOYMENT, live, view).done


def stateful(**status: Any) -> dict[str, Any]:
    usual = {
        "observedGeneration": 1,
        "replicas": 1,
        "readyReplicas": 1,
        "currentReplicas": 1,
        "currentRevision": "a",
        "updateRevision": "a",
    }
    return {
        "metadata": {"name": "s", "generation": 1},
        "spec": {"replicas": 1},
        "status": {**usual, **status},
    }


@pytest.mark.parametrize(
    ("live", "done"),
    [
        (stateful(), True),
        (stateful(readyReplicas=0), False),
        (stateful(updateRevision="b"), False),
        (stateful(observedGeneration=0), False),
    ],
)
def test_stateful_set(live: Any, done: bool) -> None:
    assert check(workloads.STATEFUL_SET, live).done is done


def job(**states: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "j"},
        "status": {"startTime": "now", "conditions": conditions(**states)},
    }


def test_job_is_ready_when_it_is_complete() -> None:
    assert check(workloads.JOB, job(Complete="True")).done


def test_failed_job_ends_the_wait() -> None:
    progress = check(workloads.JOB, job(Failed="True"))
    assert (progress.done, progress.failed) == (False, True)


def service(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "s"}, "spec": {"selector": {"a": "b"}, **spec}}


def endpoints(**subset: Any) -> FakeView:
    return FakeView({ENDPOINTS: [{"metadata": {"name": "s"}, "subsets": [subset]}]})


@pytest.mark.parametrize(
    ("live", "view", "done"),
    [
        (service(), endpoints(addresses=[{}]), True),
        (service(), endpoints(addresses=[{}], notReadyAddresses=[{}]), False),
        (service(), FakeView(quiet=9.0), False),
        (service(), FakeView(quiet=10.0), True),
        (service(clusterIP="None"), FakeView(quiet=0.0), True),
        (service(type="ExternalName"), FakeView(quiet=0.0), True),
        (service(selector=None), FakeView(quiet=0.0), True),
        (service(type="LoadBalancer"), endpoints(addresses=[{}]), False),
    ],
)
def test_service(live: Any, view: FakeView, done: bool) -> None:
    assert check(network.SERVICE, live, view).done is done


@pytest.mark.parametrize(
    ("phase", "mode", "done"),
    [
        ("Bound", "Immediate", True),
        ("Pending", "Immediate", False),
        ("Pending", "WaitForFirstConsumer", True),
    ],
)
def test_claim(phase: str, mode: str, done: bool) -> None:
    view = FakeView({STORAGE_CLASS: [{"metadata": {"name": "c"}, "volumeBindingMode": mode}]})
    live = {"spec": {"storageClassName": "c"}, "status": {"phase": phase}}
    assert check(storage.CLAIM, live, view).done is done


def pod(waiting: dict[str, str] | None = None, **states: str) -> dict[str, Any]:
    status = {"name": "main", "ready": False, "state": {"waiting": waiting} if waiting else {}}
    return {
        "metadata": {"name": "p", "ownerReferences": [{"uid": "owner"}]},
        "status": {"conditions": conditions(**states), "containerStatuses": [status]},
    }


def test_pod_is_ready_when_all_its_conditions_hold() -> None:
    assert check(pods.POD, pod(PodScheduled="True", Initialized="True", Ready="True")).done


def test_pod_says_which_step_it_waits_for() -> None:
    progress = check(pods.POD, pod(PodScheduled="True", Initialized="True", Ready="False"))
    assert [message.text for message in progress.messages] == ['Waiting for Pod "p" to be ready']


def test_trouble_of_a_container_is_told_in_its_own_words() -> None:
    troubled = pod({"reason": "ErrImagePull", "message": "no such image"}, Ready="False")
    assert pods.pod_troubles([troubled], "owner") == ["[Pod p]: [ErrImagePull] no such image"]


def test_pods_of_others_are_not_told_about() -> None:
    troubled = pod({"reason": "ErrImagePull", "message": "no such image"}, Ready="False")
    assert pods.pod_troubles([troubled], "somebody else") == []


OBJECT = {
    "metadata": {"generation": 2},
    "status": {
        "observedGeneration": 2,
        "phase": "Running",
        "count": 3,
        "on": True,
        "conditions": conditions(Ready="True", Synced="False"),
        "hosts": [{"name": "a"}, {"name": "b"}],
    },
}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("jsonpath={.status.phase}=Running", True),
        ("jsonpath={.status.phase}=Failed", False),
        ("jsonpath={.status.phase}", True),
        ("jsonpath={.status.none}", False),
        ("jsonpath={.status.count}=3", True),
        ("jsonpath={.status.on}=true", True),
        ("jsonpath={.status.hosts[1].name}=b", True),
        ("jsonpath={.status.hosts[*].name}=a", True),
        ('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', True),
        ("jsonpath={.status['phase']}=Running", True),
        ("condition=Ready", True),
        ("condition=ready=True", True),
        ("condition=Synced", False),
        ("condition=Synced=False", True),
        ("condition=None", False),
        ('["condition=Ready", "condition=Synced"]', False),
        ('["condition=Ready", "jsonpath={.status.phase}"]', True),
    ],
)
def test_wait_for(expression: str, holds: bool) -> None:
    assert check(wait_for(expression), OBJECT).done is holds


def test_wait_for_needs_the_newest_generation() -> None:
    stale = {**OBJECT, "metadata": {"generation": 3}}
    assert not check(wait_for("jsonpath={.status.phase}=Running"), stale).done
    assert not check(wait_for("condition=Ready"), stale).done


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("phase=Running", 'expected a "jsonpath=" or "condition=" prefix'),
        ("[]", "at least one condition must be specified"),
        ("jsonpath=.status.phase", "should be wrapped in brackets"),
        ("jsonpath='{.status.phase}'", "should omit shell quotes"),
        ("jsonpath={.status.phase}=", "requires a value"),
        ("jsonpath={.status[}", "cannot read"),
    ],
)
def test_wait_for_what_cannot_be_read_says_why(expression: str, reason: str) -> None:
    with pytest.raises(WaitForError, match=reason.replace("[", r"\[")):
        wait_for(expression)


def test_path_to_something_that_has_parts_cannot_be_compared() -> None:
    with pytest.raises(jsonpath.JsonPathError, match="non-primitive value"):
        jsonpath.parse("jsonpath={.status}=x").matches(OBJECT)
