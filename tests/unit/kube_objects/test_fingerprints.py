"""What would restart every cluster and job when the package itself is upgraded."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.kube.objects import application, session_cluster
from flink_components.plan import changes
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.job import SessionJobSpec

_FULL: dict[str, Any] = {
    "config": {
        "high-availability.type": "kubernetes",
        "high-availability.storageDir": "s3://acme/ha",
        "env.java.opts.all": "-Dx=y",
    },
    "service_account": "flink",
    "plugins": ["flink-s3-fs-hadoop"],
    "env": [{"name": "A", "value": "1"}],
    "volumes": [{"name": "data", "emptyDir": {}}],
    "volume_mounts": [{"name": "data", "mountPath": "/data"}],
    "job_manager": {"replicas": 2},
    "task_manager": {"slots": 4, "managed_memory_fraction": 0.2, "cpu_limit": 2},
    "savepoint_dir": "s3://acme/savepoints",
    "checkpoint_dir": "s3://acme/checkpoints",
    "node_selector": {"pool": "flink"},
}
_A_CLUSTER = {"name": "shared", "namespace": "payments"}
_AN_APPLICATION = {
    "name": "fraud",
    "namespace": "payments",
    "key": "payments/fraud",
    "jar": "local:///opt/flink/usrlib/fraud.jar",
    "image": "acme/fraud:4.1.3",
    "savepoint_dir": "s3://acme/savepoints",
}


@pytest.mark.parametrize(
    ("version", "values", "expected"),
    [
        ("1.15.4", {}, "57ed78ced7aa8365"),
        ("1.20.3", {}, "5f13ffd65b2bbbf2"),
        ("2.3.0", {}, "33a39b066ae49037"),
        ("1.15.4", _FULL, "4554374f7990cf73"),
        ("1.20.3", _FULL, "4dd63fa36afdc74f"),
        ("2.3.0", _FULL, "734365b5f7c51ec6"),
    ],
)
def test_session_clusters_are_what_they_were(
    version: str, values: dict[str, Any], expected: str
) -> None:
    spec = load(SessionClusterSpec, {**_A_CLUSTER, "flink_version": version, **values})
    assert session_cluster.fingerprint(spec)[:16] == expected


@pytest.mark.parametrize(
    ("version", "values", "expected"),
    [
        ("1.15.4", {}, "c36a897037cf7bb6"),
        ("1.20.3", {}, "f15afb27c203bf14"),
        ("1.20.3", {"job_graph": "graph.json"}, "f15afb27c203bf14"),
        ("2.3.0", {}, "205755606b6a81ec"),
        ("1.20.3", {**_FULL, "args": ["--from", "payments"], "parallelism": 4}, "ab8b75928c589adf"),
    ],
)
def test_applications_are_what_they_were(
    version: str, values: dict[str, Any], expected: str
) -> None:
    spec = load(ApplicationSpec, {**_AN_APPLICATION, "flink_version": version, **values})
    assert application.fingerprint(spec)[:16] == expected


def test_session_jobs_are_what_they_were() -> None:
    spec = load(
        SessionJobSpec,
        {
            "name": "fraud",
            "namespace": "payments",
            "key": "payments/fraud",
            "jar": "fraud.jar",
            "entry_class": "org.acme.Fraud",
            "args": ["--from", "payments"],
            "parallelism": 4,
            "config": {"pipeline.max-parallelism": 128},
            "savepoint_dir": "s3://acme/savepoints",
            "cluster": {
                "key": "payments/shared",
                "namespace": "payments",
                "name": "shared",
                "revision": 3,
                "service": "shared-r3-rest",
                "flink_version": "1.20.3",
            },
        },
    )
    values = {**spec.model_dump(mode="json"), "jar_content": "9f2c"}
    assert changes.fingerprint(values) == "9e840ca5d063130b"
