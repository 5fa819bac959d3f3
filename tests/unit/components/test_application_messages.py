"""What is said of each argument of an application that can't be used, or not with another."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import Output

from flink_components import Environment
from flink_components.components.application_deployment import application_problems
from tests.bad_wishes.applications import REFUSED

ENVIRONMENT = Environment(namespace="payments", flink_version="1.20.3")
RIGHT = {
    "image": "acme/fraud:4.1.3",
    "jar": "local:///opt/flink/usrlib/fraud.jar",
    "savepoint_dir": "file:///data/savepoints",
}


def said(args: dict[str, Any], environment: Environment | None = ENVIRONMENT) -> str:
    return "\n".join(map(str, application_problems("fraud", args, environment)))


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_argument_is_named_with_what_to_do(name: str) -> None:
    args, expected = REFUSED[name]
    assert said({**RIGHT, **args}) == expected


def test_what_an_environment_gives_is_enough() -> None:
    assert said({}, ENVIRONMENT.but(application_deployment=RIGHT)) == ""


def test_without_an_environment_every_required_argument_is_named_once() -> None:
    assert said({"image": "acme/fraud:4.1.3"}, None) == (
        "flink_version: is missing; give its Flink version, like 1.20.3\n"
        "namespace: is missing; give its Kubernetes namespace\n"
        "jar: is missing; give where the pods get the jar from\n"
        "savepoint_dir: is missing, and upgrade_mode is savepoint; set savepoint_dir to a place "
        "that the pods of the cluster can write to"
    )


def test_outputs_are_left_to_the_preview() -> None:
    args = {"parallelism": Output.from_input(4), "image": Output.from_input("acme/fraud:4.2.0")}
    assert said({**RIGHT, **args}) == ""


@pytest.mark.parametrize("field", ["name", "adopt", "connection", "network_policy"])
def test_what_decides_which_resources_there_are_is_no_output(field: str) -> None:
    assert said({**RIGHT, field: Output.from_input(None)}) == (
        f"{field}: can't be an Output; give a plain value: it is needed beforehand"
    )


def test_a_jar_on_a_volume_needs_no_image() -> None:
    args = {
        "image": None,
        "volumes": [{"name": "jars", "persistentVolumeClaim": {"claimName": "jars"}}],
        "volume_mounts": [{"name": "jars", "mountPath": "/opt/flink/usrlib"}],
    }
    assert said({**RIGHT, **args}) == ""


def test_an_elastic_scheduler_makes_do_with_the_slots_that_there_are() -> None:
    args = {
        "parallelism": 4,
        "task_manager": {"replicas": 1},
        "config": {"jobmanager.scheduler": "adaptive"},
    }
    assert said({**RIGHT, **args}) == ""
