"""Where the sandbox keeps what it builds (per user) and what it runs (one per machine)."""

from __future__ import annotations

import os
from pathlib import Path


def _cache() -> Path:
    chosen = os.environ.get("FLINK_COMPONENTS_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().resolve() / "flink-components"


PROJECT = Path(__file__).resolve().parent.parent
"""The folder of the clone this code runs from."""

BUILDS = Path(__file__).resolve().parent / "builds"
"""Pinned Go modules, one folder for each program that is built from source."""

CACHE = _cache()
"""What was built or downloaded, in folders keyed by version; safe to delete while nothing runs."""

STATE = Path("/var/lib/flink-components-sandbox")
"""What the running node keeps; there is one node per machine. Empty when it is down."""

RUN = Path("/run/flink-components-sandbox")
"""Sockets, network namespaces and process records of the running node."""

KUBECONFIG = STATE / "kubeconfig"
"""The administrator's kubeconfig while the node is up."""

KUBE_CONTEXT = "flink-sandbox"
"""Name of the context in that kubeconfig."""
