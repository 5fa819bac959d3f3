"""Where a job's state, identity and program are: what is said of each that can't be used."""

from __future__ import annotations

from typing import Any

from tests.bad_wishes.modes import ON_AN_OLD_FLINK

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "format-in-capitals": (
        {"savepoint_format": "NATIVE"},
        (
            "savepoint_format: is not one of the choices (given: 'NATIVE'); use "
            "'native' or 'canonical'"
        ),
    ),
    "format-unknown": (
        {"savepoint_format": "avro"},
        (
            "savepoint_format: is not one of the choices (given: 'avro'); use "
            "'native' or 'canonical'"
        ),
    ),
    "format-number": (
        {"savepoint_format": 1},
        ("savepoint_format: is not one of the choices (given: 1); use 'native' or 'canonical'"),
    ),
    "dir-path": (
        {"savepoint_dir": "/data/savepoints"},
        (
            "savepoint_dir: is not the URI of a directory (given: "
            "'/data/savepoints'); write it like s3://bucket/flink, or "
            "file:///data/flink on a shared volume"
        ),
    ),
    "dir-one-slash": (
        {"savepoint_dir": "s3:/bucket/sp"},
        (
            "savepoint_dir: names no bucket (given: 's3:/bucket/sp'); write "
            "s3://BUCKET/…, with two slashes"
        ),
    ),
    "dir-without-bucket": (
        {"savepoint_dir": "s3://"},
        (
            "savepoint_dir: is not the URI of a directory (given: 's3://'); write "
            "it like s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    "dir-https": (
        {"savepoint_dir": "https://example.org/sp"},
        (
            "savepoint_dir: has the scheme https://, which is no file system of "
            "Flink (given: 'https://example.org/sp'); write it like "
            "s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    "dir-with-a-host": (
        {"savepoint_dir": "file://data/savepoints"},
        (
            "savepoint_dir: names the machine 'data' before the path (given: "
            "'file://data/savepoints'); write file:///data/savepoints, with three "
            "slashes"
        ),
    ),
    "dir-empty": (
        {"savepoint_dir": ""},
        (
            "savepoint_dir: is not the URI of a directory (given: ''); write it "
            "like s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    "dir-number": (
        {"savepoint_dir": 5},
        ("savepoint_dir: must be text (given: 5); put it in quotes"),
    ),
    "dir-in-capitals": (
        {"savepoint_dir": "S3://bucket/sp"},
        (
            "savepoint_dir: has its scheme in capital letters (given: "
            "'S3://bucket/sp'); write s3://…"
        ),
    ),
    "restore-empty": (
        {"restore_from": ""},
        (
            "restore_from: is not the URI of a snapshot (given: ''); write the "
            "whole path of a savepoint or checkpoint, like "
            "s3://bucket/flink/savepoint-1a2b3c"
        ),
    ),
    "restore-path": (
        {"restore_from": "/data/savepoints/savepoint-1a2b3c"},
        (
            "restore_from: is not the URI of a snapshot (given: "
            "'/data/savepoints/savepoint-1a2b3c'); write the whole path of a "
            "savepoint or checkpoint, like s3://bucket/flink/savepoint-1a2b3c"
        ),
    ),
    "restore-https": (
        {"restore_from": "https://example.org/savepoint-1"},
        (
            "restore_from: has the scheme https://, which is no file system of "
            "Flink (given: 'https://example.org/savepoint-1'); write it like "
            "s3://bucket/flink, or file:///data/flink on a shared volume"
        ),
    ),
    "restore-a-bucket": (
        {"restore_from": "s3://bucket"},
        (
            "restore_from: is a whole bucket (given: 's3://bucket'); write the "
            "whole path of a savepoint or checkpoint, like "
            "s3://bucket/flink/savepoint-1a2b3c"
        ),
    ),
    "restore-with-password": (
        {"restore_from": "s3://me:hunter2@bucket/savepoint-1"},
        (
            "restore_from: holds a user or password (given: a hidden value); "
            "remove it, and give it to Flink in the cluster's config"
        ),
    ),
    "restore-list": (
        {"restore_from": ["s3://b/savepoint-1"]},
        ("restore_from: must be text (given: a list of 1)"),
    ),
    "restore-with-a-host": (
        {"restore_from": "file://data/savepoint-1"},
        (
            "restore_from: names the machine 'data' before the path (given: "
            "'file://data/savepoint-1'); write file:///data/savepoint-1, with "
            "three slashes"
        ),
    ),
    "key-empty": ({"key": ""}, ("key: is empty (given: ''); give a value")),
    "key-with-slashes": (
        {"key": "/payments/fraud/"},
        (
            "key: is not a key (given: '/payments/fraud/'); use at most 253 "
            "letters, digits, dashes, dots, underscores and slashes, like "
            "payments/fraud"
        ),
    ),
    "key-too-long": (
        {"key": "a" * 254},
        (
            "key: is not a key (given: "
            "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaa…'); use at most 253 letters, digits, dashes, dots, "
            "underscores and slashes, like payments/fraud"
        ),
    ),
    "key-number": ({"key": 5}, ("key: must be text (given: 5); put it in quotes")),
    "key-umlaut": (
        {"key": "payments/früd"},
        (
            "key: is not a key (given: 'payments/früd'); use at most 253 letters, "
            "digits, dashes, dots, underscores and slashes, like payments/fraud"
        ),
    ),
    "previous-key-empty": (
        {"previous_key": ""},
        ("previous_key: is empty (given: ''); give a value"),
    ),
    "adopt-text": (
        {"adopt": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        (
            "adopt: must be true, false or a JobRef (given: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'); "
            "write True, or JobRef(job_id='…') or JobRef(name='…') for a job that runs already"
        ),
    ),
    "adopt-wrong-id": (
        {"adopt": {"job_id": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},
        (
            "adopt.job_id: is not a job id (given: "
            "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'); give the 32 hex digits that "
            "Flink shows for the job"
        ),
    ),
    "adopt-empty-name": (
        {"adopt": {"name": ""}},
        ("adopt.name: is empty (given: ''); give a value"),
    ),
    "adopt-number": (
        {"adopt": 1},
        (
            "adopt: must be true, false or a JobRef (given: 1); "
            "write True, or JobRef(job_id='…') or JobRef(name='…') for a job that runs already"
        ),
    ),
    "sha-too-short": (
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
    "sha-in-the-image": (
        {
            "jar": "local:///opt/flink/usrlib/job.jar",
            "jar_sha256": "0" * 64,
        },
        (
            "jar_sha256: can't be checked for a jar inside the image; remove it; "
            "pin the image by its digest"
        ),
    ),
    "jar-empty": ({"jar": ""}, ("jar: does not end in .jar (given: ''); name the jar file itself")),
    "jar-a-folder": (
        {"jar": "s3://bucket/"},
        ("jar: does not end in .jar (given: 's3://bucket/'); name the jar file itself"),
    ),
    "jar-hdfs": (
        {"jar": "hdfs://nn/job.jar"},
        (
            "jar: has the scheme hdfs:// that a jar can't come from (given: "
            "'hdfs://nn/job.jar'); give a local path, https://…, s3://…, or "
            "local:///… for a path inside the image"
        ),
    ),
    "jar-number": ({"jar": 5}, ("jar: must be text (given: 5); put it in quotes")),
    "description-number": (
        {"description": 5},
        ("description: must be text (given: 5); put it in quotes"),
    ),
    "parallelism-true": (
        {"parallelism": True},
        ("parallelism: must be a whole number (given: true)"),
    ),
    "parallelism-below-one": ({"parallelism": -1}, ("parallelism: must be at least 1 (given: -1)")),
    "class-empty": (
        {"entry_class": ""},
        ("entry_class: is not a Java class name (given: ''); give it as org.acme.Job"),
    ),
    "class-with-main": (
        {"entry_class": "org.acme.Job.main()"},
        (
            "entry_class: is not a Java class name (given: 'org.acme.Job.main()'); "
            "give it as org.acme.Job"
        ),
    ),
    "args-text": (
        {"args": "--x"},
        ("args: must be a list (given: '--x'); give its items one by one, like ['a', 'b']"),
    ),
    "access-without-a-storage": (
        {"state_access": {}},
        ("state_access.s3: is missing; say how s3:// is read, or remove state_access"),
    ),
    "access-as-text": (
        {"state_access": "s3://b"},
        ("state_access: must be a mapping (given: 's3://b'); with the fields s3"),
    ),
    "access-by-the-secret-itself": (
        {"state_access": {"s3": {"access_key_env": "K", "secret_key_env": "wJalr/XUtnFEMI"}}},
        (
            "state_access.s3.secret_key_env: is not the name of an environment variable (given: "
            "a hidden value); give the name of the variable that holds the secret, not the secret"
        ),
    ),
    "access-with-half-of-the-keys": (
        {"state_access": {"s3": {"secret_key_env": "STATE_SECRET"}}},
        (
            "state_access.s3.access_key_env: is missing beside secret_key_env; give both keys, "
            "or none"
        ),
    ),
    "graph-of-whom": (
        {"preview_graph": "local"},
        ("preview_graph: is not one of the choices (given: 'local'); use 'cluster'"),
    ),
    "graph-true": (
        {"preview_graph": True},
        ("preview_graph: is not one of the choices (given: true); use 'cluster'"),
    ),
    "graph-of-an-old-flink": (
        {"preview_graph": "cluster", "cluster": ON_AN_OLD_FLINK},
        (
            "preview_graph: needs Flink 1.17 or later, and the cluster runs 1.13.6 (given: "
            "'cluster'); remove it, and make the graph with `flink-components graph`"
        ),
    ),
}
"""Arguments by the name of their case, with all that is said of them, a line each."""
