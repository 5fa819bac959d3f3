"""What may be declared of a session cluster, and what is said of what may not."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.spec.base import SpecError, load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.quantity import Cpu, Memory

LEAST = {"name": "shared", "namespace": "payments", "flink_version": "1.20.3"}
DIGEST = "sha256:" + "0" * 64


def cluster(**values: Any) -> SessionClusterSpec:
    return load(SessionClusterSpec, {**LEAST, **values})


def test_three_fields_are_enough() -> None:
    spec = cluster()
    assert spec.cluster_key == "payments/shared"
    assert spec.cluster_image == "flink:1.20.3"
    assert spec.slots_total == 1
    assert spec.job_manager.memory == Memory.mebibytes(1600)
    assert spec.task_manager.cpu == Cpu(1000)
    assert spec.high_availability_kind is None


def test_slots_are_those_of_all_task_managers() -> None:
    assert cluster(task_manager={"replicas": 3.0, "slots": 4.0}).slots_total == 12


def test_a_declaration_survives_json() -> None:
    spec = cluster(
        task_manager={"cpu": 0.5, "memory": "2g", "termination_grace": "2 min"},
        config={"a": 1, "b": True, "c": 0.5, "d": "x"},
        env=[{"name": "A", "value": 1}],
    )
    assert load(SessionClusterSpec, spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize("version", ["1.15.4", "1.16", "1.20.3", "2.0.0", "2.3.0"])
def test_a_supported_version_is_taken(version: str) -> None:
    assert cluster(flink_version=version).flink_version == version


@pytest.mark.parametrize(
    "image",
    ["flink:1.20.3-java17", "registry.example.org:5000/team/flink:v1", f"flink@{DIGEST}"],
)
def test_an_image_with_a_fixed_tag_or_digest_is_taken(image: str) -> None:
    assert cluster(image=image).cluster_image == image


VOLUME = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "Shared"}, "name: is not a name that Kubernetes accepts (given: 'Shared')"),
    ({"name": "a" * 64}, "name: is not a name that Kubernetes accepts"),
    ({"namespace": "a_b"}, "namespace: is not a namespace that Kubernetes accepts"),
    ({"key": "a b"}, "key: is not a key (given: 'a b')"),
    (
        {"flink_version": 1.2},
        "flink_version: must be text: 1.20 as a number is 1.2 (given: 1.2); "
        'put it in quotes, like "1.20.3"',
    ),
    (
        {"flink_version": "1.14.6"},
        "flink_version: is not supported (given: '1.14.6'); use a release of "
        "1.15, 1.16, 1.17, 1.18, 1.19, 1.20, 2.0, 2.1, 2.2, 2.3",
    ),
    ({"flink_version": "latest"}, "flink_version: is not a Flink version (given: 'latest')"),
    ({"image": "flink"}, "image: has no tag (given: 'flink'); add a tag or a digest"),
    ({"image": "host:5000/flink"}, "image: has no tag (given: 'host:5000/flink')"),
    ({"image": "flink:latest"}, "image: means another image every day"),
    ({"image": "Flink:1"}, "image: is not the name of an image"),
    ({"image_pull_policy": "Sometimes"}, "image_pull_policy: is not one of the choices"),
    (
        {"config": {"rest.port": 8082}},
        'config["rest.port"]: cannot be set here; '
        "remove it: the port is fixed, and pods and Services agree on it",
    ),
    (
        {"config": {"taskmanager.memory.process.size": "2g"}},
        'config["taskmanager.memory.process.size"]: cannot be set here',
    ),
    (
        {"config": {"execution.checkpointing.savepoint-dir": "s3://b/s"}},
        "use savepoint_dir",
    ),
    (
        {"config": {"s3": {"endpoint": "http://minio"}}},
        "config.s3: is nested (given: a mapping); "
        "write one dotted key for each option, like s3.endpoint",
    ),
    ({"config": {"a": [1, 2]}}, "config.a: is a list (given: a list of 2)"),
    ({"config": {"a": " "}}, "config.a: is empty"),
    ({"config": {"a": "b\nc"}}, "config.a: begins or ends with a space, or has a character"),
    ({"config": {"a b": 1}}, 'config["a b"]: is not the name of an option'),
    ({"plugins": ["flink-s3-fs-hadoop-1.20.3.jar"]}, "plugins[0]: is not the name of a built-in"),
    (
        {"plugins": ["flink-s3-fs-hadoop"], "flink_version": "1.20"},
        "flink_version: must be a full version where plugins are named (given: '1.20'); "
        "write it like 1.20.3",
    ),
    ({"job_manager": {"memory": "2G"}}, "job_manager.memory: is ambiguous"),
    ({"job_manager": {"cpu": "2 cores"}}, "job_manager.cpu: has the unknown unit 'cores'"),
    ({"job_manager": {"replicas": 0}}, "job_manager.replicas: must be at least 1 (given: 0)"),
    (
        {"job_manager": {"replicas": 2}},
        "job_manager.replicas: above 1 needs high availability (given: 2); "
        "give 1, or state_storage, or high_availability with a storage_dir",
    ),
    ({"task_manager": {"replicas": -1}}, "task_manager.replicas: must be at least 0 (given: -1)"),
    ({"task_manager": {"slots": 1.5}}, "task_manager.slots: must be a whole number (given: 1.5)"),
    ({"task_manager": {"slots": True}}, "task_manager.slots: must be a whole number (given: true)"),
    ({"task_manager": {"cores": 1}}, "task_manager.cores: there is no such field"),
    (
        {"task_manager": {"cpu": 2, "cpu_limit": 1}},
        "task_manager.cpu_limit: is less than cpu (given: 1); give 2 or more",
    ),
    (
        {"task_manager": {"managed_memory_fraction": 1.0}},
        "task_manager.managed_memory_fraction: must be less than 1 (given: 1)",
    ),
    ({"termination_grace": 30}, "termination_grace: has no unit (given: 30)"),
    (
        {"config": {"high-availability.type": "kubernetes"}},
        "service_account: is missing: high availability on Kubernetes reads and writes ConfigMaps",
    ),
    (
        {"service_account": "flink", "service_account_annotations": {"a": "b"}},
        "service_account_annotations: are only for a ServiceAccount that is made here",
    ),
    (
        {"labels": {"flink-components/key": "x"}},
        'labels["flink-components/key"]: cannot be set here',
    ),
    ({"labels": {"team": "a b"}}, "labels.team: is not a label's value that Kubernetes accepts"),
    ({"annotations": {"-x": "y"}}, 'annotations["-x"]: is not a key that Kubernetes accepts'),
    ({"env": [{"name": "A"}]}, "env[0]: needs one value; give value or value_from"),
    (
        {"env": [{"name": "A", "value_from": {}}]},
        "env[0].value_from: needs one source; give secret, config_map or field_path",
    ),
    ({"env": [{"name": "A", "value_from": {"secret": {"name": "s"}}}]}, "secret.key: is missing"),
    ({"env": [{"name": "FLINK_PROPERTIES", "value": "a: b"}]}, "env[0].name: cannot be set here"),
    (
        {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        "env: names A 2 times; keep one",
    ),
    (
        {"volumes": [{"name": "h", "hostPath": {"path": "/"}}]},
        "volumes[0]: must have one source that restricted pods may use (given: hostPath)",
    ),
    ({"volumes": [{"emptyDir": {}}]}, "volumes[0]: has no name"),
    ({"volumes": [VOLUME, VOLUME]}, "volumes: names data 2 times"),
    ({"volumes": [{**VOLUME, "name": "tmp"}]}, "volumes[0]: has the name 'tmp', which is taken"),
    (
        {"volumes": [VOLUME], "volume_mounts": [{"name": "dat", "mountPath": "/d"}]},
        "volume_mounts[0].name: is not the name of a volume (given: 'dat'); use one of data",
    ),
    (
        {"volumes": [VOLUME], "volume_mounts": [{"name": "data", "mountPath": "d"}]},
        "volume_mounts[0]: has no mountPath",
    ),
    (
        {"volumes": [VOLUME], "volume_mounts": [{"name": "data", "mountPath": "/opt/flink/conf/"}]},
        "volume_mounts[0]: has the mountPath /opt/flink/conf/, which is taken",
    ),
    ({"savepoint_dir": "savepoints"}, "savepoint_dir: is not the URI of a directory"),
    ({"savepoint_dir": "s3://"}, "savepoint_dir: is not the URI of a directory"),
    ({"network_policy": {"rest_from": "mars"}}, "network_policy.rest_from: is not one of"),
    ({"network_policy": {"open_ports": [70000]}}, "network_policy.open_ports[0]: must be at most"),
]


@pytest.mark.parametrize(("values", "expected"), REFUSED)
def test_what_cannot_be_used_is_refused_in_one_clear_line(
    values: dict[str, Any], expected: str
) -> None:
    with pytest.raises(SpecError) as caught:
        cluster(**values)
    assert len(caught.value.problems) == 1
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_password_in_a_storage_uri_is_not_shown() -> None:
    with pytest.raises(SpecError) as caught:
        cluster(savepoint_dir="s3://me:hunter2@bucket/x")
    assert "hunter2" not in str(caught.value)
    assert "savepoint_dir: holds a user or password" in str(caught.value)


def test_an_azure_container_in_a_storage_uri_is_no_user() -> None:
    uri = "abfss://container@account.dfs.core.windows.net/flink"
    assert cluster(savepoint_dir=uri).savepoint_dir == uri


def test_a_standby_job_manager_is_allowed_with_high_availability() -> None:
    spec = cluster(
        job_manager={"replicas": 2},
        config={"high-availability.type": "kubernetes"},
        service_account="flink",
    )
    assert spec.high_availability_kind == "kubernetes"


def test_numbers_in_kubernetes_values_become_whole_again() -> None:
    volume = {"name": "s", "secret": {"secretName": "s", "defaultMode": 288.0}}
    assert cluster(volumes=[volume]).volumes[0]["secret"]["defaultMode"] == 288


def test_the_value_of_a_variable_becomes_text() -> None:
    given = [(1.0, "1"), (0.5, "0.5"), (True, "true"), ("x", "x")]
    spec = cluster(env=[{"name": f"V{i}", "value": v} for i, (v, _) in enumerate(given)])
    assert [variable.value for variable in spec.env] == [text for _, text in given]
