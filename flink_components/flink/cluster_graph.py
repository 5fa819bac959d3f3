"""The job graph of a jar, from a cluster: its JobManager runs `main`, and submits nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from flink_components.flink.graph_driver import Program
from flink_components.flink.job_graph import GraphError
from flink_components.flink.lent_jars import lent_name
from flink_components.flink.plan_graph import operators_of_plans
from flink_components.flink.rest import FlinkClient
from flink_components.flink.versions import features

_UNCHAINED = {"pipeline.operator-chaining": "false"}
_ANY_VERSION = "1.20"
"""For the one call that is the same everywhere: which version it is."""


def client_at(url: str) -> tuple[FlinkClient, str]:
    """A client of the cluster with this REST address, and its version. Raises FlinkError."""
    session = requests.Session()
    version = FlinkClient(url, session, _ANY_VERSION).cluster().version
    try:
        return FlinkClient(url, session, version), version
    except ValueError as error:
        raise GraphError(f"{url}: {error}") from error


def read_by_cluster(client: FlinkClient, version: str, jar: Path, program: Program) -> Any:
    """The operators of the jar's graph, as `JobGraph` has them in JSON.

    The jar is uploaded, and deleted again. Raises GraphError before Flink 1.17, and FlinkError.
    """
    asked = {
        "entry_class": program.entry_class or None,
        "args": list(program.args),
        "parallelism": program.parallelism,
        "config": dict(program.config),
    }
    _tells_apart(version)
    jar_id = client.upload_jar(jar, lent_name())
    try:
        return {"operators": operators_on_cluster(client, version, jar_id, asked)}
    finally:
        client.delete_jar(jar_id)


def operators_on_cluster(
    client: FlinkClient,
    version: str,
    jar_id: str,
    asked: Mapping[str, Any],
    chained: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The same of a jar that is there. `asked`: what to run of it, as `plan_jar` takes it;
    `chained`: its plan, where that is known.

    Raises GraphError, FlinkError.
    """
    _tells_apart(version)
    chained = chained if chained is not None else client.plan_jar(jar_id, asked)
    config = {**(asked.get("config") or {}), **_UNCHAINED}
    unchained = client.plan_jar(jar_id, {**asked, "config": config})
    try:
        return operators_of_plans(chained, unchained)
    except (KeyError, TypeError, ValueError) as error:
        raise GraphError(f"the plan of the job is not as Flink {version} gives it") from error


def _tells_apart(version: str) -> None:
    if not features(version).run_configuration:
        raise GraphError(
            f"the plans of Flink {version} do not tell the operators apart (1.17 does): "
            f"give --flink-home, and Flink's own classes are asked"
        )
