"""The command line as a person types it, on clusters in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flink_components.cli import app as command
from tests.unit.doubles.world import Process, World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world that the command reaches without a kubeconfig."""
    made = World(tmp_path)
    monkeypatch.setattr(command, "Access", lambda: Process(made))
    monkeypatch.setattr(command, "Clock", lambda: made.clock)
    return made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command line; its exit status."""

    def type_it(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["flink-components", *arguments])
        with pytest.raises(SystemExit) as end:
            command.main()
        return int(end.value.code or 0)

    return type_it
