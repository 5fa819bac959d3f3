"""Objects are done when they do what they are there for: one update that waits for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from tests.conformance.cluster import Cluster
from tests.conformance.lab import Run
from tests.conformance.stories import World, long_story, story
from tests.conformance.workloads import (
    MISSING_IMAGE,
    pod_spec,
    pulumi_annotations,
    replicated,
    template,
)
from tests.lifecycle.kubernetes import until

pytestmark = pytest.mark.cluster

INGRESS = "networking.k8s.io/v1/ingresses"
LATE = "kubernetes.io/no-provisioner"


def program(image: str, storage_class: str) -> Callable[[], None]:
    def declare() -> None:
        k8s.apps.v1.Deployment("deployment", spec=replicated("deployment", image))
        k8s.apps.v1.StatefulSet(
            "stateful", spec=replicated("stateful", image, service_name="stateful")
        )
        k8s.core.v1.Pod("pod", spec=pod_spec(image))
        k8s.batch.v1.Job(
            "job",
            spec={
                "completions": 0,
                "parallelism": 0,
                "template": template("job", image, restart_policy="Never"),
            },
        )
        k8s.core.v1.Service(
            "service", spec={"selector": {"app": "deployment"}, "ports": [{"port": 80}]}
        )
        k8s.core.v1.Service("manual", spec={"ports": [{"port": 80}]})
        k8s.core.v1.Service(
            "external", spec={"type": "ExternalName", "external_name": "example.com"}
        )
        k8s.storage.v1.StorageClass(
            "late",
            metadata={"name": storage_class},
            provisioner=LATE,
            volume_binding_mode="WaitForFirstConsumer",
        )
        k8s.core.v1.PersistentVolumeClaim(
            "claim",
            spec={
                "storage_class_name": storage_class,
                "access_modes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Mi"}},
            },
        )
        k8s.networking.v1.Ingress(
            "ingress",
            metadata={"name": "ingress"},
            spec={"default_backend": {"service": {"name": "any", "port": {"number": 80}}}},
        )
        k8s.apps.v1.Deployment(
            "skipped",
            metadata=pulumi_annotations(skipAwait="true"),
            spec=replicated("skipped", MISSING_IMAGE),
        )
        k8s.core.v1.Pod(
            "by-path",
            metadata=pulumi_annotations(waitFor="jsonpath={.status.phase}=Running"),
            spec=pod_spec(image),
        )
        k8s.core.v1.Pod(
            "by-condition",
            metadata=pulumi_annotations(waitFor='["condition=Ready", "jsonpath={.status.podIP}"]'),
            spec=pod_spec(image),
        )
        k8s.core.v1.ConfigMap("plain", data={"key": "value"})

    return declare


@dataclass
class Story:
    runs: dict[str, Run] = field(default_factory=dict)
    live: dict[str, Any] = field(default_factory=dict)


@long_story
def waiting(world: World) -> Story:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    waiting = Story()
    giving = threading.Thread(target=give_address, args=(cluster,), daemon=True)
    giving.start()
    declare = program(world.pause_image, f"late-{cluster.namespace}")
    waiting.runs["up"] = stack.up(declare)
    giving.join()
    waiting.runs["again"] = stack.preview(declare)
    waiting.runs["refresh"] = stack.refresh()
    waiting.runs["destroy"] = stack.destroy()
    waiting.live["pods"] = pods_left(cluster, "deployment-", "pod-")
    # Its controller may have made one anew before it saw that it was to end.
    until("the end of the last pod", 60, lambda: not pods_left(cluster, "stateful-"))
    return waiting


def pods_left(cluster: Cluster, *starts: str) -> list[str]:
    names = (item["metadata"]["name"] for item in cluster.all("pods"))
    return [name for name in names if name.startswith(starts)]


def give_address(cluster: Cluster) -> None:
    """Do to the Ingress what an ingress controller would, late enough to be waited for."""
    path = cluster.path(INGRESS, "ingress")
    cluster.until(path, lambda found: found is not None, seconds=60)
    cluster.until(cluster.path("apps/v1/deployments"), _some_ready, seconds=120)
    address = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
    cluster.patch(f"{path}/status", address)


def _some_ready(deployments: Any) -> bool:
    return any(item.get("status", {}).get("readyReplicas") for item in deployments["items"])


def test_all_become_ready(waiting: Story) -> None:
    assert waiting.runs["up"].error == ""


def test_deployment_is_done_when_its_pods_are_ready(waiting: Story) -> None:
    assert waiting.runs["up"].result("deployment").outputs["status"]["readyReplicas"] == 1


def test_stateful_set_is_done_when_its_pods_are_ready(waiting: Story) -> None:
    assert waiting.runs["up"].result("stateful").outputs["status"]["readyReplicas"] == 1


def test_pod_is_done_when_it_is_ready(waiting: Story) -> None:
    conditions = waiting.runs["up"].result("pod").outputs["status"]["conditions"]
    assert [item["status"] for item in conditions if item["type"] == "Ready"] == ["True"]


def test_job_is_done_when_it_is_complete(waiting: Story) -> None:
    conditions = waiting.runs["up"].result("job").outputs["status"]["conditions"]
    assert [item["status"] for item in conditions if item["type"] == "Complete"] == ["True"]


def test_ingress_is_done_when_it_has_an_address(waiting: Story) -> None:
    status = waiting.runs["up"].result("ingress").outputs["status"]
    assert status["loadBalancer"]["ingress"] == [{"ip": "192.0.2.1"}]


def test_claim_of_a_class_that_binds_late_is_not_waited_for(waiting: Story) -> None:
    assert waiting.runs["up"].result("claim").outputs["status"]["phase"] == "Pending"


def test_skipped_deployment_is_not_waited_for(waiting: Story) -> None:
    assert "readyReplicas" not in waiting.runs["up"].result("skipped").outputs.get("status", {})


@pytest.mark.parametrize("name", ["manual", "external", "plain"])
def test_object_that_needs_no_pods_is_done_at_once(waiting: Story, name: str) -> None:
    assert waiting.runs["up"].shown(name) == []


def test_wait_for_a_path_ends_when_it_has_the_value(waiting: Story) -> None:
    assert waiting.runs["up"].result("by-path").outputs["status"]["phase"] == "Running"


def test_wait_for_several_conditions_ends_when_all_hold(waiting: Story) -> None:
    status = waiting.runs["up"].result("by-condition").outputs["status"]
    ready = [item["status"] for item in status["conditions"] if item["type"] == "Ready"]
    assert (ready, bool(status["podIP"])) == (["True"], True)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("deployment", "Waiting for app ReplicaSet to be available (0/1 Pods available)"),
        ("stateful", "[1/2] Waiting for StatefulSet to create Pods (0/1 Pods ready)"),
        ("service", "[1/3] Finding Pods to direct traffic to"),
        ("ingress", "[1/3] Finding a matching service for each Ingress path"),
        ("skipped", "Skipping await logic"),
    ],
)
def test_row_shows_what_is_waited_for(waiting: Story, name: str, line: str) -> None:
    assert line in waiting.runs["up"].shown(name)


def test_pods_and_jobs_are_the_same_afterwards(waiting: Story) -> None:
    assert waiting.runs["again"].changes() == {}


def test_refresh_finds_all_ready(waiting: Story) -> None:
    assert waiting.runs["refresh"].error == ""


def test_delete_returns_when_the_pods_are_gone(waiting: Story) -> None:
    assert (waiting.runs["destroy"].error, waiting.live["pods"]) == ("", [])


def rolled(image: str, step: str) -> Callable[[], None]:
    def declare() -> None:
        spec = replicated("rolled", image)
        spec["template"]["metadata"]["labels"]["step"] = step
        k8s.apps.v1.Deployment("rolled", metadata={"name": "rolled"}, spec=spec)

    return declare


@long_story
def rolling(world: World) -> tuple[Run, list[str]]:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    stack.up(rolled(world.pause_image, "1"))
    run = stack.up(rolled(world.pause_image, "2"))
    steps = [
        item["metadata"]["labels"]["step"]
        for item in cluster.all("pods")
        if item["metadata"].get("labels", {}).get("app") == "rolled"
        and item["status"]["phase"] == "Running"
        and "deletionTimestamp" not in item["metadata"]
    ]
    return run, steps


def test_update_of_a_deployment_waits_for_the_new_pods(rolling: tuple[Run, list[str]]) -> None:
    run, steps = rolling
    assert (run.error, run.ops("rolled"), steps) == ("", ["update"], ["2"])


def orphaning() -> None:
    k8s.apps.v1.Deployment(
        "orphaning",
        metadata={
            "name": "orphaning",
            **pulumi_annotations(deletionPropagationPolicy="orphan", skipAwait="true"),
        },
        spec=replicated("orphaning", MISSING_IMAGE),
    )


@story
def orphans(world: World) -> list[str]:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    stack.up(orphaning)
    cluster.until(
        cluster.path("apps/v1/deployments", "orphaning"),
        lambda found: found.get("status", {}).get("observedGeneration") == 1,
    )
    stack.destroy()
    return [
        item["metadata"]["name"]
        for item in cluster.all("apps/v1/replicasets")
        if item["metadata"]["labels"].get("app") == "orphaning"
    ]


def test_orphans_are_kept_where_the_annotation_says_so(orphans: list[str]) -> None:
    assert len(orphans) == 1


def odd_wait() -> None:
    k8s.core.v1.ConfigMap("odd", metadata=pulumi_annotations(waitFor="phase=Running"))


@story
def odd(world: World) -> Run:
    return world.lab.stack(namespace=world.cluster.namespace).up(odd_wait)


def test_wait_for_what_cannot_be_read_is_refused_with_the_reason(odd: Run) -> None:
    assert 'expected a "jsonpath=" or "condition=" prefix' in odd.said("error", "odd")


def held() -> None:
    k8s.core.v1.ConfigMap(
        "held",
        metadata={"name": "held", "finalizers": ["example.com/hold"]},
        opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(delete="2s")),
    )


@story
def holding(world: World) -> dict[str, Any]:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    stack.up(held)
    path = cluster.path("configmaps", "held")
    told = {"destroy": stack.destroy(), "live": cluster.get(path)}
    cluster.patch(path, {"metadata": {"finalizers": None}})
    return {**told, "again": stack.destroy()}


def test_object_that_cannot_go_in_time_is_kept(holding: dict[str, Any]) -> None:
    assert not holding["destroy"].ok
    assert holding["live"] is not None


def test_delete_that_hangs_names_the_finalizers(holding: dict[str, Any]) -> None:
    assert "example.com/hold" in holding["destroy"].said("warning", "held")


def test_object_that_goes_at_last_is_forgotten(holding: dict[str, Any]) -> None:
    assert holding["again"].error == ""
