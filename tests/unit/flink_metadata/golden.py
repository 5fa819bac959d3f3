"""Snapshots that real Flinks have made, with what Flink itself reads in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "fixtures/snapshots"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/_metadata"))


def location(name: str) -> str:
    """Where it is."""
    return str(FOLDER / name)


def expected(name: str) -> dict[str, Any]:
    """What Flink reads in it."""
    found: dict[str, Any] = json.loads((FOLDER / name / "expected.json").read_text())
    return found
