"""Arguments of a cluster that decide what resources there are, and so can't be Outputs."""

from collections.abc import Mapping
from typing import Any

from flink_components.components.arguments import is_unknown, known_problems
from flink_components.spec.base import Problem
from flink_components.spec.connection import Connection
from flink_components.spec.errors import shown


def of_the_policy(values: Mapping[str, Any]) -> dict[str, Any]:
    """What decides whether there is a NetworkPolicy."""
    policy = values.get("network_policy")
    if isinstance(policy, Mapping):
        return {"network_policy.enabled": policy.get("enabled")}
    return {"network_policy": policy}


def of_the_availability(values: Mapping[str, Any]) -> dict[str, Any]:
    """What decides whether there is a Role for high availability."""
    found = {"state_storage": values.get("state_storage")}
    found = {name: value for name, value in found.items() if is_unknown(value)}
    wish = values.get("high_availability")
    if isinstance(wish, Mapping):
        return {**found, "high_availability.enabled": wish.get("enabled")}
    return {**found, "high_availability": wish}


def no_output(field: str) -> Problem:
    """The value of a field decides what resources there are."""
    return Problem(field, "can't be an Output", do="give a plain value: it is needed beforehand")


def connection_problems(given: object) -> list[Problem]:
    """What is wrong with how the API server is reached."""
    connection = given or {}
    if not isinstance(connection, Mapping):
        do = "write it like {'kubeconfig': '~/.kube/config', 'context': 'prod'}"
        return [Problem("connection", "must be a mapping", shown(connection), do)]
    problems = known_problems(Connection, connection) or _rest_url(connection)
    return [problem.under("connection") for problem in problems]


def _rest_url(connection: Mapping[str, Any]) -> list[Problem]:
    if not connection.get("rest_url"):
        return []
    what = "can't be set for a cluster that is made here"
    return [Problem("rest_url", what, do="remove it: it is for jobs on a cluster that exists")]
