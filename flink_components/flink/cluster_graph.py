"""The job graph of a jar, from a cluster: its JobManager runs `main`, and submits nothing."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from flink_components.flink.graph_driver import Program
from flink_components.flink.job_graph import GraphError
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
    if not features(version).run_configuration:
        raise GraphError(
            f"the plans of Flink {version} do not tell the operators apart (1.17 does): "
            f"give --flink-home, and Flink's own classes are asked"
        )
    asked = {
        "entry_class": program.entry_class or None,
        "args": list(program.args),
        "parallelism": program.parallelism,
        "config": dict(program.config),
    }
    jar_id = client.upload_jar(jar, f"graph-{uuid4().hex}.jar")
    try:
        chained = client.plan_jar(jar_id, asked)
        asked["config"] = {**program.config, **_UNCHAINED}
        return {"operators": operators_of_plans(chained, client.plan_jar(jar_id, asked))}
    finally:
        client.delete_jar(jar_id)
