"""What may be declared of state and high availability, and what is said of what may not."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.spec.base import SpecError, load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.state_storage import StateStorage

LEAST = {"name": "shared", "namespace": "payments", "flink_version": "1.20.3"}
S3 = {"uri": "s3://acme-flink/prod"}
KEYS = {"keys": {"secret": "s3-keys"}}
WASB = "wasbs://flink@acme.blob.core.windows.net/prod"
VOLUME = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}


def storage(**values: Any) -> StateStorage:
    return load(StateStorage, values)


def cluster(**values: Any) -> SessionClusterSpec:
    return load(SessionClusterSpec, {**LEAST, **values})


def test_all_places_follow_from_one_uri() -> None:
    spec = cluster(state_storage=S3)
    assert spec.savepoints == "s3://acme-flink/prod/savepoints"
    assert spec.checkpoints == "s3://acme-flink/prod/checkpoints"
    assert spec.high_availability_dir == "s3://acme-flink/prod/high-availability"


def test_each_place_can_be_given_by_itself() -> None:
    spec = cluster(
        state_storage=S3,
        savepoint_dir="s3://kept/savepoints",
        checkpoint_dir="s3://fast/checkpoints",
        high_availability={"storage_dir": "s3://ha/flink"},
    )
    assert spec.savepoints == "s3://kept/savepoints"
    assert spec.checkpoints == "s3://fast/checkpoints"
    assert spec.high_availability_dir == "s3://ha/flink"


def test_a_whole_bucket_has_no_double_slash() -> None:
    assert storage(uri="s3://acme-flink/").savepoint_dir == "s3://acme-flink/savepoints"


def test_a_volume_needs_no_uri() -> None:
    found = storage(volume={"claim": "state"})
    assert found.checkpoint_dir == "file:///state/checkpoints"
    assert storage(volume={"claim": "c", "mount_path": "/data/"}).base == "file:///data"


@pytest.mark.parametrize(
    ("values", "plugin"),
    [
        ({"uri": "s3://b/f"}, "flink-s3-fs-hadoop"),
        ({"uri": "s3a://b/f"}, "flink-s3-fs-hadoop"),
        ({"uri": "s3p://b/f"}, "flink-s3-fs-presto"),
        ({"uri": "s3://b/f", "plugin": "presto"}, "flink-s3-fs-presto"),
        ({"uri": "s3://b/f", "plugin": "native", "s3": {"region": "x"}}, "flink-s3-fs-native"),
        ({"uri": "s3://b/f", "plugin": "image"}, None),
        ({"uri": "gs://b/f"}, "flink-gs-fs-hadoop"),
        ({"uri": "gs://b/f", "plugin": "image"}, None),
        ({"uri": "abfss://c@a.dfs.core.windows.net/f"}, "flink-azure-fs-hadoop"),
        ({"uri": "file:///state"}, None),
        ({"uri": "hdfs://namenode/flink"}, None),
    ],
)
def test_the_plugin_follows_from_the_uri(values: dict[str, Any], plugin: str | None) -> None:
    assert storage(**values).plugin_name == plugin


def test_a_plugin_that_is_named_already_is_switched_on_once() -> None:
    plugins = ["flink-s3-fs-hadoop", "flink-s3-fs-presto"]
    assert cluster(state_storage=S3, plugins=plugins).built_in_plugins == plugins


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, None),
        ({"checkpoint_dir": "s3://b/c", "savepoint_dir": "s3://b/s"}, None),
        ({"state_storage": S3}, "kubernetes"),
        ({"high_availability": {"storage_dir": "s3://b/ha"}}, "kubernetes"),
        ({"state_storage": S3, "high_availability": {"enabled": False}}, None),
        (
            {"high_availability": {"storage_dir": "s3://b/ha", "enabled": False}},
            None,
        ),
        ({"state_storage": {"volume": {"claim": "state"}}}, "kubernetes"),
        (
            {
                "state_storage": S3,
                "high_availability": {"enabled": False},
                "config": {"high-availability.type": "zookeeper"},
            },
            "zookeeper",
        ),
    ],
)
def test_high_availability_is_on_where_there_is_storage_for_it(
    values: dict[str, Any], kind: str | None
) -> None:
    assert cluster(**values).high_availability_kind == kind


def test_a_directory_on_the_users_own_volume_is_durable() -> None:
    spec = cluster(
        volumes=[VOLUME],
        volume_mounts=[{"name": "data", "mountPath": "/data"}],
        high_availability={"storage_dir": "file:///data/ha"},
    )
    assert spec.high_availability_kind == "kubernetes"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"state_storage": {}}, "state_storage.uri: is missing; give a directory, like s3://"),
    ({"state_storage": {"uri": "bucket/x"}}, "state_storage.uri: is not the URI of a directory"),
    ({"state_storage": {**S3, "url": "s3://b/x"}}, "state_storage.url: there is no such field"),
    (
        {"state_storage": {"uri": "s3://me:hunter2@b/x"}},
        "state_storage.uri: holds a user or password (given: a hidden value)",
    ),
    (
        {"state_storage": {**S3, "plugin": "hadop"}},
        "state_storage.plugin: is not one of the choices",
    ),
    (
        {"state_storage": {"uri": "gs://b/f", "plugin": "hadoop"}},
        "state_storage.plugin: is only for S3 (given: 'hadoop'); remove it",
    ),
    (
        {"state_storage": {"uri": "s3a://b/f", "plugin": "presto"}},
        "state_storage.plugin: has no file system for s3a:// (given: 'presto'); write s3:// in uri",
    ),
    (
        {"state_storage": {"uri": "s3p://b/f", "plugin": "hadoop"}},
        "state_storage.plugin: has no file system for s3p:// (given: 'hadoop'); write s3:// in uri",
    ),
    (
        {"state_storage": {**S3, "plugin": "native"}, "flink_version": "2.3.0"},
        "state_storage.s3.region: is missing: the native plugin asks for it; give one, also where",
    ),
    (
        {"state_storage": {**S3, "plugin": "native", "s3": {"region": "x"}}},
        "state_storage.plugin: is not in Flink 1.20.3 (given: 'native'); use hadoop, or Flink 2.3",
    ),
    (
        {"state_storage": {**S3, "s3": {"endpoint": "minio:9000"}}},
        "state_storage.s3.endpoint: is not a URL (given: 'minio:9000'); write it like https://",
    ),
    (
        {"state_storage": {**S3, "s3": {"endpoint": "http://me:hunter2@minio"}}},
        "state_storage.s3.endpoint: holds a user or password (given: a hidden value); use keys",
    ),
    (
        {"state_storage": {**S3, "s3": {"path_style": "yes"}}},
        "state_storage.s3.path_style: must be",
    ),
    ({"state_storage": {**S3, "s3": {"region": ""}}}, "state_storage.s3.region: is empty"),
    (
        {"state_storage": {**S3, "s3": {"keys": {}}}},
        "state_storage.s3.keys.secret: is missing; give the name of the Secret",
    ),
    (
        {"state_storage": {**S3, "s3": {"keys": {"secret": "S3 Keys"}}}},
        "state_storage.s3.keys.secret: is not the name of a Kubernetes object",
    ),
    (
        {"state_storage": {**S3, "s3": {"access_key": "hunter2"}}},
        "state_storage.s3.access_key: there is no such field",
    ),
    (
        {"state_storage": {"uri": "gs://b/f", "s3": {"region": "x"}}},
        "state_storage.s3: does not go with gs://; remove it, or give a uri that begins with s3://",
    ),
    (
        {"state_storage": {**S3, "gcs": {"key_file": {"secret": "s", "key": "k"}}}},
        "state_storage.gcs: does not go with s3://; remove it, or give a uri that begins with gs:",
    ),
    (
        {"state_storage": {"uri": "gs://b/f", "gcs": {"key_file": {"secret": "s"}}}},
        "state_storage.gcs.key_file.key: is missing; give the key in it",
    ),
    (
        {"state_storage": {**S3, "volume": {"claim": "state"}}},
        "state_storage.volume: does not go with s3://",
    ),
    (
        {
            "state_storage": {
                "uri": "abfss://c@acme.dfs.core.windows.net/f",
                "azure": {"account_key": {"secret": "s", "key": "k"}},
            }
        },
        "state_storage.azure.account_key: is read by Flink for wasb:// and wasbs:// only",
    ),
    (
        {"state_storage": {"volume": {"claim": "state"}, "uri": "file:///other"}},
        "state_storage.uri: is not on the volume (given: 'file:///other'); begin it with /state",
    ),
    (
        {"state_storage": {"volume": {"claim": "state", "mount_path": "state"}}},
        "state_storage.volume.mount_path: is not a free place in the container (given: 'state')",
    ),
    (
        {"state_storage": {"volume": {"claim": "state", "mount_path": "/opt/flink"}}},
        "state_storage.volume.mount_path: is not a free place in the container",
    ),
    (
        {"state_storage": {**S3, "s3": KEYS, "identity": {"example.org/role": "flink"}}},
        "state_storage.identity: is given beside keys in a Secret; keep one of the two",
    ),
    (
        {"state_storage": {**S3, "identity": {"a": "b"}}, "service_account": "mine"},
        "state_storage.identity: is only for a ServiceAccount that is made here",
    ),
    (
        {"state_storage": S3, "flink_version": "1.20"},
        "flink_version: must be a full version to switch on a plugin of it (given: '1.20')",
    ),
    (
        {
            "state_storage": {**S3, "s3": KEYS},
            "env": [{"name": "AWS_ACCESS_KEY_ID", "value": "x"}],
        },
        "env: names AWS_ACCESS_KEY_ID, which state_storage sets; remove it",
    ),
    (
        {
            "state_storage": {"volume": {"claim": "c"}},
            "volumes": [{**VOLUME, "name": "flink-state"}],
        },
        "volumes: names flink-state, which state_storage sets; remove it",
    ),
    (
        {
            "state_storage": {"volume": {"claim": "c"}},
            "volumes": [VOLUME],
            "volume_mounts": [{"name": "data", "mountPath": "/state/"}],
        },
        "volume_mounts: names /state, which state_storage sets; remove it",
    ),
    (
        {"high_availability": {"enabled": True}},
        "high_availability.storage_dir: is missing; give a directory that outlives the pods",
    ),
    ({"high_availability": {"enabled": "on"}}, "high_availability.enabled: must be"),
    ({"high_availability": {"replicas": 2}}, "high_availability.replicas: there is no such field"),
    (
        {"high_availability": {"storage_dir": "ha"}},
        "high_availability.storage_dir: is not the URI of a directory",
    ),
    (
        {"high_availability": {"storage_dir": "file:///tmp/ha"}},
        "high_availability.storage_dir: is not on a volume, so it ends with the pod "
        "(given: 'file:///tmp/ha'); mount a volume there, or give a bucket",
    ),
    (
        {
            "high_availability": {"storage_dir": "file:///data/ha"},
            "volumes": [{"name": "data", "emptyDir": {}}],
            "volume_mounts": [{"name": "data", "mountPath": "/data"}],
        },
        "high_availability.storage_dir: is not on a volume, so it ends with the pod",
    ),
    (
        {"state_storage": S3, "config": {"high-availability.type": "kubernetes"}},
        'config["high-availability.type"]: is given, and high_availability is on by state_storage',
    ),
    (
        {"state_storage": S3, "config": {"high-availability.storageDir": "s3://b/ha"}},
        'config["high-availability.storageDir"]: is given, and high_availability is on',
    ),
    (
        {
            "state_storage": S3,
            "high_availability": {"enabled": False},
            "job_manager": {"replicas": 2},
        },
        "job_manager.replicas: above 1 needs high availability (given: 2); give 1, or",
    ),
]


@pytest.mark.parametrize(("values", "expected"), REFUSED)
def test_what_cannot_be_used_is_refused_in_one_clear_line(
    values: dict[str, Any], expected: str
) -> None:
    with pytest.raises(SpecError) as caught:
        cluster(**values)
    assert [str(problem) for problem in caught.value.problems][1:] == []
    assert expected in str(caught.value)
    assert "hunter2" not in str(caught.value)
