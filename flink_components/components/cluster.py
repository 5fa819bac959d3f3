"""What a job needs of a cluster that the same program makes."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import Output


class Cluster(pulumi.ComponentResource):
    """A cluster that jobs can be given; what it is made of is loaded only by who makes one."""

    ref: Output[dict[str, Any]]
    """A ClusterRef: plain JSON, for `SessionJob(cluster=…)` also in another stack."""
    namespace: Any
    """Its Kubernetes namespace, maybe as an Output."""
    connection: Mapping[str, Any]
    """How its API server is reached from here."""
