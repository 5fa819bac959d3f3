"""The provider's own configuration, and a cluster that cannot be reached."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml

from tests.conformance.cluster import Cluster
from tests.conformance.lab import Lab, Program, Run

pytestmark = pytest.mark.cluster

NOBODY_THERE = yaml.safe_dump(
    {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "away", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "away", "user": {"token": "none"}}],
        "contexts": [{"name": "away", "context": {"cluster": "away", "user": "away"}}],
        "current-context": "away",
    }
)


def one_map(value: str = "1") -> Program:
    def declare() -> None:
        k8s.core.v1.ConfigMap("map", data={"key": value})

    return declare


@pytest.fixture(scope="module")
def unreachable(lab: Lab) -> tuple[Run, Run]:
    stack = lab.stack(kubeconfig=NOBODY_THERE)
    return stack.preview(one_map()), stack.up(one_map())


def test_preview_without_a_cluster_plans_what_the_inputs_say(unreachable: tuple[Run, Run]) -> None:
    assert unreachable[0].changes() == {"map": "create"}


def test_create_without_a_cluster_says_that_it_is_unreachable(
    unreachable: tuple[Run, Run],
) -> None:
    assert "configured Kubernetes cluster is unreachable" in unreachable[1].said("error", "map")


@pytest.fixture(scope="module")
def lost_cluster(
    lab: Lab, cluster: Cluster, kubeconfig: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Run]:
    config = tmp_path_factory.mktemp("kubeconfig") / "config"
    config.write_text(Path(kubeconfig).read_text())
    stack = lab.stack(namespace=cluster.namespace, kubeconfig=str(config))
    runs = {"create": stack.up(one_map())}
    config.write_text(NOBODY_THERE)
    runs["refresh"] = stack.refresh()
    runs["destroy"] = stack.destroy()
    return runs


def test_refresh_without_a_cluster_fails_and_warns(lost_cluster: dict[str, Run]) -> None:
    run = lost_cluster["refresh"]
    assert "configured Kubernetes cluster is unreachable" in run.said("warning", "map")
    assert "failed to read resource state due to unreachable cluster" in run.error


def test_delete_without_a_cluster_fails_and_keeps_the_resource(
    lost_cluster: dict[str, Run],
) -> None:
    assert "configured Kubernetes cluster is unreachable" in lost_cluster["destroy"].error


def test_kubeconfig_may_be_given_as_text(lab: Lab, cluster: Cluster, kubeconfig: str) -> None:
    stack = lab.stack(namespace=cluster.namespace, kubeconfig=Path(kubeconfig).read_text())
    assert stack.up(one_map()).ok


def test_context_that_does_not_exist_is_named(lab: Lab) -> None:
    run = lab.stack(context="no-such-context").up(one_map())
    assert 'context "no-such-context" does not exist' in run.said("error", "map")


def test_data_of_a_mutable_config_map_is_changed_in_place(lab: Lab, cluster: Cluster) -> None:
    stack = lab.stack(namespace=cluster.namespace, enableConfigMapMutable="true")
    stack.up(one_map("1"))
    run = stack.preview(one_map("2"))
    assert run.ops("map") == ["update"]


def test_data_of_an_immutable_config_map_is_replaced_all_the_same(
    lab: Lab, cluster: Cluster
) -> None:
    def program(value: str) -> Program:
        def declare() -> None:
            k8s.core.v1.ConfigMap("map", immutable=True, data={"key": value})

        return declare

    stack = lab.stack(namespace=cluster.namespace, enableConfigMapMutable="true")
    stack.up(program("1"))
    assert stack.preview(program("2")).step("map").diff == {"data.key": "update-replace"}


def test_first_class_provider_has_a_namespace_of_its_own(
    lab: Lab, cluster: Cluster, kubeconfig: str
) -> None:
    def declare() -> None:
        provider = k8s.Provider("own", kubeconfig=kubeconfig, namespace=cluster.namespace)
        k8s.core.v1.ConfigMap(
            "map", data={"key": "value"}, opts=pulumi.ResourceOptions(provider=provider)
        )

    run = lab.stack(namespace="default").up(declare)
    assert run.result("map").id.startswith(f"{cluster.namespace}/map-")
