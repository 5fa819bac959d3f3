"""What is said of each argument of an application that can't be used, or not with another."""

from __future__ import annotations

from typing import Any

_CLAIM = {"name": "jars", "persistentVolumeClaim": {"claimName": "jars"}}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "jar-missing": ({"jar": None}, "jar: is missing; give where the pods get the jar from"),
    "jar-on-this-machine": (
        {"jar": "build/fraud.jar"},
        (
            "jar: is not a place from which the pods of an application get a jar "
            "(given: 'build/fraud.jar'); put the jar into the image and give "
            "local:///opt/flink/usrlib/…, or give https://… or s3://…"
        ),
    ),
    "jar-as-a-file": (
        {"jar": "file:///opt/flink/usrlib/fraud.jar"},
        (
            "jar: is not a place from which the pods of an application get a jar "
            "(given: 'file:///opt/flink/usrlib/fraud.jar'); put the jar into the "
            "image and give local:///opt/flink/usrlib/…, or give https://… or s3://…"
        ),
    ),
    "jar-by-http": (
        {"jar": "http://example.org/fraud.jar"},
        (
            "jar: is not a place from which the pods of an application get a jar "
            "(given: 'http://example.org/fraud.jar'); put the jar into the image and "
            "give local:///opt/flink/usrlib/…, or give https://… or s3://…"
        ),
    ),
    "jar-in-lib": (
        {"jar": "local:///opt/flink/lib/fraud.jar"},
        (
            "jar: is not below /opt/flink/usrlib/, where Flink looks for the job of "
            "an application (given: 'local:///opt/flink/lib/fraud.jar'); put the jar "
            "into that folder of the image"
        ),
    ),
    "jar-is-a-folder": (
        {"jar": "local:///opt/flink/usrlib/"},
        (
            "jar: does not end in .jar (given: 'local:///opt/flink/usrlib/'); name "
            "the jar file itself"
        ),
    ),
    "jar-is-no-text": ({"jar": 7}, "jar: must be text (given: 7); put it in quotes"),
    "jar-of-another-kind": (
        {"jar": "local:///opt/flink/usrlib/fraud.py"},
        (
            "jar: does not end in .jar (given: "
            "'local:///opt/flink/usrlib/fraud.py'); name the jar file itself"
        ),
    ),
    "jar-with-a-password": (
        {"jar": "https://me:hunter2@example.org/fraud.jar"},
        "jar: holds a user or password (given: a hidden value); remove it",
    ),
    "jar-unchecked": (
        {"jar": "https://example.org/fraud.jar"},
        (
            "jar_sha256: is missing, and the jar comes from https; give the SHA-256 "
            "of the jar file (`sha256sum JAR`)"
        ),
    ),
    "jar-checked-in-the-image": (
        {"jar_sha256": "0" * 64},
        (
            "jar_sha256: can't be checked for a jar inside the image; remove it; pin "
            "the image by its digest"
        ),
    ),
    "sha-too-short": (
        {"jar": "s3://acme/fraud.jar", "jar_sha256": "9f2c"},
        (
            "jar_sha256: is not a SHA-256 in 64 hex digits (given: '9f2c'); take it "
            "from `sha256sum JAR`"
        ),
    ),
    "image-missing": (
        {"image": None},
        ("image: is missing, and the jar is in the image; name the image that holds the jar"),
    ),
    "image-without-tag": (
        {"image": "acme/fraud"},
        ("image: has no tag (given: 'acme/fraud'); add a tag or a digest, like flink:1.20.3"),
    ),
    "class-in-words": (
        {"entry_class": "the main class"},
        (
            "entry_class: is not a Java class name (given: 'the main class'); give "
            "it as org.acme.Job"
        ),
    ),
    "class-as-a-file": (
        {"entry_class": "org/acme/Fraud.class"},
        (
            "entry_class: is not a Java class name (given: 'org/acme/Fraud.class'); "
            "give it as org.acme.Job"
        ),
    ),
    "args-in-one-text": (
        {"args": "--from payments"},
        (
            "args: must be a list (given: '--from payments'); give its items one by "
            "one, like ['a', 'b']"
        ),
    ),
    "args-as-numbers": (
        {"args": ["--rate", 5]},
        "args[1]: must be text (given: 5); put it in quotes",
    ),
    "parallelism-zero": ({"parallelism": 0}, "parallelism: must be at least 1 (given: 0)"),
    "parallelism-as-text": (
        {"parallelism": "many"},
        "parallelism: must be a whole number (given: 'many')",
    ),
    "parallelism-true": (
        {"parallelism": True},
        "parallelism: must be a whole number (given: true)",
    ),
    "parallelism-as-an-option": (
        {"config": {"parallelism.default": 4}},
        'config["parallelism.default"]: cannot be set here; use parallelism',
    ),
    "too-few-slots": (
        {"parallelism": 4, "task_manager": {"replicas": 1, "slots": 2}},
        (
            "task_manager.replicas: give 2 slots, and the parallelism is 4 (given: "
            "1); remove it, or give more"
        ),
    ),
    "no-task-manager": (
        {"task_manager": {"replicas": 0}},
        "task_manager.replicas: must be at least 1 (given: 0)",
    ),
    "standby-without-high-availability": (
        {"job_manager": {"replicas": 2}},
        (
            "job_manager.replicas: above 1 needs high availability (given: 2); give "
            "1, or state_storage, or high_availability with a storage_dir"
        ),
    ),
    "job-id-as-an-option": (
        {"config": {"$internal.pipeline.job-id": "0" * 32}},
        (
            'config["$internal.pipeline.job-id"]: cannot be set here; remove it: '
            "every attempt to run the job has its own"
        ),
    ),
    "savepoint-as-an-option": (
        {"config": {"execution.savepoint.path": "s3://a/b"}},
        'config["execution.savepoint.path"]: cannot be set here; use restore_from',
    ),
    "new-name-of-that-option": (
        {"config": {"execution.state-recovery.path": "s3://a/b"}},
        ('config["execution.state-recovery.path"]: cannot be set here; use restore_from'),
    ),
    "claim-mode-as-an-option": (
        {"config": {"execution.state-recovery.claim-mode": "CLAIM"}},
        ('config["execution.state-recovery.claim-mode"]: cannot be set here; use claim_mode'),
    ),
    "jars-as-an-option": (
        {"config": {"pipeline.jars": "file:///x.jar"}},
        'config["pipeline.jars"]: cannot be set here; use jar',
    ),
    "shutdown-as-an-option": (
        {"config": {"execution.shutdown-on-application-finish": True}},
        (
            'config["execution.shutdown-on-application-finish"]: cannot be set here; '
            "remove it: the guarded start of an application depends on it"
        ),
    ),
    "forgetting-ended-jobs": (
        {"config": {"job-result-store.delete-on-commit": True}},
        (
            'config["job-result-store.delete-on-commit"]: cannot be set here; remove '
            "it: the guarded start of an application depends on it"
        ),
    ),
    "cluster-id-as-an-option": (
        {"config": {"kubernetes.cluster-id": "fraud"}},
        (
            'config["kubernetes.cluster-id"]: cannot be set here; remove it: every '
            "revision of the cluster has its own"
        ),
    ),
    "pod-uid-as-a-variable": (
        {"env": [{"name": "POD_UID", "value": "1"}]},
        ("env[0].name: cannot be set here (given: 'POD_UID'); remove it: it is the pod's uid"),
    ),
    "conf-dir-as-a-variable": (
        {"env": [{"name": "FLINK_CONF_DIR", "value": "/tmp"}]},
        (
            "env[0].name: cannot be set here (given: 'FLINK_CONF_DIR'); remove it: "
            "the configuration is mounted where the image expects it"
        ),
    ),
    "volume-of-the-guard": (
        {"volumes": [{"name": "flink-guard", "emptyDir": {}}]},
        "volumes[0].name: is taken (given: 'flink-guard'); choose another name",
    ),
    "mount-over-the-guard": (
        {
            "volumes": [_CLAIM],
            "volume_mounts": [{"name": "jars", "mountPath": "/opt/flink-components/"}],
        },
        (
            "volume_mounts[0].mountPath: is taken (given: '/opt/flink-components/'); "
            "choose another path"
        ),
    ),
    "mount-over-a-fetched-jar": (
        {
            "jar": "s3://acme/fraud.jar",
            "volumes": [_CLAIM],
            "volume_mounts": [{"name": "jars", "mountPath": "/opt/flink/usrlib"}],
        },
        ("volume_mounts[0].mountPath: is taken (given: '/opt/flink/usrlib'); choose another path"),
    ),
    "no-place-for-savepoints": (
        {"savepoint_dir": None},
        (
            "savepoint_dir: is missing, and upgrade_mode is savepoint; set "
            "savepoint_dir to a place that the pods of the cluster can write to"
        ),
    ),
    "surge-in-words": ({"surge": "no"}, "surge: must be true or false (given: 'no')"),
    "cleanup-never": (
        {"cleanup": "never"},
        ("cleanup: is not one of the choices (given: 'never'); use 'on_finish' or 'keep'"),
    ),
    "ready-within-nothing": (
        {"ready_within": "0 s"},
        ("ready_within: is no time at all (given: '0 s'); write one like 90 s, 5 min or 1 h"),
    ),
    "ready-within-without-unit": (
        {"ready_within": "10"},
        (
            "ready_within: has no unit (given: '10'); write a time with its unit, "
            "like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    "cluster-given": (
        {"cluster": {"key": "payments/shared"}},
        ("cluster: there is no such field; the fields are those of ApplicationDeploymentArgs"),
    ),
    "deadline-unknown": (
        {"deadlines": {"ready": "5 min"}},
        ("deadlines.ready: there is no such field; the fields are stable, savepoint, cancel"),
    ),
    "adopt-a-job": (
        {"adopt": {"job_id": "0" * 32}},
        "adopt: must be true or false (given: a mapping)",
    ),
    "previous-key-empty": (
        {"previous_key": ""},
        "previous_key: is empty (given: ''); give a value",
    ),
    "key-with-a-space": (
        {"key": "payments/the fraud"},
        (
            "key: is not a key (given: 'payments/the fraud'); use at most 253 "
            "letters, digits, dashes, dots, underscores and slashes, like "
            "payments/fraud"
        ),
    ),
    "version-too-old": (
        {"flink_version": "1.14.6"},
        (
            "flink_version: is not supported (given: '1.14.6'); use a release of "
            "1.15, 1.16, 1.17, 1.18, 1.19, 1.20, 2.0, 2.1, 2.2, 2.3"
        ),
    ),
    "rest-url": (
        {"connection": {"rest_url": "https://flink.example.org"}},
        (
            "connection.rest_url: can't be set for a cluster that is made here; "
            "remove it: it is for jobs on a cluster that exists"
        ),
    ),
    "accept-without-version": (
        {"accept": [{"operator": "*", "version": "2", "reason": "new ids"}]},
        (
            "version: is missing, and a loss is accepted for one version only; set "
            "version to what you call this build of the job"
        ),
    ),
    "several-at-once": (
        {"image": "acme/fraud", "surge": 1, "parallelism": -1},
        (
            "image: has no tag (given: 'acme/fraud'); add a tag or a digest, like "
            "flink:1.20.3\nparallelism: must be at least 1 (given: -1)\nsurge: must be "
            "true or false (given: 1)"
        ),
    ),
}
