"""Session jobs that can't be made, and what is said of each."""

from __future__ import annotations

from typing import Any

import pulumi

from flink_components import SessionCluster, SessionJob
from tests.engine.cases import ENVIRONMENT, NAMESPACE, Case, Place

REF = {
    "key": f"{NAMESPACE}/main",
    "namespace": NAMESPACE,
    "name": "main",
    "revision": 1,
    "service": "main-r1-rest",
    "flink_version": "1.20.3",
}


def _job(says: str, name: str = "counts", environment: Any = ENVIRONMENT, **args: Any) -> Case:
    """A job that is right but for `args`."""

    def program(place: Place) -> None:
        _make({"cluster": REF, "jar": str(place.jar), **args}, name, environment)

    return Case(program, f"SessionJob {name}: {says}")


def _with_jar(says: str, jar: str, **args: Any) -> Case:
    """The same with a jar in the folder of the test, refused by the provider."""

    def program(place: Place) -> None:
        _make({"cluster": REF, "jar": str(place.folder / jar), **args})

    return Case(program, says)


def _make(args: Any, name: str = "counts", environment: Any = ENVIRONMENT) -> None:
    SessionJob(name, args, env=environment)


def _without(field: str) -> dict[str, Any]:
    return {name: value for name, value in REF.items() if name != field}


def _two_of_one_key(place: Place) -> None:
    _make({"cluster": REF, "jar": str(place.jar), "key": "payments/counts"})
    _make({"cluster": REF, "jar": str(place.jar), "key": "payments/counts"}, "totals")


def _output_of_a_wrong_type(place: Place) -> None:
    args = pulumi.Output.from_input("--rate 100")
    _make({"cluster": REF, "jar": str(place.jar), "args": args})


def _secret_of_a_wrong_type(place: Place) -> None:
    args = pulumi.Output.secret("--password hunter2")
    _make({"cluster": REF, "jar": str(place.jar), "args": args})


def _reference_of_another_stack_without_service(place: Place) -> None:
    _make({"cluster": pulumi.Output.from_input(_without("service")), "jar": str(place.jar)})


def _output_of_a_cluster(place: Place) -> None:
    cluster = SessionCluster("main", {}, env=ENVIRONMENT)
    _make({"cluster": cluster.rest_endpoint, "jar": str(place.jar)})


CASES: dict[str, Case] = {
    "unknown-field": _job("?", entryClass="org.acme.Job"),
    "cluster-missing": Case(lambda place: _make({"jar": str(place.jar)}), "?"),
    "cluster-as-text": _job("?", cluster="main"),
    "ref-without-service": _job("?", cluster=_without("service")),
    "ref-without-namespace": _job("?", cluster=_without("namespace")),
    "ref-unknown-field": _job("?", cluster={**REF, "host": "10.0.0.1"}),
    "ref-revision-zero": _job("?", cluster={**REF, "revision": 0}),
    "ref-of-another-stack-without-service": Case(_reference_of_another_stack_without_service, "?"),
    "endpoint-in-place-of-a-ref": Case(_output_of_a_cluster, "?"),
    "rest-url-without-scheme": _job(
        "?", cluster={**REF, "connection": {"rest_url": "flink.example.org:8081"}}
    ),
    "rest-url-with-a-password": _job(
        "?", cluster={**REF, "connection": {"rest_url": "https://me:hunter2@flink.example.org"}}
    ),
    "password-in-place-of-a-variable": _job(
        "?",
        cluster={
            **REF,
            "connection": {
                "rest_url": "https://flink.example.org",
                "username": "me",
                "password_env": "hunter2!",
            },
        },
    ),
    "password-over-http": _job(
        "?",
        cluster={
            **REF,
            "connection": {
                "rest_url": "http://flink.example.org",
                "username": "me",
                "password_env": "FLINK_PASSWORD",
            },
        },
    ),
    "token-without-rest-url": _job(
        "?", cluster={**REF, "connection": {"bearer_token_env": "TOKEN"}}
    ),
    "jar-missing": Case(lambda _: _make({"cluster": REF}), "?"),
    "jar-that-is-not-there": _with_jar("?", "no.jar"),
    "jar-that-is-a-folder": _with_jar("?", "folder.jar"),
    "jar-that-is-text": _with_jar("?", "text.jar"),
    "jar-that-is-empty": _with_jar("?", "empty.jar"),
    "jar-with-another-sha256": _with_jar("?", "job.jar", jar_sha256="0" * 64),
    "jar-that-ends-otherwise": _job("?", jar="target/job.zip"),
    "jar-from-a-wrong-scheme": _job("?", jar="ftp://example.org/job.jar"),
    "jar-from-https-without-sha256": _job("?", jar="https://example.org/job.jar"),
    "jar-that-s3-does-not-have": _job("?", jar="s3://jars/no.jar"),
    "jar-of-a-bucket-that-is-not-there": _job("?", jar="s3://no-such-bucket/job.jar"),
    "jar-elsewhere-in-the-image": _job("?", jar="local:///opt/jobs/job.jar"),
    "sha256-too-short": _job("?", jar_sha256="abc123"),
    "entry-class-as-a-path": _job("?", entry_class="org/acme/Job.class"),
    "args-as-text": _job("?", args="--rate 100"),
    "args-with-a-number": _job("?", args=["--rate", 100]),
    "parallelism-zero": _job("?", parallelism=0),
    "parallelism-a-fraction": _job("?", parallelism=2.5),
    "parallelism-as-a-word": _job("?", parallelism="max"),
    "upgrade-mode-unknown": _job("?", upgrade_mode="last-state"),
    "savepoint-dir-missing": _job("?", environment=None),
    "savepoint-dir-relative": _job("?", savepoint_dir="savepoints/counts"),
    "restore-from-relative": _job("?", restore_from="savepoint-1234"),
    "on-delete-unknown": _job("?", on_delete="stop"),
    "deadline-without-unit": _job("?", deadlines={"stable": 300}),
    "deadline-unknown": _job("?", deadlines={"start": "5 min"}),
    "loss-without-version": _job(
        "?", accept=[{"operator": "*", "version": "2", "reason": "new keys"}]
    ),
    "loss-without-reason": _job("?", version="2", accept=[{"operator": "*", "version": "2"}]),
    "loss-as-text": _job("?", version="2", accept=["*"]),
    "key-with-a-space": _job("?", key="payments fraud"),
    "name-invalid": _job("?", name="Counts"),
    "args-of-the-job-as-a-list": Case(lambda _: _make(["job.jar"]), "?"),
    "one-key-twice": Case(_two_of_one_key, "?"),
    "output-of-a-wrong-type": Case(_output_of_a_wrong_type, "?"),
    "secret-of-a-wrong-type": Case(_secret_of_a_wrong_type, "?"),
}
