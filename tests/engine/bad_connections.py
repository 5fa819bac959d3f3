"""Clusters that can't be reached: no error in a preview, which says what it can't say."""

from __future__ import annotations

from typing import Any

from flink_components import Environment, SessionCluster, SessionJob
from tests.engine.bad_jobs import REF
from tests.engine.cases import ENVIRONMENT, Case, Place


def _cluster(says: str, kubeconfig: str, context: str | None = None) -> Case:
    def program(place: Place) -> None:
        connection = _connection(place, kubeconfig, context)
        SessionCluster("main", {"connection": connection}, env=ENVIRONMENT)

    return Case(program, says, "warning")


def _job(says: str, kubeconfig: str) -> Case:
    def program(place: Place) -> None:
        cluster = {**REF, "connection": _connection(place, kubeconfig, None)}
        SessionJob("counts", {"cluster": cluster, "jar": str(place.jar)}, env=ENVIRONMENT)

    return Case(program, says, "warning")


def _connection(place: Place, kubeconfig: str, context: str | None) -> dict[str, Any]:
    found = {"kubeconfig": str(place.folder / kubeconfig)}
    return {**found, "context": context} if context else found


def _misspelt(_: Place) -> None:
    Environment(**{"namepsace": "payments"})


def _defaults_as_text(_: Place) -> None:
    Environment(session_job="savepoint")  # type: ignore[arg-type]


CASES: dict[str, Case] = {
    "cluster-unreachable": _cluster(
        "test-bad-input/main: the ledger can't be read, so whether its next revision "
        "has this number can't be said: https://127.0.0.1:9 does not answer: "
        "Connection refused",
        "unreachable.yaml",
    ),
    "cluster-with-wrong-credentials": _cluster(
        "test-bad-input/main: the ledger can't be read, so whether its next revision "
        "has this number can't be said: {server} does not accept the credentials: log"
        " in again, or mend them",
        "stranger.yaml",
    ),
    "cluster-without-its-context": _cluster(
        "test-bad-input/main: the ledger can't be read, so whether its next revision "
        "has this number can't be said: the kubeconfig {folder}/unreachable.yaml "
        "can't be used: it has no context nowhere, only flink-sandbox; mend "
        "connection.kubeconfig or connection.context, or set KUBECONFIG",
        "unreachable.yaml",
        "nowhere",
    ),
    "cluster-with-a-broken-kubeconfig": _cluster(
        "test-bad-input/main: the ledger can't be read, so whether its next revision "
        "has this number can't be said: the kubeconfig {folder}/broken.yaml can't be "
        "used: it is not YAML; mend connection.kubeconfig or connection.context, or "
        "set KUBECONFIG",
        "broken.yaml",
    ),
    "job-unreachable": _job(
        "test-bad-input/counts  STARTS\n"
        "    unknown   whether there is a state to restore, since the ledger can't be read: "
        "https://127.0.0.1:9 does not answer: Connection refused",
        "unreachable.yaml",
    ),
    "job-with-wrong-credentials": _job(
        "test-bad-input/counts  STARTS\n"
        "    unknown   whether there is a state to restore, since the ledger can't be read: "
        "{server} does not accept the credentials: log in again, or mend them",
        "stranger.yaml",
    ),
    "environment-misspelt": Case(
        _misspelt, "Environment: namepsace: there is no such field; did you mean namespace?"
    ),
    "environment-with-defaults-as-text": Case(
        _defaults_as_text,
        "Environment: session_job: must be a mapping (given: 'savepoint'); write the "
        "arguments of a SessionJob as {'name': value}",
    ),
}
