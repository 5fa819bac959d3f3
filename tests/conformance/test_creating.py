"""What a create refuses, what a preview finds out beforehand, and how names in use are treated."""

from __future__ import annotations

from typing import Any

import pulumi_kubernetes as k8s
import pytest

from tests.conformance.cluster import Cluster
from tests.conformance.lab import Program, Run
from tests.conformance.stories import World, long_story, story

pytestmark = pytest.mark.cluster


def taken() -> None:
    k8s.core.v1.ConfigMap("taken", metadata={"name": "taken"}, data={"owner": "program"})


@story
def taken_name(world: World) -> dict[str, Any]:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    metadata = {"name": "taken"}
    cluster.create(
        cluster.path("configmaps"),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"owner": "other"}},
    )
    return {
        "preview": stack.preview(taken),
        "up": stack.up(taken),
        "live": cluster.get(cluster.path("configmaps", "taken")),
    }


def test_preview_does_not_see_that_the_name_is_taken(taken_name: dict[str, Any]) -> None:
    assert taken_name["preview"].ok


def test_create_under_a_taken_name_fails(taken_name: dict[str, Any]) -> None:
    assert 'configmaps "taken" already exists' in taken_name["up"].said("error", "taken")


def test_create_under_a_taken_name_says_what_to_do(taken_name: dict[str, Any]) -> None:
    assert "use `pulumi import`" in taken_name["up"].said("error", "taken")


def test_object_under_a_taken_name_is_not_touched(taken_name: dict[str, Any]) -> None:
    assert taken_name["live"]["data"] == {"owner": "other"}


def mismatch() -> None:
    k8s.apps.v1.Deployment(
        "mismatch",
        spec={
            "selector": {"match_labels": {"app": "one"}},
            "template": {
                "metadata": {"labels": {"app": "two"}},
                "spec": {"containers": [{"name": "main", "image": "none"}]},
            },
        },
    )


@story
def refused(world: World) -> Run:
    return world.lab.stack(namespace=world.cluster.namespace).preview(mismatch)


def test_object_that_the_server_refuses_fails_in_preview(refused: Run) -> None:
    assert "was not successfully created by the Kubernetes API server" in refused.said("error")
    assert "`selector` does not match template `labels`" in refused.said("error")


def unknown_inputs() -> None:
    first = k8s.core.v1.ConfigMap("first", data={"key": "value"})
    k8s.core.v1.ConfigMap("second", data={"uid": first.metadata.uid})
    namespace = k8s.core.v1.Namespace("inner")
    k8s.core.v1.ConfigMap(
        "inside", metadata={"namespace": namespace.metadata.name}, data={"key": "value"}
    )


@story
def with_unknowns(world: World) -> tuple[Run, Run]:
    stack = world.lab.stack(namespace=world.cluster.namespace)
    return stack.preview(unknown_inputs), stack.up(unknown_inputs)


def test_preview_goes_through_with_values_that_are_not_known_yet(
    with_unknowns: tuple[Run, Run],
) -> None:
    assert with_unknowns[0].changes()["second"] == "create"


def test_preview_goes_through_with_a_namespace_that_is_not_there_yet(
    with_unknowns: tuple[Run, Run],
) -> None:
    assert with_unknowns[0].changes()["inside"] == "create"


def test_value_is_known_to_dependents_after_the_create(with_unknowns: tuple[Run, Run]) -> None:
    up = with_unknowns[1]
    assert up.result("second").outputs["data"] == {
        "uid": up.result("first").outputs["metadata"]["uid"]
    }


def test_id_of_a_cluster_wide_object_is_its_name(with_unknowns: tuple[Run, Run]) -> None:
    inner = with_unknowns[1].result("inner")
    assert inner.id == inner.outputs["metadata"]["name"]


def custom_resources(group: str) -> Program:
    def declare() -> None:
        k8s.apiextensions.CustomResource(
            "first",
            api_version=f"{group}/v1",
            kind="Sprocket",
            # A foreground deletion needs the garbage collector, which learns of new kinds only
            # twice a minute.
            metadata={
                "name": "sprocket",
                "annotations": {"pulumi.com/deletionPropagationPolicy": "background"},
            },
            spec={"teeth": 12},
        )
        k8s.apiextensions.v1.CustomResourceDefinition(
            "definition",
            metadata={"name": f"sprockets.{group}"},
            spec={
                "group": group,
                "scope": "Namespaced",
                "names": {"plural": "sprockets", "singular": "sprocket", "kind": "Sprocket"},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {
                            "open_apiv3_schema": {
                                "type": "object",
                                "x_kubernetes_preserve_unknown_fields": True,
                            }
                        },
                    }
                ],
            },
        )

    return declare


@long_story
def new_kind(world: World) -> list[Run]:
    stack = world.lab.stack(namespace=world.cluster.namespace)
    declare = custom_resources(f"{world.cluster.namespace}.example.com")
    return [stack.preview(declare), stack.up(declare), stack.preview(declare), stack.destroy()]


def test_custom_resource_waits_for_its_definition(new_kind: list[Run]) -> None:
    assert [run.error for run in new_kind] == ["", "", "", ""]


def test_custom_resource_lies_in_the_namespace_of_the_provider(
    new_kind: list[Run], cluster: Cluster
) -> None:
    assert new_kind[1].result("first").id == f"{cluster.namespace}/sprocket"


def test_custom_resource_and_definition_are_the_same_afterwards(
    new_kind: list[Run],
) -> None:
    assert new_kind[2].changes() == {}


def documents() -> None:
    k8s.yaml.ConfigGroup(
        "group",
        yaml=[
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata: {key: value}\n"
            "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: from-yaml}\n"
        ],
    )


@story
def from_yaml(world: World) -> dict[str, Any]:
    cluster = world.cluster
    run = world.lab.stack(namespace=cluster.namespace).up(documents)
    return {
        "run": run,
        "map": cluster.get(cluster.path("configmaps", "from-yaml")),
        "account": cluster.get(cluster.path("serviceaccounts", "from-yaml")),
    }


def test_objects_of_yaml_documents_are_created(from_yaml: dict[str, Any]) -> None:
    assert from_yaml["run"].error == ""
    assert from_yaml["map"]["data"] == {"key": "value"}
    assert from_yaml["account"] is not None
