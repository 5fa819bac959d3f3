"""Creating, changing and replacing objects that need no waiting: one stack, told in steps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from tests.conformance.lab import Program, Run, Stack
from tests.conformance.stories import World, story

pytestmark = pytest.mark.cluster

NAMED = "fixed-name"
RENAMED = "other-name"


@dataclass
class Story:
    """What happened, step by step."""

    stack: Stack
    namespace: str
    runs: dict[str, Run] = field(default_factory=dict)
    live: dict[str, Any] = field(default_factory=dict)


def program(
    data: str = "1",
    label: str = "1",
    name: str = "before",
    cpu: str = "500m",
    selector: str = "app",
    extra: bool = True,
) -> Program:
    def declare() -> None:
        k8s.core.v1.ConfigMap("auto", data={"key": data})
        k8s.core.v1.ConfigMap("named", metadata={"name": NAMED}, data={"key": data})
        k8s.core.v1.ConfigMap("renamed", metadata={"name": name}, data={"key": "same"})
        labels = {"step": label, **({"extra": "yes"} if extra else {})}
        account = k8s.core.v1.ServiceAccount("account", metadata={"labels": labels})
        k8s.core.v1.Service(
            "headless",
            spec={"cluster_ip": "None", "selector": {"app": "none"}, "ports": [{"port": 80}]},
        )
        deployment = k8s.apps.v1.Deployment(
            "deployment",
            metadata={"annotations": {"pulumi.com/skipAwait": "true"}},
            spec={
                "replicas": 0,
                "selector": {"match_labels": {"app": selector}},
                "template": {
                    "metadata": {"labels": {"app": selector}},
                    "spec": {
                        "host_network": False,
                        "containers": [
                            {
                                "name": "main",
                                "image": "none",
                                "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}},
                            }
                        ],
                    },
                },
            },
        )
        pulumi.export("account", account.id)
        pulumi.export("strategy", deployment.spec.strategy.type)

    return declare


@story
def life(world: World) -> Story:
    cluster = world.cluster
    stack = world.lab.stack(namespace=cluster.namespace)
    life = Story(stack, cluster.namespace)
    runs, live = life.runs, life.live
    runs["preview"] = stack.preview(program())
    live["after preview"] = cluster.get(cluster.path("configmaps", NAMED))
    runs["create"] = stack.up(program())
    live["account"] = cluster.all("serviceaccounts")
    runs["again"] = stack.preview(program(cpu="0.5"))
    runs["preview of changes"] = stack.preview(program("2", "2", RENAMED, selector="new"))
    runs["changes"] = stack.up(program("2", "2", RENAMED, selector="new", extra=False))
    live["changed account"] = cluster.get(
        cluster.path("serviceaccounts", runs["create"].outputs["account"].partition("/")[2])
    )
    live["configmaps"] = {item["metadata"]["name"] for item in cluster.all("configmaps")}
    runs["refresh"] = stack.refresh()
    runs["destroy"] = stack.destroy()
    ids = [step.id.rpartition("/")[2] for step in runs["destroy"].steps]
    live["after destroy"] = [
        item["metadata"]["name"]
        for plural in ("configmaps", "services", "serviceaccounts", "apps/v1/deployments")
        for item in cluster.all(plural)
        if item["metadata"]["name"] in ids
    ]
    return life


def test_every_operation_succeeds(life: Story) -> None:
    assert {name: run.error for name, run in life.runs.items() if run.error} == {}


def test_preview_creates_nothing(life: Story) -> None:
    assert life.live["after preview"] is None


def test_preview_of_a_create_knows_what_the_server_fills_in(life: Story) -> None:
    strategy = life.runs["preview"].result("deployment").outputs["spec"]["strategy"]
    assert strategy["type"] == "RollingUpdate"


def test_unnamed_object_gets_the_resource_name_and_eight_hex_digits(life: Story) -> None:
    name = life.runs["create"].result("auto").outputs["metadata"]["name"]
    assert re.fullmatch(r"auto-[0-9a-f]{8}", name)


def test_unnamed_object_is_marked_as_autonamed(life: Story) -> None:
    metadata = life.runs["create"].result("auto").outputs["metadata"]
    assert metadata["annotations"]["pulumi.com/autonamed"] == "true"


def test_named_object_is_not_marked_as_autonamed(life: Story) -> None:
    assert "annotations" not in life.runs["create"].result("named").outputs["metadata"]


def test_object_lies_in_the_namespace_of_the_provider(life: Story) -> None:
    assert life.runs["create"].result("auto").outputs["metadata"]["namespace"] == life.namespace


def test_id_is_namespace_and_name(life: Story) -> None:
    assert life.runs["create"].result("named").id == f"{life.namespace}/{NAMED}"


def test_no_label_is_added(life: Story) -> None:
    assert "labels" not in life.runs["create"].result("named").outputs["metadata"]


def test_quantity_spelled_otherwise_is_no_change(life: Story) -> None:
    assert life.runs["again"].changes() == {}


def test_changed_label_is_an_update_of_that_label(life: Story) -> None:
    assert life.runs["preview of changes"].step("account").diff == {
        "metadata.labels.step": "update"
    }


def test_autoname_is_kept_on_update(life: Story) -> None:
    assert life.runs["changes"].result("account").id == life.runs["create"].outputs["account"]


def test_removed_label_is_gone_from_the_object(life: Story) -> None:
    assert life.live["changed account"]["metadata"]["labels"] == {"step": "2"}


def test_changed_data_of_a_config_map_is_a_replacement(life: Story) -> None:
    assert life.runs["preview of changes"].step("auto").diff == {"data.key": "update-replace"}


def test_autonamed_object_is_created_anew_before_the_old_one_is_deleted(life: Story) -> None:
    assert life.runs["changes"].ops("auto") == ["create-replacement", "replace", "delete-replaced"]


def test_object_of_a_fixed_name_is_deleted_before_it_is_created_anew(life: Story) -> None:
    assert life.runs["changes"].ops("named") == [
        "delete-replaced",
        "replace",
        "create-replacement",
    ]


def test_object_of_a_new_name_is_created_before_the_old_one_is_deleted(life: Story) -> None:
    assert life.runs["changes"].ops("renamed") == [
        "create-replacement",
        "replace",
        "delete-replaced",
    ]


def test_changed_selector_replaces_a_deployment(life: Story) -> None:
    diff = life.runs["preview of changes"].step("deployment").diff
    assert diff["spec.selector.matchLabels.app"] == "update-replace"


def test_replaced_objects_are_gone(life: Story) -> None:
    assert len([name for name in life.live["configmaps"] if name.startswith("auto-")]) == 1
    assert {NAMED, RENAMED} <= life.live["configmaps"]
    assert "before" not in life.live["configmaps"]


def test_refresh_finds_no_drift(life: Story) -> None:
    run = life.runs["refresh"]
    assert set(run.changes().values()) <= {"refresh"}
    assert run.said("warning") == ""


def test_destroy_leaves_nothing(life: Story) -> None:
    assert life.live["after destroy"] == []
