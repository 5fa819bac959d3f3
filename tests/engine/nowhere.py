"""Previews where no cluster can be reached."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from sandbox.engine import environment
from tests.engine.conftest import stacks_in
from tests.engine.previews import Finding, Preview, preview_all

_KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "nowhere",
    "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "me"}}],
    "clusters": [{"name": "nowhere", "cluster": {"server": "https://127.0.0.1:9"}}],
    "users": [{"name": "me", "user": {"token": "x"}}],
}


def preview_nowhere(previews: Iterable[Preview], home: Path) -> dict[str, Finding]:
    """What the previews said, by their names. home: a folder for the engine."""
    kubeconfig = home / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(_KUBECONFIG))
    variables = {**environment(home), "KUBECONFIG": str(kubeconfig)}
    return preview_all(previews, stacks_in(home, variables), home, variables)
