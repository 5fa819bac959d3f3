"""What the stacks `staging` and `prod` would make, by previews of the real engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.jobs.jars import build
from sandbox import engine
from sandbox.paths import PROJECT

pytestmark = pytest.mark.engine

STACKS = ("staging", "prod")


@dataclass(frozen=True)
class Plan:
    """What a preview says that will be made, by name, and what it says of jobs."""

    inputs: Mapping[str, Mapping[str, Any]]
    kinds: Mapping[str, str]
    said: list[tuple[str, str]]


@pytest.fixture(scope="module")
def plans(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """The previews of both stacks, side by side."""
    build()
    folders = [tmp_path_factory.mktemp(stack) for stack in STACKS]
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda stack, home: _plan(stack, home, kubeconfig), STACKS, folders)
        return dict(zip(STACKS, found, strict=True))


def _plan(stack: str, home: Path, kubeconfig: str) -> Plan:
    """A preview in the project's folder, with a copy of the stack's file, which stays as it is."""
    variables = {**os.environ, **engine.environment(home), "KUBECONFIG": kubeconfig}
    for name in ("Pulumi.yaml", f"Pulumi.{stack}.yaml"):
        shutil.copy(PROJECT / name, home)
    _pulumi(home, variables, "stack", "init", stack)
    given = ("--stack", stack, "--config-file", str(home / f"Pulumi.{stack}.yaml"))
    preview = json.loads(_pulumi(PROJECT, variables, "preview", "--json", *given))
    steps = {step["urn"].rpartition("::")[2]: step for step in preview["steps"]}
    assert {step["op"] for step in steps.values()} == {"create"}
    return Plan(
        {name: step["newState"].get("inputs", {}) for name, step in steps.items()},
        {name: step["newState"]["type"].rpartition(":")[2] for name, step in steps.items()},
        [(one["severity"], one["message"].strip()) for one in preview.get("diagnostics", [])],
    )


def _pulumi(folder: Path, variables: Mapping[str, str], *arguments: str) -> str:
    command = ["pulumi", *arguments, "--non-interactive"]
    done = subprocess.run(
        command, cwd=folder, env=dict(variables), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cluster(name: str) -> dict[str, str]:
    """The resources of a session cluster."""
    parts = {
        "anchor": "ClusterAnchor",
        "revision": "Revision",
        "account": "ServiceAccount",
        "config": "ConfigMap",
        "rest": "Service",
        "rpc": "Service",
        "stable": "Service",
        "network-policy": "NetworkPolicy",
        "jobmanager": "Deployment",
        "taskmanager": "Deployment",
        "switch": "ClusterSwitch",
    }
    return {name: "SessionCluster", **{f"{name}-{part}": kind for part, kind in parts.items()}}


def job(name: str) -> dict[str, str]:
    """The resources of a session job."""
    return {name: "SessionJob", f"{name}-anchor": "JobAnchor", f"{name}-job": "SessionJob"}


def application(name: str) -> dict[str, str]:
    """The resources of an application."""
    parts = {
        "account": "ServiceAccount",
        "anchor": "JobAnchor",
        "revision": "ApplicationRevision",
        "role": "Role",
        "role-binding": "RoleBinding",
        "config": "ConfigMap",
        "guard": "ConfigMap",
        "rest": "Service",
        "rpc": "Service",
        "stable": "Service",
        "network-policy": "NetworkPolicy",
        "jobmanager": "Deployment",
        "taskmanager": "Deployment",
        "switch": "JobSwitch",
    }
    made = {f"{name}-{part}": kind for part, kind in parts.items()}
    return {name: "ApplicationDeployment", **made}


def test_staging_makes_a_volume_a_cluster_and_a_job(plans: dict[str, Plan]) -> None:
    assert plans["staging"].kinds == {
        "flink-staging": "Stack",
        "data": "PersistentVolumeClaim",
        **cluster("main"),
        **job("counts"),
    }


def test_prod_makes_two_clusters_two_jobs_and_an_application(plans: dict[str, Plan]) -> None:
    assert plans["prod"].kinds == {
        "flink-prod": "Stack",
        **cluster("payments"),
        **cluster("reporting"),
        **job("counts"),
        **job("daily"),
        **application("fraud"),
        "jobs": "Fleet",
    }


def test_the_jobs_of_prod_are_a_fleet_whose_canary_is_the_least_important(
    plans: dict[str, Plan],
) -> None:
    (row,) = [text for _, text in plans["prod"].said if text.startswith("jobs  ")]
    assert row.splitlines() == [
        "jobs  3 jobs: 3 start",
        "    start     flink-prod/counts, flink-prod/daily (canary), flink-prod/fraud",
        "    order     flink-prod/daily, then 2 at a time; no further one after the first failure",
    ]


def test_the_application_of_prod_has_slots_for_its_parallelism(plans: dict[str, Plan]) -> None:
    spec = plans["prod"].inputs["fraud-taskmanager"]["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (
        4,
        "acme/fraud:4.2.0",
    )


def test_the_volume_of_staging_is_one_that_several_nodes_share(plans: dict[str, Plan]) -> None:
    assert plans["staging"].inputs["data"]["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "50Gi"}},
        "storageClassName": "shared",
    }


@pytest.mark.parametrize(
    ("stack", "name", "replicas", "memory"),
    [
        ("staging", "main", 2, "4Gi"),
        ("prod", "payments", 4, "16Gi"),
        ("prod", "reporting", 2, "8Gi"),
    ],
)
def test_task_managers_are_as_many_and_as_large_as_configured(
    stack: str, name: str, replicas: int, memory: str, plans: dict[str, Plan]
) -> None:
    spec = plans[stack].inputs[f"{name}-taskmanager"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert spec["replicas"] == replicas
    assert container["resources"]["limits"]["memory"] == memory


def test_prod_keeps_its_state_in_s3_by_the_pods_own_identity(plans: dict[str, Plan]) -> None:
    made = plans["prod"].inputs
    lines = made["payments-config"]["data"]["config.yaml"].splitlines()
    assert "state.checkpoints.dir: s3://acme-flink-prod/checkpoints" in lines
    assert "state.savepoints.dir: s3://acme-flink-prod/savepoints" in lines
    role = made["payments-account"]["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    assert role == "arn:aws:iam::123456789012:role/flink-payments"


def test_each_job_of_prod_runs_on_its_cluster(plans: dict[str, Plan]) -> None:
    made = plans["prod"].inputs
    where = {name: made[f"{name}-job"]["cluster"]["service"] for name in ("counts", "daily")}
    assert where == {"counts": "payments-r1-rest", "daily": "reporting-r1-rest"}


@pytest.mark.parametrize(
    ("stack", "keys"),
    [
        ("staging", ["flink-staging/counts"]),
        ("prod", ["flink-prod/counts", "flink-prod/daily", "flink-prod/fraud"]),
    ],
)
def test_the_preview_says_that_each_job_starts(
    stack: str, keys: list[str], plans: dict[str, Plan]
) -> None:
    said = [(kind, text) for kind, text in plans[stack].said if not text.startswith("jobs  ")]
    assert sorted((kind, text.splitlines()[0]) for kind, text in said) == [
        ("info", f"{key}  r1  STARTS") for key in keys
    ]
