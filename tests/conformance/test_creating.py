"""What a create refuses, what a preview finds out beforehand, and how names in use are treated."""

from __future__ import annotations

import pulumi_kubernetes as k8s
import pytest

from tests.conformance.cluster import Cluster
from tests.conformance.lab import Lab, Program, Run, Stack

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def stack(lab: Lab, cluster: Cluster) -> Stack:
    return lab.stack(namespace=cluster.namespace)


def taken() -> None:
    k8s.core.v1.ConfigMap("taken", metadata={"name": "taken"}, data={"owner": "program"})


@pytest.fixture(scope="module")
def runs_on_a_taken_name(stack: Stack, cluster: Cluster) -> tuple[Run, Run]:
    metadata = {"name": "taken"}
    cluster.create(
        cluster.path("configmaps"),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"owner": "other"}},
    )
    return stack.preview(taken), stack.up(taken)


def test_preview_does_not_see_that_the_name_is_taken(
    runs_on_a_taken_name: tuple[Run, Run],
) -> None:
    preview, _ = runs_on_a_taken_name
    assert preview.ok


def test_create_under_a_taken_name_fails(runs_on_a_taken_name: tuple[Run, Run]) -> None:
    _, up = runs_on_a_taken_name
    assert 'configmaps "taken" already exists' in up.said("error", "taken")


def test_create_under_a_taken_name_says_what_to_do(runs_on_a_taken_name: tuple[Run, Run]) -> None:
    _, up = runs_on_a_taken_name
    assert "use `pulumi import`" in up.said("error", "taken")


def test_object_under_a_taken_name_is_not_touched(
    runs_on_a_taken_name: tuple[Run, Run], cluster: Cluster
) -> None:
    assert cluster.get(cluster.path("configmaps", "taken"))["data"] == {"owner": "other"}


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


def test_object_that_the_server_refuses_fails_in_preview(stack: Stack) -> None:
    run = stack.preview(mismatch)
    assert "was not successfully created by the Kubernetes API server" in run.said("error")
    assert "`selector` does not match template `labels`" in run.said("error")


def unknown_inputs() -> None:
    first = k8s.core.v1.ConfigMap("first", data={"key": "value"})
    k8s.core.v1.ConfigMap("second", data={"uid": first.metadata.uid})
    namespace = k8s.core.v1.Namespace("inner")
    k8s.core.v1.ConfigMap(
        "inside", metadata={"namespace": namespace.metadata.name}, data={"key": "value"}
    )


@pytest.fixture(scope="module")
def run_with_unknowns(lab: Lab, cluster: Cluster) -> tuple[Run, Run]:
    stack = lab.stack(namespace=cluster.namespace)
    return stack.preview(unknown_inputs), stack.up(unknown_inputs)


def test_preview_goes_through_with_values_that_are_not_known_yet(
    run_with_unknowns: tuple[Run, Run],
) -> None:
    assert run_with_unknowns[0].changes()["second"] == "create"


def test_preview_goes_through_with_a_namespace_that_is_not_there_yet(
    run_with_unknowns: tuple[Run, Run],
) -> None:
    assert run_with_unknowns[0].changes()["inside"] == "create"


def test_value_is_known_to_dependents_after_the_create(run_with_unknowns: tuple[Run, Run]) -> None:
    up = run_with_unknowns[1]
    assert up.result("second").outputs["data"] == {
        "uid": up.result("first").outputs["metadata"]["uid"]
    }


def test_id_of_a_cluster_wide_object_is_its_name(run_with_unknowns: tuple[Run, Run]) -> None:
    inner = run_with_unknowns[1].result("inner")
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


@pytest.fixture(scope="module")
def runs_with_a_new_kind(lab: Lab, cluster: Cluster) -> list[Run]:
    stack = lab.stack(namespace=cluster.namespace)
    declare = custom_resources(f"{cluster.namespace}.example.com")
    return [stack.preview(declare), stack.up(declare), stack.preview(declare), stack.destroy()]


def test_custom_resource_waits_for_its_definition(runs_with_a_new_kind: list[Run]) -> None:
    assert [run.error for run in runs_with_a_new_kind] == ["", "", "", ""]


def test_custom_resource_lies_in_the_namespace_of_the_provider(
    runs_with_a_new_kind: list[Run], cluster: Cluster
) -> None:
    assert runs_with_a_new_kind[1].result("first").id == f"{cluster.namespace}/sprocket"


def test_custom_resource_and_definition_are_the_same_afterwards(
    runs_with_a_new_kind: list[Run],
) -> None:
    assert runs_with_a_new_kind[2].changes() == {}


def documents() -> None:
    k8s.yaml.ConfigGroup(
        "group",
        yaml=[
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata: {key: value}\n"
            "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: from-yaml}\n"
        ],
    )


def test_objects_of_yaml_documents_are_created(lab: Lab, cluster: Cluster) -> None:
    assert lab.stack(namespace=cluster.namespace).up(documents).ok
    assert cluster.get(cluster.path("configmaps", "from-yaml"))["data"] == {"key": "value"}
    assert cluster.get(cluster.path("serviceaccounts", "from-yaml")) is not None
