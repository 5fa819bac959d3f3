"""The provider's own configuration, and a cluster that cannot be reached."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml

from tests.conformance.lab import Program, Run
from tests.conformance.stories import World, story

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


@story
def unreachable(world: World) -> tuple[Run, Run]:
    stack = world.lab.stack(kubeconfig=NOBODY_THERE)
    return stack.preview(one_map()), stack.up(one_map())


def test_preview_without_a_cluster_plans_what_the_inputs_say(unreachable: tuple[Run, Run]) -> None:
    assert unreachable[0].changes() == {"map": "create"}


def test_create_without_a_cluster_says_that_it_is_unreachable(
    unreachable: tuple[Run, Run],
) -> None:
    assert "configured Kubernetes cluster is unreachable" in unreachable[1].said("error", "map")


@story
def lost_cluster(world: World) -> dict[str, Run]:
    config = world.folder / "lost-cluster"
    config.write_text(Path(world.kubeconfig).read_text())
    stack = world.lab.stack(namespace=world.cluster.namespace, kubeconfig=str(config))
    runs = {"create": stack.up(one_map())}
    config.write_text(NOBODY_THERE)
    return {**runs, "refresh": stack.refresh(), "destroy": stack.destroy()}


def test_refresh_without_a_cluster_fails_and_warns(lost_cluster: dict[str, Run]) -> None:
    run = lost_cluster["refresh"]
    assert "configured Kubernetes cluster is unreachable" in run.said("warning", "map")
    assert "failed to read resource state due to unreachable cluster" in run.error


def test_delete_without_a_cluster_fails_and_keeps_the_resource(
    lost_cluster: dict[str, Run],
) -> None:
    assert "configured Kubernetes cluster is unreachable" in lost_cluster["destroy"].error


@story
def configured(world: World) -> dict[str, Run]:
    lab, namespace = world.lab, world.cluster.namespace
    text = Path(world.kubeconfig).read_text()
    mutable = lab.stack(namespace=namespace, kubeconfig=text, enableConfigMapMutable="true")
    return {
        "create": mutable.up(two_maps("1")),
        "change": mutable.preview(two_maps("2")),
        "no context": lab.stack(context="no-such-context").up(one_map()),
        "own provider": lab.stack(namespace="default").up(own_provider(world)),
    }


def two_maps(value: str) -> Program:
    def declare() -> None:
        k8s.core.v1.ConfigMap("map", data={"key": value})
        k8s.core.v1.ConfigMap("immutable", immutable=True, data={"key": value})

    return declare


def own_provider(world: World) -> Program:
    def declare() -> None:
        provider = k8s.Provider(
            "own", kubeconfig=world.kubeconfig, namespace=world.cluster.namespace
        )
        k8s.core.v1.ConfigMap(
            "map",
            metadata={"name": "of-its-own-provider"},
            data={"key": "value"},
            opts=pulumi.ResourceOptions(provider=provider),
        )
        pulumi.export("namespace", world.cluster.namespace)

    return declare


def test_kubeconfig_may_be_given_as_text(configured: dict[str, Run]) -> None:
    assert configured["create"].error == ""


def test_context_that_does_not_exist_is_named(configured: dict[str, Run]) -> None:
    run = configured["no context"]
    assert 'context "no-such-context" does not exist' in run.said("error", "map")


def test_data_of_a_mutable_config_map_is_changed_in_place(configured: dict[str, Run]) -> None:
    assert configured["change"].ops("map") == ["update"]


def test_data_of_an_immutable_config_map_is_replaced_all_the_same(
    configured: dict[str, Run],
) -> None:
    assert configured["change"].step("immutable").diff == {"data.key": "update-replace"}


def test_first_class_provider_has_a_namespace_of_its_own(configured: dict[str, Run]) -> None:
    run = configured["own provider"]
    assert run.result("map").id == f"{run.outputs['namespace']}/of-its-own-provider"
