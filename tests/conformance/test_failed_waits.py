"""Objects that do not become ready: kept, with what is wrong, and tried again the next time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pytest

from tests.conformance.lab import Run, Stack
from tests.conformance.stories import World, long_story
from tests.conformance.workloads import MISSING_IMAGE, pulumi_annotations, replicated, template

pytestmark = pytest.mark.cluster

SECONDS = "6"
# Under load, the first answer of the registry that is not there takes longer than that.
PULL_SECONDS = "25"


def program(image: str, replicas: int = 1) -> Callable[[], None]:
    def declare() -> None:
        k8s.apps.v1.Deployment(
            "deployment",
            metadata={"name": "unready", **pulumi_annotations(timeoutSeconds=PULL_SECONDS)},
            spec=replicated("unready", image, replicas=replicas),
        )
        k8s.apps.v1.StatefulSet(
            "stateful",
            metadata=pulumi_annotations(timeoutSeconds=SECONDS),
            spec=replicated("stateful-unready", image, service_name="none", replicas=replicas),
        )
        k8s.core.v1.Service(
            "balanced",
            metadata=pulumi_annotations(timeoutSeconds=SECONDS),
            spec={"type": "LoadBalancer", "selector": {"app": "x"}, "ports": [{"port": 80}]},
        )
        k8s.batch.v1.Job(
            "job",
            metadata=pulumi_annotations(replaceUnready="true"),
            spec={
                "active_deadline_seconds": 1,
                "template": template("late-job", MISSING_IMAGE, restart_policy="Never"),
            },
        )
        k8s.core.v1.ConfigMap(
            "waiting",
            metadata=pulumi_annotations(waitFor="jsonpath={.data.ready}"),
            data={"key": "value"},
            opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="3s")),
        )

    return declare


@dataclass
class Story:
    stack: Stack
    up: Run
    again: Run
    errors: dict[str, list[str]]
    cured: Run


@long_story
def failing(world: World) -> Story:
    stack = world.lab.stack(namespace=world.cluster.namespace)
    up = stack.up(program(MISSING_IMAGE))
    errors = {name: list(item.get("initErrors") or []) for name, item in stack.resources().items()}
    again = stack.preview(program(MISSING_IMAGE))
    urns = [
        str(item["urn"])
        for name, item in stack.resources().items()
        if name in ("deployment", "stateful")
    ]
    cured = stack.up(program(MISSING_IMAGE, replicas=0), target=urns)
    return Story(stack, up, again, errors, cured)


@pytest.mark.parametrize("name", ["deployment", "stateful", "balanced", "waiting"])
def test_object_that_is_not_ready_in_time_fails(failing: Story, name: str) -> None:
    assert "timed out waiting" in failing.up.said("error", name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("deployment", "Minimum number of live Pods was not attained"),
        ("stateful", "0 out of 1 replicas succeeded readiness checks"),
        ("balanced", "Service was not allocated an IP address"),
        ("job", "[DeadlineExceeded] Job was active longer than specified deadline"),
    ],
)
def test_failure_says_what_is_missing(failing: Story, name: str, reason: str) -> None:
    assert reason in failing.up.said("error", name)


def test_failure_says_what_is_wrong_with_the_pod(failing: Story) -> None:
    assert "ErrImagePull" in failing.up.said("error", "deployment") or (
        "ImagePullBackOff" in failing.up.said("error", "deployment")
    )


def test_custom_timeout_of_a_create_is_kept(failing: Story) -> None:
    assert "waiting" in failing.errors
    assert failing.up.seconds < 60


@pytest.mark.parametrize("name", ["deployment", "stateful", "balanced", "job", "waiting"])
def test_object_that_failed_is_kept_in_the_state(failing: Story, name: str) -> None:
    assert len(failing.errors[name]) >= 1


@pytest.mark.parametrize("name", ["deployment", "stateful", "balanced", "waiting"])
def test_object_that_failed_is_updated_the_next_time(failing: Story, name: str) -> None:
    assert failing.again.changes()[name] == "update"


def test_unready_job_is_replaced_where_the_annotation_says_so(failing: Story) -> None:
    assert "replace" in failing.again.ops("job")


def test_object_that_becomes_ready_is_no_failure_any_more(failing: Story) -> None:
    assert failing.cured.error == ""
    assert "initErrors" not in failing.stack.resources()["deployment"]
