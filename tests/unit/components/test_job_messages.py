"""What is said of each argument of a session job that can't be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flink_components import Environment, JobRef
from flink_components.components.session_job import job_problems

ENVIRONMENT = Environment(
    namespace="payments", flink_version="1.20.3", savepoint_dir="file:///data/savepoints"
)

REF = {
    "key": "payments/main",
    "namespace": "payments",
    "name": "main",
    "revision": 1,
    "service": "main-r1-rest",
    "flink_version": "1.20.3",
}

REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"cluster": "main"},
        (
            "cluster: is not a session cluster (given: 'main'); give a SessionCluster, or its "
            "whole `ref` (of a StackReference: is the name right?)"
        ),
    ),
    (
        {"cluster": [REF]},
        (
            "cluster: is not a session cluster (given: a list of 1); give a SessionCluster, or "
            "its whole `ref` (of a StackReference: is the name right?)"
        ),
    ),
    (
        {"cluster": {}},
        (
            "cluster.key: is missing; give the cluster's key\n"
            "cluster.namespace: is missing; give its Kubernetes namespace\n"
            "cluster.name: is missing; give its name\n"
            "cluster.revision: is missing; give its active revision\n"
            "cluster.service: is missing; give the name of that revision's REST Service\n"
            "cluster.flink_version: is missing; give its Flink version"
        ),
    ),
    ({"cluster": {**REF, "revision": 0}}, "cluster.revision: must be at least 1 (given: 0)"),
    (
        {"cluster": {**REF, "host": "10.0.0.1"}},
        (
            "cluster.host: there is no such field; the fields are key, namespace, name, "
            "revision, service, port, flink_version, uid, slots, leader, connection, kind"
        ),
    ),
    (
        {"cluster": {**REF, "flink_version": "1.12.7"}},
        (
            "cluster.flink_version: is not supported (given: '1.12.7'); use a release of 1.13, "
            "1.14, 1.15, 1.16, 1.17, 1.18, 1.19, 1.20, 2.0, 2.1, 2.2, 2.3"
        ),
    ),
    (
        {"cluster": {**REF, "connection": {"rest_url": "flink.example.org:8081"}}},
        (
            "cluster.connection.rest_url: is not a URL (given: 'flink.example.org:8081'); write"
            " it like https://flink.example.org:8443/prefix"
        ),
    ),
    (
        {"cluster": {**REF, "connection": {"bearer_token_env": "TOKEN"}}},
        (
            "cluster.connection.bearer_token_env: is only for a rest_url; give rest_url, or "
            "remove it"
        ),
    ),
    ({"jar": None}, "jar: is missing; give where the jar comes from"),
    (
        {"jar": Path("build/job.jar")},
        "jar: must be text (given: a PosixPath); write str(…) around it",
    ),
    (
        {"jar": "target/job.zip"},
        "jar: does not end in .jar (given: 'target/job.zip'); name the jar file itself",
    ),
    (
        {"jar": "ftp://example.org/job.jar"},
        (
            "jar: has the scheme ftp:// that a jar can't come from (given: "
            "'ftp://example.org/job.jar'); give a local path, https://…, s3://…, or local:///… "
            "for a path inside the image"
        ),
    ),
    (
        {"jar": "https://me:hunter2@example.org/job.jar"},
        "jar: holds a user or password (given: a hidden value); remove it",
    ),
    (
        {"jar": "local:///opt/jobs/job.jar"},
        (
            "jar: is not below /opt/flink/usrlib/, where a session cluster offers the jars of "
            "its image (given: 'local:///opt/jobs/job.jar'); put the jar into that folder of "
            "the image"
        ),
    ),
    (
        {"jar_sha256": "abc123"},
        (
            "jar_sha256: is not a SHA-256 in 64 hex digits (given: 'abc123'); take it from "
            "`sha256sum JAR`"
        ),
    ),
    (
        {"entry_class": "org/acme/Job.class"},
        (
            "entry_class: is not a Java class name (given: 'org/acme/Job.class'); give it as "
            "org.acme.Job"
        ),
    ),
    ({"args": {"rate": 100}}, "args: must be a list (given: a mapping)"),
    ({"args": ["--rate", 100]}, "args[1]: must be text (given: 100); put it in quotes"),
    ({"args": ["--verbose", True]}, "args[1]: must be text (given: true); put it in quotes"),
    ({"parallelism": 0}, "parallelism: must be at least 1 (given: 0)"),
    ({"parallelism": 2.5}, "parallelism: must be a whole number (given: 2.5)"),
    ({"parallelism": 40000}, "parallelism: must be at most 32768 (given: 40000)"),
    (
        {"config": {"state": {"backend": "rocksdb"}}},
        (
            "config.state: is nested (given: a mapping); write one dotted key for each option, "
            "like s3.endpoint"
        ),
    ),
    (
        {"config": {"s3.secret-key": ["hunter2"]}},
        (
            'config["s3.secret-key"]: is a list (given: a hidden value); write it as Flink '
            "does, joined by semicolons: a;b"
        ),
    ),
    (
        {"upgrade_mode": "last-state"},
        (
            "upgrade_mode: is not one of the choices (given: 'last-state'); use 'savepoint', "
            "'last_state' or 'stateless'"
        ),
    ),
    (
        {"savepoint_dir": "savepoints/counts"},
        (
            "savepoint_dir: is not the URI of a directory (given: 'savepoints/counts'); write "
            "it like s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    (
        {"savepoint_dir": "s3://me:hunter2@bucket/savepoints"},
        (
            "savepoint_dir: holds a user or password (given: a hidden value); remove it, and "
            "give it to Flink in the cluster's config"
        ),
    ),
    (
        {"restore_from": "savepoint-1234"},
        (
            "restore_from: is not the URI of a snapshot (given: 'savepoint-1234'); write the "
            "whole path of a savepoint or checkpoint, like s3://bucket/flink/savepoint-1a2b3c"
        ),
    ),
    ({"drain": "yes"}, "drain: must be true or false (given: 'yes')"),
    (
        {"on_delete": "stop"},
        (
            "on_delete: is not one of the choices (given: 'stop'); use 'savepoint', 'cancel' or"
            " 'keep'"
        ),
    ),
    (
        {"deadlines": "5 min"},
        (
            "deadlines: must be a mapping (given: '5 min'); with the fields stable, savepoint, "
            "cancel"
        ),
    ),
    (
        {"deadlines": {"stable": 300}},
        (
            "deadlines.stable: has no unit (given: 300); write a time with its unit, like 200 "
            "ms, 90 s, 5 min or 1 h"
        ),
    ),
    (
        {"deadlines": {"start": "5 min"}},
        "deadlines.start: there is no such field; the fields are stable, savepoint, cancel",
    ),
    (
        {"version": "2", "accept": ["*"]},
        (
            "accept[0]: must be a mapping (given: '*'); with the fields operator, version, "
            "reason, up_to"
        ),
    ),
    (
        {"version": "2", "accept": {"operator": "*"}},
        (
            "accept: must be a list (given: a mapping); write a list of mappings with the "
            "fields operator, version, reason, up_to"
        ),
    ),
    (
        {"version": "2", "accept": [{"operator": "*", "version": "2"}]},
        ("accept[0].reason: is missing; give why it may be lost, which is written into the ledger"),
    ),
    (
        {"key": "payments fraud"},
        (
            "key: is not a key (given: 'payments fraud'); use at most 253 letters, digits, "
            "dashes, dots, underscores and slashes, like payments/fraud"
        ),
    ),
    (
        {"previous_key": "payments fraud"},
        (
            "previous_key: is not a key (given: 'payments fraud'); use at most 253 letters, "
            "digits, dashes, dots, underscores and slashes, like payments/fraud"
        ),
    ),
    (
        {"adopt": "yes"},
        "adopt: must be true, false or a JobRef (given: 'yes'); write True, or "
        "JobRef(job_id='…') or JobRef(name='…') for a job that runs already",
    ),
    (
        {"adopt": {}},
        ("adopt.job_id: is missing, and so is name; give one of the two"),
    ),
    (
        {"adopt": {"job_id": "a" * 32, "name": "counts"}},
        ("adopt.job_id: is given together with name; give one of the two"),
    ),
    (
        {"adopt": {"job_id": "5e20"}},
        (
            "adopt.job_id: is not a job id (given: '5e20'); give the 32 hex digits that Flink "
            "shows for the job"
        ),
    ),
    (
        {"adopt": {"id": "5e20"}},
        (
            "adopt.id: there is no such field; the fields are job_id, name\n"
            "adopt.job_id: is missing, and so is name; give one of the two"
        ),
    ),
    (
        {"name": "totals"},
        ("name: there is no such field; the fields are those of SessionJobArgs"),
    ),
    (
        {"connection": {"context": "prod"}},
        ("connection: there is no such field; the fields are those of SessionJobArgs"),
    ),
]


@pytest.mark.parametrize("adopt", [True, JobRef(name="counts"), {"job_id": "a" * 32}])
def test_a_job_is_adopted_by_a_reference_or_taken_over_from_a_stack(adopt: object) -> None:
    declared = {"cluster": REF, "jar": "build/job.jar", "adopt": adopt}
    assert job_problems("counts", declared, ENVIRONMENT) == []


@pytest.mark.parametrize(("args", "said"), REFUSED)
def test_a_wrong_argument_is_named_with_what_to_do(args: dict[str, Any], said: str) -> None:
    declared = {"cluster": REF, "jar": "build/job.jar", **args}
    assert "\n".join(map(str, job_problems("counts", declared, ENVIRONMENT))) == said
