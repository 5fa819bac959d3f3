"""The objects of an application's revision."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flink_components.kube.objects.application import (
    CHECKS,
    ApplicationObjects,
    cluster_ref,
    fingerprint,
    render,
    rest_endpoint,
)
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from flink_components.spec.connection import Connection

LEAST = {
    "name": "fraud",
    "namespace": "payments",
    "key": "payments/fraud",
    "flink_version": "1.20.3",
    "image": "acme/fraud:4.1.3",
    "jar": "local:///opt/flink/usrlib/fraud.jar",
    "savepoint_dir": "s3://acme/savepoints",
}
HA = {"high-availability.type": "kubernetes", "high-availability.storageDir": "s3://acme/ha"}
GOLDEN = Path(__file__).parent / "golden"
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


def application(**values: Any) -> ApplicationSpec:
    return load(ApplicationSpec, {**LEAST, **values}, checks=CHECKS)


def rendered(revision: int = 7, **values: Any) -> ApplicationObjects:
    return render(application(**values), revision, b"agent")


def every(objects: ApplicationObjects) -> Iterator[dict[str, Any]]:
    yield from (found for found in vars(objects).values() if found is not None)


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = pod(deployment)["containers"][0]
    return found


def args(**values: Any) -> list[str]:
    found: list[str] = container(rendered(**values).job_manager)["args"]
    return found


def options(**values: Any) -> dict[str, str]:
    ((_, text),) = (
        item
        for item in rendered(**values).config["data"].items()
        if item[0] != "log4j-console.properties"
    )
    lines = (line.partition(": ") for line in text.splitlines())
    return {name: value for name, _, value in lines}


@pytest.mark.parametrize("version", ["1.15.4", "1.20.3", "2.3.0"])
def test_the_whole_revision(version: str) -> None:
    objects = rendered(
        flink_version=version,
        entry_class="org.acme.Fraud",
        args=["--from", "payments", "$(id)"],
        parallelism=5,
        task_manager={"slots": 2},
        config={**HA, "env.java.opts.jobmanager": "-Xlog:gc"},
        job_manager={"replicas": 2},
        log4j="rootLogger.level = INFO\n",
    )
    assert asdict(objects) == yaml.safe_load((GOLDEN / f"application-{version}.yaml").read_text())


def test_the_revisions_objects_are_named_with_it_and_the_applications_are_not() -> None:
    assert [(found["kind"], found["metadata"]["name"]) for found in every(rendered())] == [
        ("ServiceAccount", "fraud-flink"),
        ("NetworkPolicy", "fraud-flink"),
        ("Service", "fraud-rest"),
        ("Role", "fraud-r7-flink"),
        ("RoleBinding", "fraud-r7-flink"),
        ("ConfigMap", "fraud-r7-config"),
        ("ConfigMap", "fraud-r7-guard"),
        ("Service", "fraud-r7-rest"),
        ("Service", "fraud-r7-rpc"),
        ("Deployment", "fraud-r7-jobmanager"),
        ("Deployment", "fraud-r7-taskmanager"),
    ]


def test_everything_is_found_as_part_of_this_package() -> None:
    places = [found["metadata"]["labels"] for found in every(rendered())]
    assert {place["app.kubernetes.io/part-of"] for place in places} == {"flink-components"}
    assert {place["flink-components/kind"] for place in places} == {"application"}
    assert {place["app.kubernetes.io/instance"] for place in places} == {"fraud"}


def test_the_jobs_arguments_are_none_of_flinks() -> None:
    assert args(entry_class="org.acme.Fraud", args=["--from", "payments"]) == [
        "standalone-job",
        "--job-classname",
        "org.acme.Fraud",
        "--",
        "--from",
        "payments",
    ]


def test_kubernetes_replaces_nothing_in_the_jobs_arguments() -> None:
    assert args(args=["$(POD_IP)", "$1"])[2:] == ["$$(POD_IP)", "$$1"]


def test_a_jar_that_names_its_main_class_needs_no_arguments() -> None:
    assert args() == ["standalone-job"]


def test_job_managers_that_stand_by_are_addressed_one_by_one() -> None:
    assert args(config=HA, job_manager={"replicas": 2}) == [
        "standalone-job",
        "-D",
        "jobmanager.rpc.address=$(POD_IP)",
    ]


def test_the_job_manager_is_started_through_the_guard() -> None:
    assert options()["env.java.opts.jobmanager"] == (
        '"-javaagent:/opt/flink-components/guard.jar=namespace=payments,'
        'lease=job-payments-fraud-75428747-ledger,revision=7,conf=/var/lib/flink/conf"'
    )


def test_the_users_own_jvm_options_stay() -> None:
    given = options(config={"env.java.opts.jobmanager": "-Xlog:gc"})["env.java.opts.jobmanager"]
    assert given.endswith('conf=/var/lib/flink/conf -Xlog:gc"')


def test_the_guard_has_a_copy_of_the_configuration_that_it_may_write() -> None:
    job_manager = pod(rendered().job_manager)
    (init,) = job_manager["initContainers"]
    assert init["command"] == [
        "sh",
        "-c",
        "mkdir -p /var/lib/flink/conf && cp /opt/flink/conf/* /var/lib/flink/conf/",
    ]
    assert init["resources"] == job_manager["containers"][0]["resources"]
    assert {"name": "FLINK_CONF_DIR", "value": "/var/lib/flink/conf"} in job_manager["containers"][
        0
    ]["env"]


def test_the_guard_knows_its_pod() -> None:
    field = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}}
    assert {"name": "POD_UID", "valueFrom": field} in container(rendered().job_manager)["env"]


def test_the_guard_is_mounted_from_the_revisions_config_map() -> None:
    objects = rendered()
    assert objects.guard["binaryData"] == {"guard.jar": "YWdlbnQ="}
    assert {"name": "flink-guard", "configMap": {"name": "fraud-r7-guard"}} in pod(
        objects.job_manager
    )["volumes"]
    assert {"name": "flink-guard", "mountPath": "/opt/flink-components", "readOnly": True} in (
        container(objects.job_manager)["volumeMounts"]
    )


def init_of(deployment: dict[str, Any]) -> dict[str, Any]:
    (found,) = pod(deployment)["initContainers"]
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("role", ["job_manager", "task_manager"])
def test_a_jar_from_elsewhere_is_fetched_by_every_pod(role: str) -> None:
    objects = rendered(jar="https://example.org/fraud.jar", jar_sha256="a" * 64, image=None)
    deployment = getattr(objects, role)
    copies = "mkdir -p /var/lib/flink/conf && cp /opt/flink/conf/* /var/lib/flink/conf/ && "
    assert init_of(deployment)["args"] == [
        "sh",
        "-c",
        (copies if role == "job_manager" else "") + 'exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" '
        "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC "
        '-cp "/opt/flink-components/guard.jar:/opt/flink/lib/*" '
        'org.flinkcomponents.guard.Fetch "$@"',
        "fetch",
        "/opt/flink/conf",
        "https://example.org/fraud.jar",
        "a" * 64,
        "/opt/flink/usrlib/job.jar",
    ]
    volumes = {volume["name"]: volume for volume in pod(deployment)["volumes"]}
    assert volumes["flink-jar"] == {"name": "flink-jar", "emptyDir": {}}
    assert volumes["flink-guard"] == {
        "name": "flink-guard",
        "configMap": {"name": "fraud-r7-guard"},
    }
    mounts = {mount["name"]: mount for mount in container(deployment)["volumeMounts"]}
    assert mounts["flink-jar"] == {
        "name": "flink-jar",
        "mountPath": "/opt/flink/usrlib",
        "readOnly": True,
    }


def test_what_fetches_a_jar_has_flinks_identity_and_plugins() -> None:
    objects = rendered(jar="s3://acme/fraud.jar", plugins=["flink-s3-fs-hadoop"])
    init, flink = init_of(objects.task_manager), container(objects.task_manager)
    assert init["env"] == [
        *flink["env"],
        {"name": "FLINK_PLUGINS_DIR", "value": "/opt/flink/plugins"},
    ]
    assert {mount["mountPath"] for mount in flink["volumeMounts"]} <= {
        mount["mountPath"] for mount in init["volumeMounts"]
    }
    assert "command" not in init
    assert init["args"][5:7] == ["s3://acme/fraud.jar", "-"]


def test_a_jar_of_the_image_needs_nothing_more() -> None:
    assert "initContainers" not in pod(rendered().task_manager)
    assert [one["name"] for one in pod(rendered().job_manager)["initContainers"]] == [
        "configuration"
    ]


def test_a_job_manager_that_waits_at_the_guard_is_never_taken_for_a_hung_one() -> None:
    job_manager = container(rendered().job_manager)
    assert job_manager["startupProbe"]["failureThreshold"] == 2147483647
    assert job_manager["livenessProbe"]["tcpSocket"] == {"port": "rest"}
    assert job_manager["readinessProbe"]["httpGet"] == {"path": "/config", "port": "rest"}


def test_only_the_job_manager_gets_a_token() -> None:
    objects = rendered()
    assert pod(objects.job_manager)["automountServiceAccountToken"] is True
    assert pod(objects.task_manager)["automountServiceAccountToken"] is False


def test_with_kubernetes_high_availability_task_managers_get_one_too() -> None:
    assert pod(rendered(config=HA).task_manager)["automountServiceAccountToken"] is True


def test_pods_may_read_and_claim_their_own_ledger_and_nothing_else() -> None:
    assert rendered().role["rules"] == [
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": ["job-payments-fraud-75428747-ledger"],
            "verbs": ["get", "update"],
        }
    ]


def test_high_availability_on_kubernetes_may_use_config_maps() -> None:
    assert rendered(config=HA).role["rules"][1] == {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
    }


def test_an_existing_service_account_gets_the_rights() -> None:
    objects = rendered(service_account="mine")
    assert objects.service_account is None
    assert pod(objects.job_manager)["serviceAccountName"] == "mine"
    assert objects.role_binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "mine", "namespace": "payments"}
    ]
    assert objects.role_binding["roleRef"]["name"] == "fraud-r7-flink"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 1),
        ({"parallelism": 5}, 5),
        ({"parallelism": 5, "task_manager": {"slots": 2}}, 3),
        ({"parallelism": 6, "task_manager": {"slots": 2}}, 3),
        ({"parallelism": 2, "task_manager": {"replicas": 4}}, 4),
    ],
)
def test_there_are_as_many_task_managers_as_the_parallelism_needs(
    values: dict[str, Any], expected: int
) -> None:
    assert rendered(**values).task_manager["spec"]["replicas"] == expected


@pytest.mark.parametrize("state", ["suspended", "cancelled"])
def test_a_job_that_shall_not_run_has_no_pods(state: str) -> None:
    objects = rendered(state=state, parallelism=3)
    assert [
        deployment["spec"]["replicas"] for deployment in (objects.job_manager, objects.task_manager)
    ] == [0, 0]


def test_the_parallelism_is_an_option_of_the_cluster() -> None:
    assert options(parallelism=3)["parallelism.default"] == "3"
    assert "parallelism.default" not in options()


def test_a_job_manager_whose_job_has_ended_can_still_be_asked() -> None:
    assert options()["execution.shutdown-on-application-finish"] == "false"


def test_a_job_manager_that_recovers_remembers_that_its_job_has_ended() -> None:
    assert options(config=HA)["job-result-store.delete-on-commit"] == "false"
    assert "job-result-store.delete-on-commit" not in options()


def test_every_revision_has_metadata_of_its_own_for_high_availability() -> None:
    found = options(config=HA)
    assert found["kubernetes.cluster-id"] == "fraud-r7-ha"
    assert found["high-availability.cluster-id"] == "/fraud-r7-ha"


def test_task_managers_wait_for_longer_than_any_savepoint_takes() -> None:
    name = "taskmanager.registration.timeout"
    assert options()[name] == '"24 h"'
    assert options(config={name: "5 min"})[name] == '"5 min"'


def test_a_reference_says_that_it_is_an_application() -> None:
    ref = cluster_ref(application(parallelism=4), 7, Connection(context="prod"), "u-1")
    assert ref.to_json() == {
        "kind": "application",
        "key": "payments/fraud",
        "namespace": "payments",
        "name": "fraud",
        "revision": 7,
        "service": "fraud-r7-rest",
        "port": 8081,
        "flink_version": "1.20.3",
        "uid": "u-1",
        "slots": 4,
        "connection": {"context": "prod"},
    }


def test_people_go_to_the_stable_service() -> None:
    assert rest_endpoint(application()) == "http://fraud-rest.payments.svc:8081"


def test_the_life_cycle_knows_the_job_but_not_its_arguments() -> None:
    spec = application(args=["--password", "hunter2"], parallelism=3, version="4.1.3")
    job = spec.job(cluster_ref(spec, 7, Connection()))
    assert job.args == ()
    assert (job.key, job.parallelism, job.version) == ("payments/fraud", 3, "4.1.3")
    assert (job.cluster.kind, job.cluster.revision) == ("application", 7)


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {"team": "risk"}},
        {"annotations": {"a": "b"}},
        {"task_manager": {"replicas": 5}},
        {"job_manager": {"replicas": 1}},
        {"network_policy": {"enabled": False}},
        {"service_account_annotations": {"a": "b"}},
        {"deadlines": {"stable": "1 h"}},
        {"ready_within": "1 h"},
        {"keep_savepoints": {"count": 3}},
        {"surge": False},
        {"cleanup": "keep"},
        {"state": "suspended"},
        {"restart": "2026-01-31"},
        {"restore_from": "s3://acme/savepoints/savepoint-1"},
        {"on_delete": "keep"},
        {"savepoint_dir": "s3://b/s"},
        {"version": "4.1.3"},
        {"description": "Fraud"},
        {"job_graph": "graph.json"},
        {"image": LEAST["image"]},
        {"config": {}},
    ],
)
def test_a_change_that_restarts_nothing_keeps_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(application(**change)) == fingerprint(application())


@pytest.mark.parametrize(
    "change",
    [
        {"image": "acme/fraud:4.2.0"},
        {"key": "another/key"},
        {"jar": "local:///opt/flink/usrlib/other.jar"},
        {"entry_class": "org.acme.Fraud"},
        {"args": ["a"]},
        {"parallelism": 2},
        {"config": {"pipeline.max-parallelism": 128}},
        {"config": HA},
        {"env": [{"name": "A", "value": "1"}]},
        {"task_manager": {"slots": 2}},
        {"task_manager": {"memory": "2Gi"}},
        {"job_manager": {"cpu": 2}},
        {"checkpoint_dir": "s3://b/s"},
        {"log4j": "rootLogger.level = DEBUG"},
        {"service_account": "mine"},
    ],
)
def test_a_change_of_the_program_or_the_pods_changes_the_fingerprint(
    change: dict[str, Any],
) -> None:
    assert fingerprint(application(**change)) != fingerprint(application())


def test_another_agent_is_no_other_revision() -> None:
    objects, others = (render(application(), 7, jar) for jar in (b"agent", b"another"))
    assert objects.job_manager == others.job_manager


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
