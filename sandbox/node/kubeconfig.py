"""Kubeconfigs with a client certificate inside, so that a copy of the file is enough."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from sandbox.node.layout import API_SERVER
from sandbox.paths import KUBE_CONTEXT


def kubeconfig(user: str, authority: Path, certificate: Path, key: Path) -> str:
    """Return the kubeconfig of one user of the node, as JSON (which YAML includes)."""
    cluster = {"server": API_SERVER, "certificate-authority-data": _data(authority)}
    login = {"client-certificate-data": _data(certificate), "client-key-data": _data(key)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": KUBE_CONTEXT, "cluster": cluster}],
        "users": [{"name": user, "user": login}],
        "contexts": [
            {"name": KUBE_CONTEXT, "context": {"cluster": KUBE_CONTEXT, "user": user}},
        ],
        "current-context": KUBE_CONTEXT,
    }
    return json.dumps(config, indent=2) + "\n"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    made = path.with_name(f".{path.name}.new")
    made.touch(mode=0o600)
    made.write_text(text)
    made.rename(path)


def _data(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
