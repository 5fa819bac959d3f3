"""Every pod passes the `restricted` Pod Security Standard, whatever is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flink_components.kube.objects import application
from flink_components.kube.objects.session_cluster import render
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from flink_components.spec.cluster import SessionClusterSpec

ALLOWED_SOURCES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def violations(pod: dict[str, Any]) -> Iterator[str]:
    """What the standard's `restricted` level would refuse in a pod's spec."""
    context = pod.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield field
    if context.get("sysctls"):
        yield "sysctls"
    for volume in pod.get("volumes", []):
        if not set(volume) - {"name"} <= ALLOWED_SOURCES:
            yield f"volume {volume['name']}"
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        yield from _container_violations(container, context)


def _container_violations(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    own = container.get("securityContext", {})
    capabilities = own.get("capabilities", {})
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if "ALL" not in capabilities.get("drop", []):
        yield "capabilities.drop"
    if not set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"}:
        yield "capabilities.add"
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot"
    if own.get("runAsUser", pod.get("runAsUser")) == 0:
        yield "runAsUser"
    profile = own.get("seccompProfile", pod.get("seccompProfile", {})).get("type")
    if profile not in ("RuntimeDefault", "Localhost"):
        yield "seccompProfile"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "hostPort"


DECLARED: list[dict[str, Any]] = [
    {},
    {"read_only_root": False},
    {"config": {"s3.secret-key": "x"}, "plugins": ["flink-s3-fs-hadoop"]},
    {
        "job_manager": {"replicas": 2},
        "config": {"high-availability.type": "kubernetes"},
        "service_account": "flink",
    },
    {
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "volume_mounts": [{"name": "data", "mountPath": "/data"}],
    },
]


def pods(values: dict[str, Any]) -> list[dict[str, Any]]:
    base = {"name": "shared", "namespace": "payments", "flink_version": "1.20.3"}
    objects = render(load(SessionClusterSpec, {**base, **values}), 1)
    return [
        deployment["spec"]["template"]["spec"]
        for deployment in (objects.job_manager, objects.task_manager)
    ]


@pytest.mark.parametrize("values", DECLARED)
def test_pods_pass_the_restricted_standard(values: dict[str, Any]) -> None:
    assert [list(violations(pod)) for pod in pods(values)] == [[], []]


@pytest.mark.parametrize(
    "values", [{}, {"jar": "s3://acme/fraud.jar", "plugins": ["flink-s3-fs-hadoop"]}]
)
def test_the_pods_of_an_application_pass_it_too(values: dict[str, Any]) -> None:
    base = {
        "name": "fraud",
        "namespace": "payments",
        "key": "payments/fraud",
        "flink_version": "1.20.3",
        "image": "acme/fraud:4.1.3",
        "jar": "local:///opt/flink/usrlib/fraud.jar",
        "savepoint_dir": "s3://acme/savepoints",
    }
    objects = application.render(load(ApplicationSpec, {**base, **values}), 1)
    pods = [d["spec"]["template"]["spec"] for d in (objects.job_manager, objects.task_manager)]
    assert [list(violations(pod)) for pod in pods] == [[], []]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"hostNetwork": True}, ["hostNetwork"]),
        ({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}, ["volume h"]),
        ({"securityContext": {}}, ["runAsNonRoot", "seccompProfile"]),
        (
            {"containers": [{"name": "c"}]},
            ["allowPrivilegeEscalation", "capabilities.drop"],
        ),
    ],
)
def test_the_checker_sees_what_the_standard_refuses(
    change: dict[str, Any], expected: list[str]
) -> None:
    assert list(violations({**pods({})[0], **change})) == expected


@pytest.mark.parametrize("pod", pods({}), ids=["jobmanager", "taskmanager"])
def test_the_root_is_read_only_and_every_written_place_is_a_volume(pod: dict[str, Any]) -> None:
    container = pod["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]} == {
        "/opt/flink/conf": "flink-conf",
        "/opt/flink/log": "flink-log",
        "/var/lib/flink": "flink-work",
        "/tmp": "tmp",
    }


@pytest.mark.parametrize("pod", pods({}), ids=["jobmanager", "taskmanager"])
def test_no_token_is_mounted(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False


def test_kubernetes_high_availability_mounts_the_token_that_it_needs() -> None:
    assert [pod["automountServiceAccountToken"] for pod in pods(DECLARED[3])] == [True, True]
