"""What others did to the objects meanwhile: refresh, and taking over what exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from tests.conformance.lab import Program, Run
from tests.conformance.stories import World, story

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
    runs: dict[str, Run] = field(default_factory=dict)
    live: dict[str, Any] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)


@story
def drift(world: World) -> Story:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    drift = Story()
    account = cluster.path("serviceaccounts", "drifting")
    drift.runs["create"] = stack.up(program())
    cluster.patch(account, {"metadata": {"labels": {"owner": "theirs", "other": "added"}}})
    cluster.delete(cluster.path("configmaps", "lost"))
    drift.runs["refresh"] = stack.refresh()
    drift.names["after refresh"] = set(stack.resources())
    drift.runs["plan"] = stack.preview(program())
    drift.runs["conflict"] = stack.up(program())
    drift.live["conflict"] = cluster.get(account)
    drift.runs["force"] = stack.up(forced)
    drift.live["force"] = cluster.get(account)
    return drift


def test_refresh_forgets_what_is_gone(drift: Story) -> None:
    assert drift.names["after refresh"] == {"account"}


def test_refresh_shows_what_others_changed(drift: Story) -> None:
    outputs = drift.runs["refresh"].result("account").outputs
    assert outputs["metadata"]["labels"]["owner"] == "theirs"


def test_plan_after_a_refresh_restores_only_what_the_program_says(drift: Story) -> None:
    assert drift.runs["plan"].step("account").diff == {"metadata.labels.owner": "update"}


def test_plan_after_a_refresh_creates_again_what_was_lost(drift: Story) -> None:
    assert drift.runs["plan"].changes()["lost"] == "create"


def test_update_of_a_field_that_another_manager_set_is_a_conflict(drift: Story) -> None:
    assert "conflict" in drift.runs["conflict"].said("error", "account")
    assert "somebody-else" in drift.runs["conflict"].said("error", "account")


def test_conflict_leaves_the_object_as_it_is(drift: Story) -> None:
    assert drift.live["conflict"]["metadata"]["labels"]["owner"] == "theirs"


def forced() -> None:
    k8s.core.v1.ServiceAccount(
        "account",
        metadata={
            "name": "drifting",
            "labels": {"owner": "ours"},
            "annotations": {"pulumi.com/patchForce": "true"},
        },
    )


def test_patch_force_wins_over_another_manager(drift: Story) -> None:
    assert drift.runs["force"].error == ""
    assert drift.live["force"]["metadata"]["labels"] == {"owner": "ours", "other": "added"}


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


@story
def ignored(world: World) -> tuple[Run, Any]:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    path = cluster.path("apps/v1/deployments", "scaled")
    stack.up(scaled(0, "1"))
    cluster.patch(path, {"spec": {"replicas": 2}})
    return stack.up(scaled(5, "2")), cluster.get(path)


def test_ignored_field_keeps_the_value_that_another_manager_gave_it(
    ignored: tuple[Run, Any],
) -> None:
    run, live = ignored
    assert run.error == ""
    assert (live["spec"]["replicas"], live["metadata"]["labels"]["step"]) == (2, "2")


def labelled(ports: int, label: str) -> Program:
    def declare() -> None:
        k8s.core.v1.Service(
            "labelled",
            metadata={
                "name": "labelled",
                "labels": {"step": label},
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec={"ports": [{"port": ports}], "selector": {"app": "none"}},
            opts=pulumi.ResourceOptions(ignore_changes=["spec"]),
        )

    return declare


@story
def ignored_wholly(world: World) -> tuple[Run, Any]:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    stack.up(labelled(80, "1"))
    run = stack.up(labelled(90, "2"))
    return run, cluster.get(cluster.path("services", "labelled"))


def test_ignored_spec_stays_as_it_was_created(ignored_wholly: tuple[Run, Any]) -> None:
    run, live = ignored_wholly
    assert run.error == ""
    assert [port["port"] for port in live["spec"]["ports"]] == [80]
    assert live["metadata"]["labels"]["step"] == "2"


def imported(labels: dict[str, str], import_id: str | None) -> Program:
    def declare() -> None:
        k8s.core.v1.ServiceAccount(
            "imported",
            metadata={"name": "imported", "labels": labels},
            opts=pulumi.ResourceOptions(import_=import_id),
        )

    return declare


@story
def importing(world: World) -> dict[str, Run]:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    labels = {"owner": "ours"}
    cluster.create(
        cluster.path("serviceaccounts"),
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "imported", "labels": labels},
        },
    )
    where = f"{cluster.namespace}/imported"
    return {
        "other": stack.preview(imported({**labels, "added": "yes"}, where)),
        "same": stack.up(imported(labels, where)),
        "again": stack.preview(imported(labels, None)),
    }


def test_existing_object_is_imported(importing: dict[str, Run]) -> None:
    assert importing["same"].ops("imported") == ["import"]


def test_imported_object_is_the_same_the_next_time(importing: dict[str, Run]) -> None:
    assert importing["again"].changes() == {}


def test_import_changes_the_object_where_the_program_differs(importing: dict[str, Run]) -> None:
    assert importing["other"].ops("imported") == ["import", "update"]


def read_existing() -> None:
    found = k8s.core.v1.ConfigMap.get("found", "kube-system/extension-apiserver-authentication")
    pulumi.export("name", found.metadata.name)


def read_missing() -> None:
    k8s.core.v1.ConfigMap.get("found", "kube-system/nowhere")


@story
def reading(world: World) -> tuple[Run, Run]:
    stack = world.lab.stack(namespace=world.cluster.namespace)
    return stack.up(read_missing), stack.up(read_existing)


def test_existing_object_is_read_by_its_id(reading: tuple[Run, Run]) -> None:
    assert reading[1].outputs["name"] == "extension-apiserver-authentication"


def test_reading_what_does_not_exist_fails(reading: tuple[Run, Run]) -> None:
    assert "resource 'kube-system/nowhere' does not exist" in reading[0].error
