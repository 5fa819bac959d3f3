"""What is said of each argument of a session cluster that can't be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi import Output

from flink_components import Environment
from flink_components.components.session_cluster import cluster_problems

ENVIRONMENT = Environment(
    namespace="payments", flink_version="1.20.3", savepoint_dir="file:///data/savepoints"
)

REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"flinkVersion": "1.20.3"},
        "flinkVersion: there is no such field; did you mean flink_version?",
    ),
    (
        {"namespace": "Flink_Dev"},
        (
            "namespace: is not a namespace that Kubernetes accepts (given: 'Flink_Dev'); use at"
            " most 63 lower-case letters, digits and dashes"
        ),
    ),
    (
        {"name": "Main_Cluster"},
        (
            "name: is not a name that Kubernetes accepts (given: 'Main_Cluster'); use at most "
            "63 lower-case letters, digits and dashes, a letter first, no dash last"
        ),
    ),
    ({"key": ""}, "key: is empty (given: ''); give a value"),
    (
        {"flink_version": "1.12.7"},
        (
            "flink_version: is not supported (given: '1.12.7'); use a release of 1.15, 1.16, "
            "1.17, 1.18, 1.19, 1.20, 2.0, 2.1, 2.2, 2.3"
        ),
    ),
    (
        {"flink_version": "newest"},
        "flink_version: is not a Flink version (given: 'newest'); write it like 1.20.3",
    ),
    (
        {"image": "example.org/flink"},
        (
            "image: has no tag (given: 'example.org/flink'); add a tag or a digest, like "
            "flink:1.20.3"
        ),
    ),
    (
        {"image": "flink:latest"},
        (
            "image: means another image every day (given: 'flink:latest'); name a fixed tag or "
            "a digest"
        ),
    ),
    ({"image": b"flink:1.20.3"}, "image: must be text (given: a bytes); decode it"),
    (
        {"image_pull_policy": "Sometimes"},
        (
            "image_pull_policy: is not one of the choices (given: 'Sometimes'); use 'Always', "
            "'IfNotPresent' or 'Never'"
        ),
    ),
    (
        {"plugins": "flink-s3-fs-hadoop"},
        (
            "plugins: must be a list (given: 'flink-s3-fs-hadoop'); give its items one by one, "
            "like ['a', 'b']"
        ),
    ),
    (
        {"plugins": ["flink-s3-fs-hadoop-1.20.3.jar"]},
        (
            "plugins[0]: is not the name of a built-in plugin (given: "
            "'flink-s3-fs-hadoop-1.20.3.jar'); write it without version and .jar, like "
            "flink-s3-fs-hadoop"
        ),
    ),
    (
        {"task_manager": "2Gi"},
        (
            "task_manager: must be a mapping (given: '2Gi'); with the fields node_selector, "
            "tolerations, affinity, topology_spread_constraints, priority_class_name, "
            "termination_grace, cpu, cpu_limit, memory, replicas, slots, "
            "managed_memory_fraction"
        ),
    ),
    (
        {"task_manager": {"memory": "2G"}},
        (
            "task_manager.memory: is ambiguous: G is decimal to Kubernetes and binary to Flink "
            "(given: '2G'); write 2Gi, or 2g"
        ),
    ),
    (
        {"task_manager": {"memory": 1600}},
        (
            "task_manager.memory: has no unit, and as bytes it is very little (given: 1600); "
            "write a size with its unit, like 2Gi, 1600Mi or 1600m"
        ),
    ),
    (
        {"task_manager": {"memory": "-1Gi"}},
        (
            "task_manager.memory: is not a size (given: '-1Gi'); write a size with its unit, "
            "like 2Gi, 1600Mi or 1600m"
        ),
    ),
    (
        {"job_manager": {"memory": "2 gigs"}},
        (
            "job_manager.memory: has the unknown unit 'gigs' (given: '2 gigs'); write a size "
            "with its unit, like 2Gi, 1600Mi or 1600m"
        ),
    ),
    (
        {"job_manager": {"cpu": "2 cores"}},
        (
            "job_manager.cpu: has the unknown unit 'cores' (given: '2 cores'); write a number "
            "of processors, like 0.5, 2 or 500m"
        ),
    ),
    (
        {"job_manager": {"cpu": 2, "cpu_limit": 1}},
        "job_manager.cpu_limit: is less than cpu (given: 1); give 2 or more",
    ),
    (
        {"task_manager": {"replicas": 1.5}},
        "task_manager.replicas: must be a whole number (given: 1.5)",
    ),
    ({"task_manager": {"replicas": -1}}, "task_manager.replicas: must be at least 0 (given: -1)"),
    (
        {"task_manager": {"replicas": True}},
        "task_manager.replicas: must be a whole number (given: true)",
    ),
    (
        {"task_manager": {"slots": "two"}},
        "task_manager.slots: must be a whole number (given: 'two')",
    ),
    (
        {"task_manager": {"managed_memory_fraction": 1.5}},
        "task_manager.managed_memory_fraction: must be less than 1 (given: 1.5)",
    ),
    (
        {"task_manager": {"memory": Output.from_input("2Gi"), "slots": 0}},
        "task_manager.slots: must be at least 1 (given: 0)",
    ),
    (
        {"config": "state.backend: rocksdb"},
        "config: must be a mapping (given: 'state.backend: rocksdb')",
    ),
    (
        {"config": {"taskmanager.numberOfTaskSlots": 4}},
        ('config["taskmanager.numberOfTaskSlots"]: cannot be set here; use task_manager.slots'),
    ),
    (
        {"config": {"env.java.opts.all": ["-Xss4m", "-Da=b"]}},
        (
            'config["env.java.opts.all"]: is a list (given: a list of 2); write it as Flink '
            "does, joined by semicolons: a;b"
        ),
    ),
    (
        {"config": {"s3.endpoint": ""}},
        "config[\"s3.endpoint\"]: is empty (given: ''); give a value, or remove the option",
    ),
    (
        {"config": {5: "x"}},
        "config[5]: is not the name of an option; write it like execution.runtime-mode",
    ),
    ({"labels": ["team"]}, "labels: must be a mapping (given: a list of 1)"),
    (
        {"labels": {"team": "risk & fraud"}},
        (
            "labels.team: is not a label's value that Kubernetes accepts (given: 'risk & "
            "fraud'); use at most 63 letters, digits, dashes, dots and underscores"
        ),
    ),
    (
        {"labels": {"app.kubernetes.io/name": "x"}},
        (
            'labels["app.kubernetes.io/name"]: cannot be set here; choose another key: it is '
            "set on every object"
        ),
    ),
    (
        {"annotations": {"example.org/cost": 7}},
        'annotations["example.org/cost"]: must be text (given: 7); put it in quotes',
    ),
    (
        {"env": ["A=1"]},
        "env[0]: must be a mapping (given: 'A=1'); with the fields name, value, value_from",
    ),
    (
        {"env": [{"name": "A-B", "value": "1"}]},
        (
            "env[0].name: is not the name of an environment variable (given: 'A-B'); use "
            "letters, digits and underscores"
        ),
    ),
    (
        {"env": [{"name": "DB_PASSWORD", "value": ["hunter2"]}]},
        "env[0].value: must be text (given: a list of 1)",
    ),
    (
        {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        "env: names A 2 times; keep one",
    ),
    (
        {"volumes": [{"name": "x", "emptyDir": {}, "secret": {}}]},
        (
            "volumes[0]: must have one source that restricted pods may use (given: emptyDir, "
            "secret); use one of configMap, csi, downwardAPI, emptyDir, ephemeral, "
            "persistentVolumeClaim, projected, secret"
        ),
    ),
    (
        {"volume_mounts": [{"name": "data", "mountPath": "/data"}]},
        ("volume_mounts[0].name: is not the name of a volume (given: 'data'); add it to volumes"),
    ),
    (
        {"savepoint_dir": "savepoints"},
        (
            "savepoint_dir: is not the URI of a directory (given: 'savepoints'); write it like "
            "s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    (
        {"savepoint_dir": Path("/data/savepoints")},
        "savepoint_dir: must be text (given: a PosixPath); write str(…) around it",
    ),
    ({"log4j": {"rootLogger.level": "INFO"}}, "log4j: must be text (given: a mapping)"),
    ({"read_only_root": "no"}, "read_only_root: must be true or false (given: 'no')"),
    (
        {"network_policy": "off"},
        (
            "network_policy: must be a mapping (given: 'off'); with the fields enabled, "
            "rest_from, open_ports"
        ),
    ),
    (
        {"network_policy": {"rest_from": "everyone"}},
        (
            "network_policy.rest_from: is not one of the choices (given: 'everyone'); use "
            "'anywhere' or 'namespace'"
        ),
    ),
    (
        {"network_policy": {"enabled": Output.from_input(False)}},
        ("network_policy.enabled: can't be an Output; give a plain value: it is needed beforehand"),
    ),
    (
        {"termination_grace": 60},
        (
            "termination_grace: has no unit (given: 60); write a time with its unit, like 200 "
            "ms, 90 s, 5 min or 1 h"
        ),
    ),
    (
        {"connection": "~/.kube/config"},
        (
            "connection: must be a mapping (given: '~/.kube/config'); write it like "
            "{'kubeconfig': '~/.kube/config', 'context': 'prod'}"
        ),
    ),
    (
        {"connection": {"kube_config": "~/.kube/config"}},
        "connection.kube_config: there is no such field; did you mean kubeconfig?",
    ),
    ({"adopt": "yes"}, "adopt: must be true or false (given: 'yes')"),
    (
        {"ready_within": Output.from_input("5 min")},
        "ready_within: can't be an Output; give a plain value: it is needed beforehand",
    ),
]


@pytest.mark.parametrize(("args", "said"), REFUSED)
def test_a_wrong_argument_is_named_with_what_to_do(args: dict[str, Any], said: str) -> None:
    assert "\n".join(map(str, cluster_problems("main", args, ENVIRONMENT))) == said
