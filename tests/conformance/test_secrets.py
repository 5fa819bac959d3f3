"""What is secret stays secret: in the state, in outputs and in plans."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pytest

from tests.conformance.lab import SECRET, Program, Run
from tests.conformance.stories import World, story

pytestmark = pytest.mark.cluster

PASSWORD = "correct-horse-battery"
ENCODED = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"


def program(password: str = PASSWORD) -> Program:
    def declare() -> None:
        k8s.core.v1.Secret("text", string_data={"password": password})
        k8s.core.v1.Secret("data", data={"password": ENCODED})
        token = pulumi.Output.secret(password)
        k8s.core.v1.ConfigMap("map", data={"token": token, "open": "seen"})
        k8s.core.v1.ServiceAccount("account", metadata={"annotations": {"token": token}})

    return declare


@dataclass
class Story:
    create: Run
    state: str
    again: Run
    change: Run
    after_refresh: str
    live: dict[str, str]


@story
def secrecy(world: World) -> Story:
    cluster, stack = world.cluster, world.lab.stack(namespace=world.cluster.namespace)
    create = stack.up(program())
    name = create.result("text").id.partition("/")[2]
    live = cluster.get(cluster.path("secrets", name))["data"]
    state = stack.state_text()
    again = stack.preview(program())
    change = stack.preview(program("another-password"))
    stack.refresh()
    return Story(create, state, again, change, stack.state_text(), live)


def test_text_of_a_secret_reaches_the_cluster(secrecy: Story) -> None:
    assert secrecy.live == {"password": ENCODED}


@pytest.mark.parametrize("text", [PASSWORD, ENCODED])
def test_secret_is_not_in_the_state(secrecy: Story, text: str) -> None:
    assert text not in secrecy.state


@pytest.mark.parametrize("text", [PASSWORD, ENCODED])
def test_secret_is_not_in_the_state_after_a_refresh(secrecy: Story, text: str) -> None:
    assert text not in secrecy.after_refresh


@pytest.mark.parametrize("name", ["text", "data"])
def test_data_of_a_secret_is_a_secret_output(secrecy: Story, name: str) -> None:
    assert secrecy.create.result(name).outputs["data"] == SECRET


def test_only_the_secret_value_of_a_map_is_secret(secrecy: Story) -> None:
    assert secrecy.create.result("map").outputs["data"] == {"token": SECRET, "open": "seen"}


def test_secret_in_the_metadata_stays_secret(secrecy: Story) -> None:
    annotations = secrecy.create.result("account").outputs["metadata"]["annotations"]
    assert annotations["token"] == SECRET


def test_text_of_a_secret_is_no_change_the_next_time(secrecy: Story) -> None:
    assert secrecy.again.changes() == {}


def test_changed_text_replaces_the_secret(secrecy: Story) -> None:
    assert secrecy.change.step("text").diff["data.password"] == "update-replace"
