"""Session clusters that can't be made, and what is said of each."""

from __future__ import annotations

from typing import Any

import pulumi

from flink_components import SessionCluster
from tests.engine.cases import ENVIRONMENT, NAMESPACE, SECRET, TAKEN, Case, Place


def _cluster(says: str, name: str = "main", environment: Any = ENVIRONMENT, **args: Any) -> Case:
    return Case(lambda _: _make(name, args, environment), f"SessionCluster {name}: {says}")


def _with_outputs(says: str, **args: Any) -> Case:
    """Arguments that are Outputs all of them; they are made in the program's own process."""

    def program(_: Place) -> None:
        _make("main", {field: pulumi.Output.from_input(value) for field, value in args.items()})

    return Case(program, f"SessionCluster main: {says}")


def _make(name: str, args: Any, environment: Any = ENVIRONMENT) -> None:
    SessionCluster(name, args, env=environment)


def _two_of_one_key(_: Place) -> None:
    _make("main", {"key": "payments/main"})
    _make("other", {"key": "payments/main"})


def _secret_output(_: Place) -> None:
    _make("main", {"config": pulumi.Output.secret({"s3": {"secret-key": SECRET}})})


def _output_in_the_connection(_: Place) -> None:
    _make("main", {"connection": {"kubeconfig": pulumi.Output.from_input("~/.kube/config")}})


_KUBECONFIG = f"apiVersion: v1\nusers: [{{name: me, user: {{token: {SECRET}}}}}]\n"

