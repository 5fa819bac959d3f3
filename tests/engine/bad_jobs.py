"""Session jobs that can't be made, and what is said of each."""

from __future__ import annotations

from typing import Any

import pulumi

from flink_components import SessionCluster, SessionJob
from tests.engine.cases import ENVIRONMENT, NAMESPACE, SECRET, TAKEN, Case, Place

REF = {
    "key": f"{NAMESPACE}/main",
    "namespace": NAMESPACE,
    "name": "main",
    "revision": 1,
    "service": "main-r1-rest",
    "flink_version": "1.20.3",
}


def _job(says: str, environment: Any = ENVIRONMENT, **args: Any) -> Case:
    """A job that is right but for `args`, refused in the program."""
    return Case(_program(environment, args), f"SessionJob counts: {says}")


def _reaching(says: str, **connection: str) -> Case:
    return _job(f"cluster.connection.{says}", cluster={**REF, "connection": connection})


def _provider(says: str, resource: str = "SessionJob counts-job", **args: Any) -> Case:
    """The same, refused by the provider."""
    kind, name = resource.split()
    where = f"pulumi-python:dynamic/flink:{kind} resource '{name}' has a problem"
    return Case(_program(ENVIRONMENT, args), f"{where}: {says}")


def _with_jar(says: str, jar: str, **args: Any) -> Case:
    """A jar in the folder of the test."""
    found = _provider(f"jar: {says}")
    return Case(lambda place: _make({"jar": str(place.folder / jar), **args}), found.says)


def _program(environment: Any, args: dict[str, Any]) -> Any:
    return lambda place: _make({"jar": str(place.jar), **args}, environment=environment)


def _make(args: Any, name: str = "counts", environment: Any = ENVIRONMENT) -> None:
    SessionJob(name, {"cluster": REF, **args}, env=environment)  # type: ignore[typeddict-item]


def _without(field: str) -> dict[str, Any]:
    return {name: value for name, value in REF.items() if name != field}


def _two_of_one_key(place: Place) -> None:
    _make({"jar": str(place.jar), "key": "payments/counts"})
    _make({"jar": str(place.jar), "key": "payments/counts"}, "totals")


def _as_output(field: str, value: Any, secret: bool = False) -> Any:
    """A program with one Output among its arguments."""

    def program(place: Place) -> None:
        output = pulumi.Output.secret(value) if secret else pulumi.Output.from_input(value)
        _make({"jar": str(place.jar), field: output})

    return program


def _endpoint(place: Place) -> None:
    cluster = SessionCluster("main", {}, env=ENVIRONMENT)
    _make({"cluster": cluster.rest_endpoint, "jar": str(place.jar)})


_LOSS = {"operator": "*", "version": "2", "reason": "the windows were re-keyed"}
_REFUSED = "pulumi-python:dynamic/flink:SessionJob resource"

