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


def _job(says: str, kubeconfig: str, context: str | None = None) -> Case:
    def program(place: Place) -> None:
        cluster = {**REF, "connection": _connection(place, kubeconfig, context)}
        SessionJob("counts", {"cluster": cluster, "jar": str(place.jar)}, env=ENVIRONMENT)

    return Case(program, says, "warning")


def _connection(place: Place, kubeconfig: str, context: str | None) -> dict[str, Any]:
    found = {"kubeconfig": str(place.folder / kubeconfig)}
    return {**found, "context": context} if context else found


def _misspelt_environment(_: Place) -> None:
    Environment(**{"namepsace": "payments"})


def _misspelt_change_of_an_environment(_: Place) -> None:
    ENVIRONMENT.but(flinkVersion="2.3.0")


CASES: dict[str, Case] = {
    "cluster-unreachable": _cluster("?", "unreachable.yaml"),
    "cluster-with-wrong-credentials": _cluster("?", "stranger.yaml"),
    "cluster-without-its-context": _cluster("?", "unreachable.yaml", "nowhere"),
    "cluster-without-its-kubeconfig": _cluster("?", "no.yaml"),
    "cluster-with-a-broken-kubeconfig": _cluster("?", "broken.yaml"),
    "job-unreachable": _job("?", "unreachable.yaml"),
    "job-with-wrong-credentials": _job("?", "stranger.yaml"),
    "job-without-its-context": _job("?", "unreachable.yaml", "nowhere"),
    "environment-misspelt": Case(_misspelt_environment, "?"),
    "environment-changed-misspelt": Case(_misspelt_change_of_an_environment, "?"),
}