CASES: dict[str, Case] = {
    "unknown-field": _cluster(
        "taskmanager: there is no such field; did you mean task_manager?", taskmanager={"slots": 2}
    ),
    "nested-unknown-field": _cluster(
        "task_manager.memroy: there is no such field; did you mean memory?",
        task_manager={"memroy": "2Gi"},
    ),
    "memory-too-small": _cluster(
        "task_manager.memory: is too small: Flink's parts sum to 768Mi (metaspace "
        "256Mi, overhead 192Mi, framework heap 128Mi, framework off heap 128Mi, "
        "network 64Mi) (given: 300Mi); give at least 1024Mi",
        task_manager={"memory": "300Mi"},
    ),
    "standby-without-high-availability": _cluster(
        "job_manager.replicas: above 1 needs high availability (given: 2); give 1, or "
        "state_storage, or high_availability with a storage_dir",
        job_manager={"replicas": 2},
    ),
    "version-missing": _cluster(
        "flink_version: is missing; give its Flink version, like 1.20.3",
        environment=None,
        namespace=NAMESPACE,
    ),
    "version-as-a-number": _cluster(
        "flink_version: must be text: 1.20 as a number is 1.2 (given: 1.2); put it in"
        ' quotes, like "1.20.3"',
        flink_version=1.20,
    ),
    "name-invalid": _cluster(
        "name: is not a name that Kubernetes accepts (given: 'Main_Cluster'); use at "
        "most 63 lower-case letters, digits and dashes, a letter first, no dash last",
        name="Main_Cluster",
    ),
    "option-that-is-ours": _cluster(
        'config["rest.port"]: cannot be set here; remove it: the port is fixed, and '
        "pods and Services agree on it",
        config={"rest.port": 8082},
    ),
    "options-nested": _cluster(
        "config.state: is nested (given: a mapping); write one dotted key for each "
        "option, like s3.endpoint",
        config={"state": {"backend": "rocksdb"}},
    ),
    "secret-option-of-a-wrong-type": _cluster(
        'config["s3.secret-key"]: is a list (given: a hidden value); write it as '
        "Flink does, joined by semicolons: a;b",
        config={"s3.secret-key": [SECRET]},
    ),
    "variables-as-a-mapping": _cluster(
        "env: must be a list (given: a mapping); write a list of mappings with the fields name, "
        "value, value_from",
        env={"DB_PASSWORD": SECRET},
    ),
    "volume-on-the-host": _cluster(
        "volumes[0]: must have one source that restricted pods may use (given: "
        "hostPath); use one of configMap, csi, downwardAPI, emptyDir, ephemeral, "
        "persistentVolumeClaim, projected, secret",
        volumes=[{"name": "x", "hostPath": {"path": "/"}}],
    ),
    "plugins-as-a-set": _cluster(
        "plugins: must be a list (given: a set); write [ ] in place of { }",
        plugins={"flink-s3-fs-hadoop"},
    ),
    "checkpoint-dir-with-a-password": _cluster(
        "checkpoint_dir: holds a user or password (given: a hidden value); remove it,"
        " and give it to Flink in the cluster's config",
        checkpoint_dir=f"s3://me:{SECRET}@bucket/x",
    ),
    "ready-within-without-unit": _cluster(
        "ready_within: has no unit (given: '10'); write a time with its unit, like "
        "200 ms, 90 s, 5 min or 1 h",
        ready_within="10",
    ),
    "rest-url-of-a-cluster-made-here": _cluster(
        "connection.rest_url: can't be set for a cluster that is made here; remove "
        "it: it is for jobs on a cluster that exists",
        connection={"rest_url": "https://flink.example.org"},
    ),
    "kubeconfig-as-its-content": _cluster(
        "connection.kubeconfig: is the content of a kubeconfig (given: a hidden "
        "value); write it to a file, and give the path of that",
        connection={"kubeconfig": _KUBECONFIG},
    ),
    "several-at-once": _cluster(
        "3 arguments to correct:\n"
        "  - image: has no tag (given: 'flink'); add a tag or a digest, like "
        "flink:1.20.3\n"
        "  - task_manager.memory: has no unit, and as bytes it is very little (given:"
        " '1'); write a size with its unit, like 2Gi, 1600Mi or 1600m\n"
        "  - task_manager.slots: must be at least 1 (given: 0)",
        image="flink",
        task_manager={"slots": 0, "memory": "1"},
    ),
    "args-as-text": Case(
        lambda _: _make("main", "1.20.3"),
        "SessionCluster main: args: must be a mapping (given: '1.20.3'); write them "
        "like {'flink_version': '1.20.3'}",
    ),
    "env-as-a-mapping": Case(
        lambda _: _make("main", {}, {"namespace": NAMESPACE}),
        "SessionCluster main: env: must be an Environment (given: a mapping); write "
        "it like Environment(namespace='payments')",
    ),
    "one-key-twice": Case(
        _two_of_one_key,
        "SessionCluster other: key: is that of main already (given: 'payments/main');"
        " give one of them another name, namespace or key",
    ),
    "key-of-another-stack": Case(
        lambda _: _make("main", {"key": TAKEN}),
        "pulumi-python:dynamic/flink:ClusterAnchor resource 'main-anchor' has a "
        "problem: the session cluster test-bad-input/taken is managed by the stack "
        "acme/flink/prod: choose another key, or take it over with adopt=True and "
        "remove it from that program",
    ),
    "output-of-a-wrong-type": _with_outputs(
        "flink_version: must be text: 1.20 as a number is 1.2 (given: 1.2); put it in"
        ' quotes, like "1.20.3"',
        flink_version=1.2,
    ),
    "outputs-of-wrong-types": _with_outputs(
        "2 arguments to correct:\n"
        "  - job_manager.cpu: has the unknown unit 'cores' (given: '2 cores'); write "
        "a number of processors, like 0.5, 2 or 500m\n"
        "  - labels.cost: must be text (given: 7); put it in quotes",
        job_manager={"cpu": "2 cores"},
        labels={"cost": 7},
    ),
    "secret-output-of-a-wrong-type": Case(
        _secret_output,
        "SessionCluster main: config.s3: is nested (given: a hidden value); write one"
        " dotted key for each option, like s3.endpoint",
    ),
    "output-in-the-connection": Case(
        _output_in_the_connection,
        "SessionCluster main: connection: can't be an Output; give a plain value: it "
        "is needed beforehand",
    ),
}
