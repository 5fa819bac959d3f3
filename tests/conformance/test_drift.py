"""What others did to the objects meanwhile: refresh, and taking over what exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from tests.conformance.cluster import Cluster
from tests.conformance.lab import Lab, Program, Run, Stack

pytestmark = pytest.mark.cluster


def program(label: str = "ours") -> Program:
    def declare() -> None:
        k8s.core.v1.ServiceAccount(
            "account", metadata={"name": "drifting", "labels": {"owner": label}}
        )
        k8s.core.v1.ConfigMap("lost", metadata={"name": "lost"}, data={"key": "value"})

    return declare


@dataclass
class Story:
    stack: Stack
    runs: dict[str, Run] = field(default_factory=dict)
    live: dict[str, Any] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(lab: Lab, cluster: Cluster) -> Story:
    stack = lab.stack(namespace=cluster.namespace)
    story = Story(stack)
    account = cluster.path("serviceaccounts", "drifting")
    story.runs["create"] = stack.up(program())
    cluster.patch(account, {"metadata": {"labels": {"owner": "theirs", "other": "added"}}})
    cluster.delete(cluster.path("configmaps", "lost"))
    story.runs["refresh"] = stack.refresh()
    story.names["after refresh"] = set(stack.resources())
    story.runs["plan"] = stack.preview(program())
    story.runs["conflict"] = stack.up(program())
    story.live["conflict"] = cluster.get(account)
    return story


def test_refresh_forgets_what_is_gone(story: Story) -> None:
    assert story.names["after refresh"] == {"account"}


def test_refresh_shows_what_others_changed(story: Story) -> None:
    outputs = story.runs["refresh"].result("account").outputs
    assert outputs["metadata"]["labels"]["owner"] == "theirs"


def test_plan_after_a_refresh_restores_only_what_the_program_says(story: Story) -> None:
    assert story.runs["plan"].step("account").diff == {"metadata.labels.owner": "update"}


def test_plan_after_a_refresh_creates_again_what_was_lost(story: Story) -> None:
    assert story.runs["plan"].changes()["lost"] == "create"


def test_update_of_a_field_that_another_manager_set_is_a_conflict(story: Story) -> None:
    assert "conflict" in story.runs["conflict"].said("error", "account")
    assert "somebody-else" in story.runs["conflict"].said("error", "account")


def test_conflict_leaves_the_object_as_it_is(story: Story) -> None:
    assert story.live["conflict"]["metadata"]["labels"]["owner"] == "theirs"


def forced() -> None:
    k8s.core.v1.ServiceAccount(
        "account",
        metadata={
            "name": "drifting",
            "labels": {"owner": "ours"},
            "annotations": {"pulumi.com/patchForce": "true"},
        },
    )


def test_patch_force_wins_over_another_manager(story: Story, cluster: Cluster) -> None:
    assert story.stack.up(forced).ok
    labels = cluster.get(cluster.path("serviceaccounts", "drifting"))["metadata"]["labels"]
    assert labels == {"owner": "ours", "other": "added"}


def scaled(replicas: int, label: str) -> Program:
    def declare() -> None:
        k8s.apps.v1.Deployment(
            "scaled",
            metadata={
                "name": "scaled",
                "labels": {"step": label},
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec={
                "replicas": replicas,
                "paused": True,
                "selector": {"match_labels": {"app": "scaled"}},
                "template": {
                    "metadata": {"labels": {"app": "scaled"}},
                    "spec": {"containers": [{"name": "main", "image": "none"}]},
                },
            },
            opts=pulumi.ResourceOptions(ignore_changes=["spec.replicas"]),
        )

    return declare


def test_ignored_field_keeps_the_value_that_another_manager_gave_it(
    lab: Lab, cluster: Cluster
) -> None:
    stack = lab.stack(namespace=cluster.namespace)
    stack.up(scaled(0, "1"))
    cluster.patch(cluster.path("apps/v1/deployments", "scaled"), {"spec": {"replicas": 2}})
    run = stack.up(scaled(5, "2"))
    live = cluster.get(cluster.path("apps/v1/deployments", "scaled"))
    assert run.error == ""
    assert (live["spec"]["replicas"], live["metadata"]["labels"]["step"]) == (2, "2")


def imported(label: str, import_id: str | None) -> Program:
    def declare() -> None:
        k8s.core.v1.ServiceAccount(
            "imported",
            metadata={"name": "imported", "labels": {"owner": label}},
            opts=pulumi.ResourceOptions(import_=import_id),
        )

    return declare


@pytest.fixture(scope="module")
def import_runs(lab: Lab, cluster: Cluster) -> dict[str, Run]:
    cluster.create(
        cluster.path("serviceaccounts"),
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "imported", "labels": {"owner": "ours"}},
        },
    )
    stack = lab.stack(namespace=cluster.namespace)
    where = f"{cluster.namespace}/imported"
    return {
        "other": stack.preview(imported("other", where)),
        "same": stack.up(imported("ours", where)),
        "again": stack.preview(imported("ours", None)),
    }


def test_existing_object_is_imported(import_runs: dict[str, Run]) -> None:
    assert import_runs["same"].ops("imported") == ["import"]


def test_imported_object_is_the_same_the_next_time(import_runs: dict[str, Run]) -> None:
    assert import_runs["again"].changes() == {}


def test_import_shows_where_the_program_differs_from_the_object(
    import_runs: dict[str, Run],
) -> None:
    assert "inputs to import do not match the existing resource" in import_runs["other"].error


def test_existing_object_is_read_by_its_id(lab: Lab, cluster: Cluster) -> None:
    def declare() -> None:
        found = k8s.core.v1.ConfigMap.get("found", "kube-system/extension-apiserver-authentication")
        pulumi.export("name", found.metadata.name)

    run = lab.stack(namespace=cluster.namespace).up(declare)
    assert run.outputs["name"] == "extension-apiserver-authentication"


def test_reading_what_does_not_exist_fails(lab: Lab, cluster: Cluster) -> None:
    def declare() -> None:
        k8s.core.v1.ConfigMap.get("found", "kube-system/nowhere")

    run = lab.stack(namespace=cluster.namespace).up(declare)
    assert "resource 'kube-system/nowhere' does not exist" in run.error