CASES: dict[str, Case] = {
    "unknown-field": _job(
        "entryClass: there is no such field; did you mean entry_class?", entryClass="org.acme.Job"
    ),
    "namespace-of-its-own": _job(
        "namespace: there is no such field; the fields are those of SessionJobArgs",
        namespace="payments",
    ),
    "cluster-missing": _job(
        "cluster: is missing; give the session cluster: a component or its `ref`", cluster=None
    ),
    "ref-from-a-stack-without-service": Case(
        _as_output("cluster", _without("service")),
        "SessionJob counts: cluster.service: is missing; give the name of that "
        "revision's REST Service",
    ),
    "ref-that-the-stack-does-not-have": Case(
        _as_output("cluster", None),
        "SessionJob counts: cluster: is not a session cluster (given: nothing); give "
        "a SessionCluster, or its whole `ref` (of a StackReference: is the name "
        "right?)",
    ),
    "endpoint-in-place-of-a-ref": Case(
        _endpoint,
        "SessionJob counts: cluster: is not a session cluster (given: "
        "'http://main-rest.test-bad-input.svc:8081'); give a SessionCluster, or its "
        "whole `ref` (of a StackReference: is the name right?)",
    ),
    "options-on-an-old-flink": _job(
        "config: needs Flink 1.17 or later, and the cluster runs 1.16.3; put it into "
        "the cluster's config",
        config={"pipeline.name": "x"},
        cluster={**REF, "flink_version": "1.16.3"},
    ),
    "rest-url-with-a-password": _reaching(
        "rest_url: holds a user or password (given: a hidden value); remove it and "
        "use username and password_env",
        rest_url=f"https://me:{SECRET}@flink.example.org",
    ),
    "password-in-place-of-a-variable": _reaching(
        "password_env: is not the name of an environment variable (given: a hidden "
        "value); give the name of the variable that holds the secret, not the secret",
        rest_url="https://flink.example.org",
        username="me",
        password_env=f"{SECRET}!",
    ),
    "password-over-http": _reaching(
        "rest_url: would send credentials unencrypted (given: http://flink.example.org); use https",
        rest_url="http://flink.example.org",
        username="me",
        password_env="FLINK_PASSWORD",
    ),
    "jar-that-is-not-there": _with_jar(
        "{folder}/no.jar: there is no such file here (in {here}): build the jar "
        "first, or mend the path",
        "no.jar",
    ),
    "jar-that-is-a-folder": _with_jar(
        "{folder}/folder.jar is a folder: name the jar file in it",
        "folder.jar",
    ),
    "jar-that-is-text": _with_jar(
        "{folder}/text.jar is not a jar (File is not a zip file): build it again, or mend the path",
        "text.jar",
    ),
    "jar-with-another-sha256": _with_jar(
        "{folder}/job.jar has SHA-256 "
        "1454689781316d78c5c4f0c03d37e3164681cb7b81533daaa6d6b5a2e984eb82, and "
        "0000000000000000000000000000000000000000000000000000000000000000 was "
        "declared: mend jar_sha256, or find out who changed the file",
        "job.jar",
        jar_sha256="0" * 64,
    ),
    "jar-from-https-without-sha256": _job(
        "jar_sha256: is missing, and the jar comes from https; give the SHA-256 of "
        "the jar file (`sha256sum JAR`)",
        jar="https://example.org/job.jar",
    ),
    "jar-that-s3-does-not-have": _provider(
        "jar: s3://jars/no.jar is not there: upload it, or mend the path", jar="s3://jars/no.jar"
    ),
    "args-as-text": _job(
        "args: must be a list (given: '--rate 100'); give its items one by one, like ['a', 'b']",
        args="--rate 100",
    ),
    "savepoint-dir-missing": _job(
        "savepoint_dir: is missing, and upgrade_mode is savepoint; set savepoint_dir "
        "to a place that the pods of the cluster can write to",
        environment=None,
    ),
    "loss-without-version": _job(
        "version: is missing, and a loss is accepted for one version only; set "
        "version to what you call this build of the job",
        accept=[_LOSS],
    ),
    "one-key-twice": Case(
        _two_of_one_key,
        "SessionJob totals: key: is that of counts already (given: "
        "'payments/counts'); give one of them another name, namespace or key",
    ),
    "key-of-another-stack": _provider(
        "the job test-bad-input/taken is managed by the stack acme/flink/prod: choose"
        " another key, or take it over with adopt=True and remove it from that "
        "stack's program",
        "JobAnchor counts-anchor",
        key=TAKEN,
    ),
    "previous-key-that-is-not-there": Case(
        _program(ENVIRONMENT, {"previous_key": "payments/typo"}),
        "test-bad-input/counts  REFUSED\n"
        "    refused   previous_key payments/typo has no ledger in namespace "
        "test-bad-input: mend it, or leave it out for a new job\n"
        "1 job is refused, and nothing will be done: test-bad-input/counts",
    ),
    "output-of-a-wrong-type": Case(
        _as_output("parallelism", "max"),
        f"{_REFUSED} 'counts-job' has a problem: "
        "parallelism: must be a whole number (given: 'max')",
    ),
    "secret-output-of-a-wrong-type": Case(
        _as_output("args", f"-p {SECRET}", secret=True),
        f"{_REFUSED} 'counts-job' has a problem: args: must be a list (given: a hidden value); "
        "give its items one by one, like ['a', 'b']",
    ),
    "output-with-two-errors": Case(
        _as_output("deadlines", {"stable": 300, "start": "1 s"}),
        "pulumi-python:dynamic/flink:JobAnchor resource 'counts-anchor' has a problem: "
        "deadlines.stable: has no unit (given: 300); "
        "write a time with its unit, like 200 ms, 90 s, 5 min or 1 h\n"
        "pulumi-python:dynamic/flink:JobAnchor resource 'counts-anchor' has a problem: "
        "deadlines.start: there is no such field; the fields are stable, savepoint, cancel",
    ),
}
