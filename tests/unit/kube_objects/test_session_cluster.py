"""The objects of a session cluster's revision."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_components.kube.objects.labels import selector
from flink_components.kube.objects.session_cluster import (
    CHECKS,
    SessionClusterObjects,
    cluster_ref,
    fingerprint,
    render,
    rest_endpoint,
)
from flink_components.spec.base import load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.connection import Connection

LEAST = {"name": "shared", "namespace": "payments", "flink_version": "1.20.3"}
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


def cluster(**values: Any) -> SessionClusterSpec:
    return load(SessionClusterSpec, {**LEAST, **values}, checks=CHECKS)


def rendered(revision: int = 3, **values: Any) -> SessionClusterObjects:
    return render(cluster(**values), revision)


def every(objects: SessionClusterObjects) -> Iterator[dict[str, Any]]:
    yield from (found for found in vars(objects).values() if found is not None)


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def test_the_revisions_objects_are_named_with_it_and_the_clusters_are_not() -> None:
    assert [(found["kind"], found["metadata"]["name"]) for found in every(rendered())] == [
        ("ServiceAccount", "shared-flink"),
        ("NetworkPolicy", "shared-flink"),
        ("Service", "shared-rest"),
        ("ConfigMap", "shared-r3-config"),
        ("Service", "shared-r3-rest"),
        ("Service", "shared-r3-rpc"),
        ("Deployment", "shared-r3-jobmanager"),
        ("Deployment", "shared-r3-taskmanager"),
    ]


def test_a_revisions_object_is_found_by_its_labels() -> None:
    labels = rendered().job_manager["metadata"]["labels"]
    assert labels == {
        "app.kubernetes.io/name": "flink",
        "app.kubernetes.io/instance": "shared",
        "app.kubernetes.io/part-of": "shared",
        "app.kubernetes.io/managed-by": "flink-components",
        "app.kubernetes.io/component": "jobmanager",
        "flink-components/kind": "session-cluster",
        "flink-components/key": "payments-shared-bd31d9c5",
        "flink-components/revision": "3",
    }
    assert selector("session-cluster", "payments/shared", 3, "jobmanager") == (
        "flink-components/kind=session-cluster,flink-components/key=payments-shared-bd31d9c5,"
        "flink-components/revision=3,app.kubernetes.io/component=jobmanager"
    )


def test_the_whole_key_is_an_annotation() -> None:
    assert {f["metadata"]["annotations"]["flink-components/key"] for f in every(rendered())} == {
        "payments/shared"
    }


def test_shared_objects_carry_no_revision() -> None:
    objects = rendered()
    shared = (objects.stable_service, objects.service_account, objects.network_policy)
    assert [s and "flink-components/revision" in s["metadata"]["labels"] for s in shared] == [
        False,
        False,
        False,
    ]


def test_the_users_labels_and_annotations_are_on_every_object_and_pod() -> None:
    objects = rendered(labels={"team": "risk"}, annotations={"example.org/owner": "Ada"})
    places = [found["metadata"] for found in every(objects)]
    places += [
        d["spec"]["template"]["metadata"] for d in (objects.job_manager, objects.task_manager)
    ]
    assert {place["labels"]["team"] for place in places} == {"risk"}
    assert {place["annotations"]["example.org/owner"] for place in places} == {"Ada"}


def test_deployments_select_exactly_their_own_pods() -> None:
    for deployment in (rendered().job_manager, rendered().task_manager):
        chosen = deployment["spec"]["selector"]["matchLabels"]
        assert chosen.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
        assert set(chosen) == {
            "flink-components/kind",
            "flink-components/key",
            "flink-components/revision",
            "app.kubernetes.io/component",
        }


def test_task_managers_reach_a_job_manager_that_is_not_ready_and_jobs_do_not() -> None:
    objects = rendered()
    assert objects.rpc_service["spec"]["publishNotReadyAddresses"] is True
    assert "publishNotReadyAddresses" not in objects.rest_service["spec"]
    assert [p["port"] for p in objects.rpc_service["spec"]["ports"]] == [6123, 6124]
    assert [p["port"] for p in objects.rest_service["spec"]["ports"]] == [8081]


def test_the_configured_rpc_address_is_the_revisions_service() -> None:
    objects = rendered()
    assert "jobmanager.rpc.address: shared-r3-rpc\n" in objects.config["data"]["config.yaml"]


def test_the_stable_service_selects_the_rendered_revision() -> None:
    assert rendered(7).stable_service["spec"]["selector"]["flink-components/revision"] == "7"


def test_memory_is_requested_and_limited_as_flink_is_told() -> None:
    objects = rendered(task_manager={"memory": "2g", "cpu": 0.5})
    assert container(objects.task_manager)["resources"] == {
        "requests": {"cpu": "500m", "memory": "2Gi"},
        "limits": {"memory": "2Gi"},
    }
    assert 'taskmanager.memory.process.size: "2g"\n' in objects.config["data"]["config.yaml"]


def test_a_limit_of_processors_is_only_set_where_it_is_given() -> None:
    objects = rendered(job_manager={"cpu": "500m", "cpu_limit": 2})
    assert container(objects.job_manager)["resources"]["limits"] == {"memory": "1600Mi", "cpu": "2"}


def test_containers_are_started_as_the_official_image_wants_it() -> None:
    objects = rendered()
    assert container(objects.job_manager)["args"] == ["jobmanager"]
    assert container(objects.task_manager)["args"] == [
        "taskmanager",
        "-D",
        "taskmanager.host=$(POD_IP)",
        "-D",
        "taskmanager.resource-id=$(POD_NAME)",
    ]


def test_variables_come_from_values_secrets_and_fields() -> None:
    objects = rendered(
        env=[
            {"name": "A", "value": "1"},
            {"name": "B", "value_from": {"secret": {"name": "s", "key": "k"}}},
            {
                "name": "C",
                "value_from": {"config_map": {"name": "m", "key": "k", "optional": True}},
            },
            {"name": "D", "value_from": {"field_path": "spec.nodeName"}},
        ]
    )
    assert container(objects.task_manager)["env"][2:] == [
        {"name": "A", "value": "1"},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {
            "name": "C",
            "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k", "optional": True}},
        },
        {
            "name": "D",
            "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}},
        },
    ]


def test_a_plugin_is_switched_on_in_a_place_that_can_be_written() -> None:
    found = container(rendered(plugins=["flink-s3-fs-hadoop"]).task_manager)
    assert {"name": "ENABLE_BUILT_IN_PLUGINS", "value": "flink-s3-fs-hadoop-1.20.3.jar"} in found[
        "env"
    ]
    assert {
        "name": "plugin-0",
        "mountPath": "/opt/flink/plugins/flink-s3-fs-hadoop-1.20.3",
    } in found["volumeMounts"]


def test_a_roles_placement_goes_before_the_clusters() -> None:
    objects = rendered(
        node_selector={"pool": "flink"},
        termination_grace="90 s",
        task_manager={"node_selector": {"pool": "big"}, "tolerations": [{"operator": "Exists"}]},
    )
    job_manager, task_manager = (
        d["spec"]["template"]["spec"] for d in (objects.job_manager, objects.task_manager)
    )
    assert (job_manager["nodeSelector"], task_manager["nodeSelector"]) == (
        {"pool": "flink"},
        {"pool": "big"},
    )
    assert "tolerations" not in job_manager
    assert task_manager["tolerations"] == [{"operator": "Exists"}]
    assert task_manager["terminationGracePeriodSeconds"] == 90


def test_a_configuration_with_a_secret_is_a_secret() -> None:
    objects = rendered(config={"s3.secret-key": "hunter2"})
    assert objects.config["kind"] == "Secret"
    assert "s3.secret-key: hunter2\n" in objects.config["stringData"]["config.yaml"]
    volumes = objects.job_manager["spec"]["template"]["spec"]["volumes"]
    assert volumes[0] == {"name": "flink-conf", "secret": {"secretName": "shared-r3-config"}}


def test_an_existing_service_account_is_used_and_none_is_made() -> None:
    objects = rendered(service_account="mine")
    assert objects.service_account is None
    assert objects.job_manager["spec"]["template"]["spec"]["serviceAccountName"] == "mine"


def test_a_made_service_account_carries_its_annotations() -> None:
    account = rendered(
        service_account_annotations={"iam.example.org/role": "flink"}
    ).service_account
    assert account is not None
    assert account["metadata"]["annotations"]["iam.example.org/role"] == "flink"
    assert account["automountServiceAccountToken"] is False


def ingress(**values: Any) -> list[dict[str, Any]]:
    policy = rendered(network_policy=values).network_policy
    assert policy is not None
    rules: list[dict[str, Any]] = policy["spec"]["ingress"]
    return rules


OWN_PODS = {
    "podSelector": {
        "matchLabels": {
            "flink-components/kind": "session-cluster",
            "flink-components/key": "payments-shared-bd31d9c5",
        }
    }
}


def test_strangers_reach_rest_and_nothing_else() -> None:
    assert ingress() == [{"from": [OWN_PODS]}, {"ports": [{"protocol": "TCP", "port": 8081}]}]


def test_rest_can_be_kept_within_the_namespace() -> None:
    assert ingress(rest_from="namespace")[1] == {
        "ports": [{"protocol": "TCP", "port": 8081}],
        "from": [{"podSelector": {}}],
    }


def test_further_ports_can_be_opened() -> None:
    assert ingress(open_ports=[9249.0, 9249])[2] == {"ports": [{"protocol": "TCP", "port": 9249}]}


def test_the_network_policy_can_be_switched_off() -> None:
    assert rendered(network_policy={"enabled": False}).network_policy is None


def test_high_availability_keeps_revisions_apart_and_job_managers_addressable() -> None:
    objects = rendered(
        config={"high-availability.type": "kubernetes"},
        service_account="flink",
        job_manager={"replicas": 2},
    )
    text = objects.config["data"]["config.yaml"]
    assert "kubernetes.cluster-id: shared-r3-ha\n" in text
    assert "high-availability.cluster-id: /shared-r3-ha\n" in text
    assert container(objects.job_manager)["args"] == [
        "jobmanager",
        "-D",
        "jobmanager.rpc.address=$(POD_IP)",
    ]


def test_a_reference_names_the_revisions_service() -> None:
    ref = cluster_ref(cluster(task_manager={"slots": 4}), 3, Connection(context="prod"), "u-1")
    assert ref.to_json() == {
        "key": "payments/shared",
        "namespace": "payments",
        "name": "shared",
        "revision": 3,
        "service": "shared-r3-rest",
        "port": 8081,
        "flink_version": "1.20.3",
        "uid": "u-1",
        "slots": 4,
        "connection": {"context": "prod"},
    }


def test_people_go_to_the_stable_service() -> None:
    assert rest_endpoint(cluster()) == "http://shared-rest.payments.svc:8081"


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {"team": "risk"}},
        {"annotations": {"a": "b"}},
        {"task_manager": {"replicas": 5}},
        {"network_policy": {"enabled": False}},
        {"service_account_annotations": {"a": "b"}},
        {"flink_version": "1.20.2", "image": "flink:1.20.3"},
        {"config": {}},
    ],
)
def test_a_change_that_restarts_nothing_keeps_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(cluster(**change)) == fingerprint(cluster())


@pytest.mark.parametrize(
    "change",
    [
        {"image": "flink:1.20.3-java17"},
        {"key": "another/key"},
        {"config": {"parallelism.default": 2}},
        {"config": {"s3.secret-key": "x"}},
        {"env": [{"name": "A", "value": "1"}]},
        {"task_manager": {"slots": 2}},
        {"task_manager": {"memory": "2Gi"}},
        {"job_manager": {"cpu": 2}},
        {"savepoint_dir": "s3://b/s"},
        {"log4j": "rootLogger.level = DEBUG"},
        {"service_account": "mine"},
    ],
)
def test_a_change_that_restarts_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(cluster(**change)) != fingerprint(cluster())


def test_the_fingerprint_does_not_depend_on_the_order_of_what_is_given() -> None:
    one = cluster(config={"a": 1, "b": 2}, node_selector={"x": "1", "y": "2"})
    other = cluster(config={"b": 2.0, "a": 1.0}, node_selector={"y": "2", "x": "1"})
    assert fingerprint(one) == fingerprint(other)


def test_two_renderings_of_one_declaration_are_equal() -> None:
    assert rendered() == rendered()


@given(
    name=st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True),
    namespace=st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True),
    revision=st.integers(1, 99999),
)
def test_every_name_and_label_is_one_that_kubernetes_accepts(
    name: str, namespace: str, revision: int
) -> None:
    for found in every(rendered(revision, name=name, namespace=namespace)):
        assert DNS_1035.fullmatch(found["metadata"]["name"])
        assert all(LABEL_VALUE.fullmatch(v) for v in found["metadata"]["labels"].values())
