"""Processes that find the project as an installed package is found: compiled, from any folder."""

from __future__ import annotations

import os
from pathlib import Path

from sandbox.paths import PROJECT


def variables(folder: Path) -> dict[str, str]:
    """The process's environment, with byte code kept in `folder`, as an installer leaves it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONPATH": str(PROJECT)}
