"""What state storage and high availability add to a session cluster's objects, by version."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from flink_components.kube.objects.session_cluster import (
    CHECKS,
    SessionClusterObjects,
    cluster_ref,
    render,
)
from flink_components.spec.base import load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.connection import Connection

LEAST = {"name": "shared", "namespace": "payments"}
S3 = {
    "uri": "s3://acme-flink/prod",
    "s3": {
        "endpoint": "http://minio:9000",
        "path_style": True,
        "region": "eu-central-1",
        "keys": {"secret": "s3-keys"},
    },
}
FACTORY = "org.apache.flink.kubernetes.highavailability.KubernetesHaServicesFactory"


def cluster(version: str = "1.20.3", **values: Any) -> SessionClusterSpec:
    return load(SessionClusterSpec, {**LEAST, "flink_version": version, **values}, checks=CHECKS)


def rendered(version: str = "1.20.3", **values: Any) -> SessionClusterObjects:
    return render(cluster(version, **values), 3)


def options(objects: SessionClusterObjects) -> dict[str, Any]:
    assert objects.config["kind"] == "ConfigMap"
    data = objects.config["data"]
    (text,) = (data[name] for name in data if name != "log4j-console.properties")
    return {
        line.partition(": ")[0]: yaml.safe_load(line.partition(": ")[2])
        for line in text.splitlines()
    }


def added(version: str, **values: Any) -> dict[str, Any]:
    """The options that a cluster has more than one that says nothing of state."""
    without = options(rendered(version))
    return {k: v for k, v in options(rendered(version, **values)).items() if k not in without}


def pod(objects: SessionClusterObjects, component: str = "job_manager") -> dict[str, Any]:
    found: dict[str, Any] = getattr(objects, component)["spec"]["template"]["spec"]
    return found


def container(objects: SessionClusterObjects, component: str = "job_manager") -> dict[str, Any]:
    found: dict[str, Any] = pod(objects, component)["containers"][0]
    return found


PLACES = {
    "state.savepoints.dir": "s3://acme-flink/prod/savepoints",
    "state.checkpoints.dir": "s3://acme-flink/prod/checkpoints",
}
AVAILABILITY = {
    "high-availability.storageDir": "s3://acme-flink/prod/high-availability",
    "high-availability.cluster-id": "/shared-r3-ha",
    "kubernetes.cluster-id": "shared-r3-ha",
    "kubernetes.namespace": "payments",
}
HADOOP = {
    "s3.attempts.maximum": 1,
    "s3.retry.limit": 2,
    "s3.retry.interval": "200ms",
    "s3.connection.establish.timeout": 2000,
    "s3.connection.timeout": 5000,
}
REACHED = {"s3.endpoint": "http://minio:9000", "s3.path.style.access": True}


@pytest.mark.parametrize(
    ("version", "switch"),
    [
        ("1.15.4", {"high-availability": FACTORY}),
        ("1.16.3", {"high-availability": FACTORY}),
        ("1.17.2", {"high-availability.type": "kubernetes"}),
        ("1.20.3", {"high-availability.type": "kubernetes"}),
        ("2.3.0", {"high-availability.type": "kubernetes"}),
    ],
)
def test_the_options_of_a_cluster_with_state_in_s3(version: str, switch: dict[str, str]) -> None:
    region = {"s3.endpoint.region": "eu-central-1"}
    assert added(version, state_storage=S3) == {
        **PLACES,
        **switch,
        **AVAILABILITY,
        **HADOOP,
        **REACHED,
        **region,
    }


def test_the_native_plugin_asks_for_its_region_and_gives_up_by_itself() -> None:
    found = added("2.3.0", state_storage={**S3, "plugin": "native"})
    assert {name: value for name, value in found.items() if name.startswith("s3.")} == {
        **REACHED,
        "s3.region": "eu-central-1",
    }


def test_the_presto_plugin_gives_up_soon_by_its_own_options() -> None:
    found = added("1.17.2", state_storage={**S3, "plugin": "presto"})
    assert {name: value for name, value in found.items() if "s3." in name} == {
        **REACHED,
        "presto.s3.max-client-retries": 2,
        "presto.s3.max-error-retries": 2,
        "presto.s3.max-retry-time": "10s",
        "presto.s3.connect-timeout": "2s",
        "presto.s3.socket-timeout": "5s",
    }


def test_a_plugin_of_the_image_is_not_switched_on_and_gets_no_options_of_another() -> None:
    objects = rendered(state_storage={**S3, "plugin": "image"})
    assert [one["name"] for one in container(objects)["env"]] == [
        "POD_IP",
        "POD_NAME",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ]
    assert [name for name in options(objects) if "retry" in name] == []


def test_an_option_of_the_user_goes_before() -> None:
    found = options(rendered(state_storage=S3, config={"s3.retry.limit": 9}))
    assert found["s3.retry.limit"] == 9


@pytest.mark.parametrize("component", ["job_manager", "task_manager"])
def test_pods_get_the_plugin_and_the_keys_by_reference(component: str) -> None:
    env = container(rendered(state_storage=S3), component)["env"][2:]
    assert env == [
        {"name": "ENABLE_BUILT_IN_PLUGINS", "value": "flink-s3-fs-hadoop-1.20.3.jar"},
        {
            "name": "AWS_ACCESS_KEY_ID",
            "valueFrom": {"secretKeyRef": {"name": "s3-keys", "key": "AWS_ACCESS_KEY_ID"}},
        },
        {
            "name": "AWS_SECRET_ACCESS_KEY",
            "valueFrom": {"secretKeyRef": {"name": "s3-keys", "key": "AWS_SECRET_ACCESS_KEY"}},
        },
    ]


def test_keys_and_a_session_token_may_have_other_names_in_the_secret() -> None:
    keys = {"secret": "s", "access_key": "a", "secret_key": "b", "session_token": "c"}
    env = container(rendered(state_storage={"uri": "s3://b/f", "s3": {"keys": keys}}))["env"]
    assert [(one["name"], one["valueFrom"]["secretKeyRef"]["key"]) for one in env[3:]] == [
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_SESSION_TOKEN", "c"),
    ]


def test_a_cloud_identity_annotates_the_account_and_is_asked_for_by_the_plugin() -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/flink"}
    objects = rendered(state_storage={"uri": "s3://b/f", "identity": role})
    assert objects.service_account is not None
    assert objects.service_account["metadata"]["annotations"].items() >= role.items()
    assert options(objects)["s3.aws.credentials.provider"] == (
        "com.amazonaws.auth.WebIdentityTokenCredentialsProvider"
    )


def test_google_gets_its_key_as_a_file() -> None:
    access = {"key_file": {"secret": "gcs", "key": "key.json"}}
    objects = rendered(state_storage={"uri": "gs://b/f", "gcs": access})
    folder = "/var/run/secrets/flink-components/state"
    env = container(objects)["env"]
    assert env[2:] == [
        {"name": "ENABLE_BUILT_IN_PLUGINS", "value": "flink-gs-fs-hadoop-1.20.3.jar"},
        {"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": f"{folder}/key.json"},
    ]
    assert pod(objects)["volumes"][-1] == {
        "name": "flink-state-key",
        "secret": {"secretName": "gcs", "items": [{"key": "key.json", "path": "key.json"}]},
    }
    assert container(objects)["volumeMounts"][-1] == {
        "name": "flink-state-key",
        "mountPath": folder,
        "readOnly": True,
    }


def test_azure_reads_the_accounts_key_from_the_environment() -> None:
    access = {"account_key": {"secret": "azure", "key": "key"}}
    uri = "wasbs://flink@acme.blob.core.windows.net/prod"
    objects = rendered(state_storage={"uri": uri, "azure": access})
    assert container(objects)["env"][3] == {
        "name": "AZURE_STORAGE_KEY",
        "valueFrom": {"secretKeyRef": {"name": "azure", "key": "key"}},
    }
    assert options(objects)["fs.azure.account.keyprovider.acme.blob.core.windows.net"] == (
        "org.apache.flink.fs.azurefs.EnvironmentVariableKeyProvider"
    )


def test_a_claim_is_mounted_in_every_pod() -> None:
    objects = rendered(state_storage={"volume": {"claim": "state"}})
    for component in ("job_manager", "task_manager"):
        assert pod(objects, component)["volumes"][-1] == {
            "name": "flink-state",
            "persistentVolumeClaim": {"claimName": "state"},
        }
        assert container(objects, component)["volumeMounts"][-1] == {
            "name": "flink-state",
            "mountPath": "/state",
        }
    assert options(objects)["high-availability.storageDir"] == "file:///state/high-availability"


def test_standby_job_managers_speak_for_themselves_and_hold_a_token() -> None:
    objects = rendered(state_storage=S3, job_manager={"replicas": 2})
    assert objects.job_manager["spec"]["replicas"] == 2
    assert container(objects)["args"] == ["jobmanager", "-D", "jobmanager.rpc.address=$(POD_IP)"]
    assert [
        pod(objects, component)["automountServiceAccountToken"]
        for component in ("job_manager", "task_manager")
    ] == [True, True]


def test_without_high_availability_there_is_no_token_and_no_role() -> None:
    objects = rendered(state_storage=S3, high_availability={"enabled": False})
    assert pod(objects)["automountServiceAccountToken"] is False
    assert (objects.role, objects.role_binding) == (None, None)


def test_the_rights_of_a_revision() -> None:
    objects = rendered(state_storage=S3)
    assert objects.role is not None
    assert objects.role_binding is not None
    assert objects.role["metadata"]["labels"]["flink-components/revision"] == "3"
    assert {k: v for k, v in objects.role.items() if k != "metadata"} == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["configmaps"],
                "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
            }
        ],
    }
    assert {k: v for k, v in objects.role_binding.items() if k != "metadata"} == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": "shared-r3-ha",
        },
        "subjects": [{"kind": "ServiceAccount", "name": "shared-flink", "namespace": "payments"}],
    }


def test_an_account_of_the_user_gets_no_rights_from_here() -> None:
    objects = rendered(state_storage=S3, service_account="mine")
    assert (objects.role, objects.role_binding) == (None, None)


@pytest.mark.parametrize("version", ["1.15.4", "1.20.3", "2.3.0"])
def test_a_reference_says_where_the_leader_is_named_if_others_stand_by(version: str) -> None:
    def leader(**values: Any) -> str | None:
        return cluster_ref(cluster(version, **values), 3, Connection()).leader

    assert (
        leader(state_storage=S3, job_manager={"replicas": 2}) == "shared-r3-ha-cluster-config-map"
    )
    assert leader(state_storage=S3) is None
    assert leader() is None
