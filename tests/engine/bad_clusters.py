"""Session clusters that can't be made, and what is said of each."""

from __future__ import annotations

from typing import Any

import pulumi

from flink_components import SessionCluster
from tests.engine.cases import ENVIRONMENT, NAMESPACE, Case, Place


def _cluster(says: str, name: str = "main", environment: Any = ENVIRONMENT, **args: Any) -> Case:
    return Case(lambda _: _make(name, args, environment), f"SessionCluster {name}: {says}")


def _make(name: str, args: Any, environment: Any = ENVIRONMENT) -> None:
    SessionCluster(name, args, env=environment)


def _two_of_one_key(_: Place) -> None:
    _make("main", {"key": "payments/main"})
    _make("other", {"key": "payments/main"})


def _output_of_a_wrong_type(_: Place) -> None:
    _make("main", {"task_manager": {"slots": pulumi.Output.from_input("two")}})


def _output_of_a_wrong_type_at_the_top(_: Place) -> None:
    _make("main", {"flink_version": pulumi.Output.from_input(1.2)})


CASES: dict[str, Case] = {
    "unknown-field": _cluster("?", taskmanager={"slots": 2}),
    "camel-case-field": _cluster("?", flinkVersion="1.20.3"),
    "nested-unknown-field": _cluster("?", task_manager={"memroy": "2Gi"}),
    "memory-without-unit": _cluster("?", task_manager={"memory": 1600}),
    "memory-with-an-ambiguous-unit": _cluster("?", task_manager={"memory": "2G"}),
    "memory-with-an-unknown-unit": _cluster("?", job_manager={"memory": "2 gigs"}),
    "memory-too-small": _cluster("?", task_manager={"memory": "300Mi"}),
    "cpu-with-a-wrong-unit": _cluster("?", job_manager={"cpu": "2 cores"}),
    "cpu-limit-below-the-request": _cluster("?", job_manager={"cpu": 2, "cpu_limit": 1}),
    "replicas-a-fraction": _cluster("?", task_manager={"replicas": 1.5}),
    "replicas-negative": _cluster("?", task_manager={"replicas": -1}),
    "replicas-true": _cluster("?", task_manager={"replicas": True}),
    "slots-zero": _cluster("?", task_manager={"slots": 0}),
    "slots-as-a-word": _cluster("?", task_manager={"slots": "two"}),
    "standby-without-high-availability": _cluster("?", job_manager={"replicas": 2}),
    "version-missing": _cluster("?", environment=None, namespace=NAMESPACE),
    "version-not-supported": _cluster("?", flink_version="1.12.7"),
    "version-unknown": _cluster("?", flink_version="newest"),
    "version-as-a-number": _cluster("?", flink_version=1.20),
    "namespace-missing": _cluster("?", environment=None, flink_version="1.20.3"),
    "namespace-invalid": _cluster("?", namespace="Flink_Dev"),
    "name-invalid": _cluster("?", name="Main_Cluster"),
    "image-latest": _cluster("?", image="flink:latest"),
    "image-without-tag": _cluster("?", image="example.org/flink"),
    "option-that-is-ours": _cluster("?", config={"rest.port": 8082}),
    "option-with-an-argument-of-its-own": _cluster(
        "?", config={"taskmanager.numberOfTaskSlots": 4}
    ),
    "options-nested": _cluster("?", config={"state": {"backend": "rocksdb"}}),
    "option-as-a-list": _cluster("?", config={"env.java.opts.all": ["-Xss4m", "-Da=b"]}),
    "option-empty": _cluster("?", config={"s3.endpoint": ""}),
    "secret-option-of-a-wrong-type": _cluster("?", config={"s3.secret-key": ["hunter2"]}),
    "label-invalid": _cluster("?", labels={"team": "risk & fraud"}),
    "label-that-is-ours": _cluster("?", labels={"app.kubernetes.io/name": "x"}),
    "annotation-not-text": _cluster("?", annotations={"example.org/cost": 7}),
    "mount-without-volume": _cluster("?", volume_mounts=[{"name": "data", "mountPath": "/data"}]),
    "volume-on-the-host": _cluster("?", volumes=[{"name": "x", "hostPath": {"path": "/"}}]),
    "variable-twice": _cluster("?", env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
    "savepoint-dir-relative": _cluster("?", savepoint_dir="savepoints"),
    "checkpoint-dir-with-a-password": _cluster("?", checkpoint_dir="s3://key:hunter2@bucket/x"),
    "plugin-as-a-file": _cluster("?", plugins=["flink-s3-fs-hadoop-1.20.3.jar"]),
    "policy-unknown": _cluster("?", network_policy={"rest_from": "everyone"}),
    "ready-within-without-unit": _cluster("?", ready_within="10"),
    "rest-url-of-a-cluster-made-here": _cluster(
        "?", connection={"rest_url": "https://flink.example.org"}
    ),
    "connection-unknown-field": _cluster("?", connection={"kube_config": "~/.kube/config"}),
    "connection-as-text": _cluster("?", connection="~/.kube/config"),
    "several-at-once": _cluster("?", image="flink", task_manager={"slots": 0, "memory": "1"}),
    "args-as-text": Case(lambda _: _make("main", "1.20.3"), "?"),
    "env-as-a-mapping": Case(lambda _: _make("main", {}, {"namespace": NAMESPACE}), "?"),
    "one-key-twice": Case(_two_of_one_key, "?"),
    "output-of-a-wrong-type": Case(_output_of_a_wrong_type, "?"),
    "output-of-a-wrong-type-at-the-top": Case(_output_of_a_wrong_type_at_the_top, "?"),
}
