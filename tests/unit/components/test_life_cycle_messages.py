"""What is said of each argument of a job's life cycle that can't be used, or not with another."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.components.session_job import job_problems
from tests.unit.components.test_job_messages import ENVIRONMENT, REF

OLD = {**REF, "flink_version": "1.13.6"}

REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"state": "paused"},
        (
            "state: is not one of the choices (given: 'paused'); use 'running', "
            "'suspended' or 'cancelled'"
        ),
    ),
    (
        {"state": True},
        (
            "state: is not one of the choices (given: true); use 'running', "
            "'suspended' or 'cancelled'"
        ),
    ),
    (
        {"state": "RUNNING"},
        (
            "state: is not one of the choices (given: 'RUNNING'); use 'running', "
            "'suspended' or 'cancelled'"
        ),
    ),
    (
        {"fallback": "latest"},
        ("fallback: is not one of the choices (given: 'latest'); use 'last_state'"),
    ),
    (
        {"fallback": "last-state"},
        ("fallback: is not one of the choices (given: 'last-state'); use 'last_state'"),
    ),
    ({"fallback": True}, ("fallback: is not one of the choices (given: true); use 'last_state'")),
    (
        {"fallback": "last_state", "upgrade_mode": "last_state"},
        (
            "fallback: says what to do without a savepoint, and upgrade_mode is "
            "last_state; remove it, or set upgrade_mode to savepoint"
        ),
    ),
    (
        {"fallback": "last_state", "upgrade_mode": "stateless"},
        (
            "fallback: says what to do without a savepoint, and upgrade_mode is "
            "stateless; remove it, or set upgrade_mode to savepoint"
        ),
    ),
    (
        {"max_restore_age": 300},
        (
            "max_restore_age: has no unit (given: 300); write a time with its "
            "unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    (
        {"max_restore_age": "5"},
        (
            "max_restore_age: has no unit (given: '5'); write a time with its "
            "unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    (
        {"max_restore_age": "five minutes"},
        (
            "max_restore_age: is not a time (given: 'five minutes'); write a time "
            "with its unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    (
        {"max_restore_age": "-5 min"},
        (
            "max_restore_age: is not a time (given: '-5 min'); write a time with "
            "its unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    (
        {"keep_savepoints": 5},
        ("keep_savepoints: must be a mapping (given: 5); with the fields count, age"),
    ),
    ({"keep_savepoints": {"count": 0}}, ("keep_savepoints.count: must be at least 1 (given: 0)")),
    (
        {"keep_savepoints": {"count": 1001}},
        ("keep_savepoints.count: must be at most 1000 (given: 1001)"),
    ),
    (
        {"keep_savepoints": {"count": 2.5}},
        ("keep_savepoints.count: must be a whole number (given: 2.5)"),
    ),
    (
        {"keep_savepoints": {"age": 30}},
        (
            "keep_savepoints.age: has no unit (given: 30); write a time with its "
            "unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    (
        {"keep_savepoints": {"days": 30}},
        ("keep_savepoints.days: there is no such field; the fields are count, age"),
    ),
    (
        {"keep_savepoints": "7 d"},
        ("keep_savepoints: must be a mapping (given: '7 d'); with the fields count, age"),
    ),
    ({"restart": 1}, ("restart: must be text (given: 1); put it in quotes")),
    ({"restart": ""}, ("restart: is empty (given: '')")),
    ({"restart": True}, ("restart: must be text (given: true); put it in quotes")),
    (
        {"claim_mode": "CLAIM"},
        (
            "claim_mode: is for the snapshot that restore_from names, and there is "
            "none (given: 'CLAIM'); remove it, or set restore_from"
        ),
    ),
    (
        {"claim_mode": "claim", "restore_from": "s3://b/savepoint-1a2b3c"},
        (
            "claim_mode: is not one of the choices (given: 'claim'); use "
            "'NO_CLAIM', 'CLAIM' or 'LEGACY'"
        ),
    ),
    (
        {"claim_mode": "NO-CLAIM"},
        (
            "claim_mode: is not one of the choices (given: 'NO-CLAIM'); use "
            "'NO_CLAIM', 'CLAIM' or 'LEGACY'"
        ),
    ),
    (
        {"claim_mode": "LEGACY"},
        (
            "claim_mode: is for the snapshot that restore_from names, and there is "
            "none (given: 'LEGACY'); remove it, or set restore_from"
        ),
    ),
    (
        {"claim_mode": "CLAIM", "restore_from": "s3://b/savepoint-1a2b3c", "cluster": OLD},
        ("claim_mode: needs Flink 1.15, and the cluster runs 1.13.6 (given: 'CLAIM'); remove it"),
    ),
    (
        {"savepoint_format": "NATIVE"},
        (
            "savepoint_format: is not one of the choices (given: 'NATIVE'); use "
            "'native' or 'canonical'"
        ),
    ),
    (
        {"savepoint_format": "avro"},
        (
            "savepoint_format: is not one of the choices (given: 'avro'); use "
            "'native' or 'canonical'"
        ),
    ),
    (
        {"savepoint_format": 1},
        ("savepoint_format: is not one of the choices (given: 1); use 'native' or 'canonical'"),
    ),
    (
        {"savepoint_dir": "/data/savepoints"},
        (
            "savepoint_dir: is not the URI of a directory (given: "
            "'/data/savepoints'); write it like s3://bucket/flink, or "
            "file:///data/flink on a shared volume"
        ),
    ),
    (
        {"savepoint_dir": "s3:/bucket/sp"},
        (
            "savepoint_dir: names no bucket (given: 's3:/bucket/sp'); write "
            "s3://BUCKET/…, with two slashes"
        ),
    ),
    (
        {"savepoint_dir": "s3://"},
        (
            "savepoint_dir: is not the URI of a directory (given: 's3://'); write "
            "it like s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    (
        {"savepoint_dir": "https://example.org/sp"},
        (
            "savepoint_dir: has the scheme https://, which is no file system of "
            "Flink (given: 'https://example.org/sp'); write it like "
            "s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    (
        {"savepoint_dir": "file://data/savepoints"},
        (
            "savepoint_dir: names the machine 'data' before the path (given: "
            "'file://data/savepoints'); write file:///data/savepoints, with three "
            "slashes"
        ),
    ),
    (
        {"savepoint_dir": ""},
        (
            "savepoint_dir: is not the URI of a directory (given: ''); write it "
            "like s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    ({"savepoint_dir": 5}, ("savepoint_dir: must be text (given: 5); put it in quotes")),
    (
        {"savepoint_dir": "S3://bucket/sp"},
        (
            "savepoint_dir: has its scheme in capital letters (given: "
            "'S3://bucket/sp'); write s3://…"
        ),
    ),
    (
        {"restore_from": ""},
        (
            "restore_from: is not the URI of a snapshot (given: ''); write the "
            "whole path of a savepoint or checkpoint, like "
            "s3://bucket/flink/savepoint-1a2b3c"
        ),
    ),
    (
        {"restore_from": "/data/savepoints/savepoint-1a2b3c"},
        (
            "restore_from: is not the URI of a snapshot (given: "
            "'/data/savepoints/savepoint-1a2b3c'); write the whole path of a "
            "savepoint or checkpoint, like s3://bucket/flink/savepoint-1a2b3c"
        ),
    ),
    (
        {"restore_from": "https://example.org/savepoint-1"},
        (
            "restore_from: has the scheme https://, which is no file system of "
            "Flink (given: 'https://example.org/savepoint-1'); write it like "
            "s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    (
        {"restore_from": "s3://bucket"},
        (
            "restore_from: is a whole bucket (given: 's3://bucket'); write the "
            "whole path of a savepoint or checkpoint, like "
            "s3://bucket/flink/savepoint-1a2b3c"
        ),
    ),
    (
        {"restore_from": "s3://me:hunter2@bucket/savepoint-1"},
        (
            "restore_from: holds a user or password (given: a hidden value); "
            "remove it, and give it to Flink in the cluster's config"
        ),
    ),
    ({"restore_from": ["s3://b/savepoint-1"]}, ("restore_from: must be text (given: a list of 1)")),
    (
        {"restore_from": "file://data/savepoint-1"},
        (
            "restore_from: names the machine 'data' before the path (given: "
            "'file://data/savepoint-1'); write file:///data/savepoint-1, with "
            "three slashes"
        ),
    ),
    ({"drain": 1}, ("drain: must be true or false (given: 1)")),
    ({"drain": "no"}, ("drain: must be true or false (given: 'no')")),
    (
        {"on_delete": True},
        ("on_delete: is not one of the choices (given: true); use 'savepoint', 'cancel' or 'keep'"),
    ),
    (
        {"on_delete": "SAVEPOINT"},
        (
            "on_delete: is not one of the choices (given: 'SAVEPOINT'); use "
            "'savepoint', 'cancel' or 'keep'"
        ),
    ),
    (
        {"on_delete": "retain"},
        (
            "on_delete: is not one of the choices (given: 'retain'); use "
            "'savepoint', 'cancel' or 'keep'"
        ),
    ),
    (
        {"upgrade_mode": "SAVEPOINT"},
        (
            "upgrade_mode: is not one of the choices (given: 'SAVEPOINT'); use "
            "'savepoint', 'last_state' or 'stateless'"
        ),
    ),
    (
        {"upgrade_mode": True},
        (
            "upgrade_mode: is not one of the choices (given: true); use "
            "'savepoint', 'last_state' or 'stateless'"
        ),
    ),
    (
        {"upgrade_mode": "none"},
        (
            "upgrade_mode: is not one of the choices (given: 'none'); use "
            "'savepoint', 'last_state' or 'stateless'"
        ),
    ),
    (
        {"deadlines": {"stable": "0 s"}},
        ("deadlines.stable: is no time at all (given: '0 s'); write one like 90 s, 5 min or 1 h"),
    ),
    (
        {"deadlines": {"savepoint": "ten minutes"}},
        (
            "deadlines.savepoint: is not a time (given: 'ten minutes'); write a "
            "time with its unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    (
        {"deadlines": {"cancel": -1}},
        (
            "deadlines.cancel: has no unit (given: -1); write a time with its "
            "unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    (
        {"deadlines": {"stable": "5 min", "start": "1 s", "wait": "1 s"}},
        (
            "deadlines.start: there is no such field; the fields are stable, "
            "savepoint, cancel\ndeadlines.wait: there is no such field; the fields "
            "are stable, savepoint, cancel"
        ),
    ),
    ({"version": 2}, ("version: must be text (given: 2); put it in quotes")),
    ({"version": ""}, ("version: is empty (given: '')")),
    (
        {
            "version": "2",
            "accept": [{"operator": "*", "version": "2", "reason": "re-keyed", "up_to": "lots"}],
        },
        (
            "accept[0].up_to: is not a size (given: 'lots'); write a size with its "
            "unit, like 2Gi, 1600Mi or 1600m"
        ),
    ),
    (
        {"version": "2", "accept": [{"operator": "", "version": "2", "reason": "re-keyed"}]},
        ("accept[0].operator: is empty (given: '')"),
    ),
    (
        {
            "version": "2",
            "accept": [{"operator": "*", "version": "2", "reason": "re-keyed", "until": "x"}],
        },
        (
            "accept[0].until: there is no such field; the fields are operator, "
            "version, reason, up_to"
        ),
    ),
    (
        {"version": "2", "accept": {"operator": "*", "version": "2", "reason": "re-keyed"}},
        (
            "accept: must be a list (given: a mapping); write a list of mappings "
            "with the fields operator, version, reason, up_to"
        ),
    ),
    ({"key": ""}, ("key: is empty (given: '')")),
    (
        {"key": "/payments/fraud/"},
        (
            "key: is not a key (given: '/payments/fraud/'); use at most 253 "
            "letters, digits, dashes, dots, underscores and slashes, like "
            "payments/fraud"
        ),
    ),
    (
        {"key": "a" * 254},
        (
            "key: is not a key (given: "
            "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaa…'); use at most 253 letters, digits, dashes, dots, "
            "underscores and slashes, like payments/fraud"
        ),
    ),
    ({"key": 5}, ("key: must be text (given: 5); put it in quotes")),
    (
        {"key": "payments/früd"},
        (
            "key: is not a key (given: 'payments/früd'); use at most 253 letters, "
            "digits, dashes, dots, underscores and slashes, like payments/fraud"
        ),
    ),
    ({"previous_key": ""}, ("previous_key: is empty (given: '')")),
    (
        {"adopt": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        (
            "adopt: must be true, false or a JobRef (given: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'); "
            "write True, or JobRef(job_id='…') or JobRef(name='…') for a job that runs already"
        ),
    ),
    (
        {"adopt": {"job_id": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},
        (
            "adopt.job_id: is not a job id (given: "
            "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'); give the 32 hex digits that "
            "Flink shows for the job"
        ),
    ),
    ({"adopt": {"name": ""}}, ("adopt.name: is empty (given: '')")),
    (
        {"adopt": 1},
        (
            "adopt: must be true, false or a JobRef (given: 1); "
            "write True, or JobRef(job_id='…') or JobRef(name='…') for a job that runs already"
        ),
    ),
    (
        {
            "jar": "https://example.org/job.jar",
            "jar_sha256": "0" * 63,
        },
        (
            "jar_sha256: is not a SHA-256 in 64 hex digits (given: "
            "'000000000000000000000000000000000000000000000000000000000000000'); "
            "take it from `sha256sum JAR`"
        ),
    ),
    (
        {
            "jar": "local:///opt/flink/usrlib/job.jar",
            "jar_sha256": "0" * 64,
        },
        (
            "jar_sha256: can't be checked for a jar inside the image; remove it; "
            "pin the image by its digest"
        ),
    ),
    ({"jar": ""}, ("jar: does not end in .jar (given: ''); name the jar file itself")),
    (
        {"jar": "s3://bucket/"},
        ("jar: does not end in .jar (given: 's3://bucket/'); name the jar file itself"),
    ),
    (
        {"jar": "hdfs://nn/job.jar"},
        (
            "jar: has the scheme hdfs:// that a jar can't come from (given: "
            "'hdfs://nn/job.jar'); give a local path, https://…, s3://…, or "
            "local:///… for a path inside the image"
        ),
    ),
    ({"jar": 5}, ("jar: must be text (given: 5); put it in quotes")),
    ({"description": 5}, ("description: must be text (given: 5); put it in quotes")),
    ({"parallelism": True}, ("parallelism: must be a whole number (given: true)")),
    ({"parallelism": -1}, ("parallelism: must be at least 1 (given: -1)")),
    (
        {"entry_class": ""},
        ("entry_class: is not a Java class name (given: ''); give it as org.acme.Job"),
    ),
    (
        {"entry_class": "org.acme.Job.main()"},
        (
            "entry_class: is not a Java class name (given: 'org.acme.Job.main()'); "
            "give it as org.acme.Job"
        ),
    ),
    (
        {"args": "--x"},
        ("args: must be a list (given: '--x'); give its items one by one, like ['a', 'b']"),
    ),
]


@pytest.mark.parametrize(("args", "said"), REFUSED)
def test_a_wrong_wish_is_named_with_what_to_do(args: dict[str, Any], said: str) -> None:
    declared = {"cluster": REF, "jar": "build/job.jar", **args}
    assert "\n".join(map(str, job_problems("counts", declared, ENVIRONMENT))) == said
