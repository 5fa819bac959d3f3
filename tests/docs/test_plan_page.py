"""The page of the plan: its recipes are YAML, and type what there is. Its outputs: tests/engine."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main
import yaml

from flink_components.cli.app import app

_PAGE = (Path(__file__).parents[2] / "docs/plan.md").read_text()
_RECIPES = re.findall(r"^```yaml\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)


def test_the_recipes_are_yaml() -> None:
    github, gitlab = map(yaml.safe_load, _RECIPES)
    assert list(github["jobs"]) == ["plan", "up"]
    assert list(gitlab) == ["plan", "up"]


def test_each_option_on_the_page_is_one_of_the_command() -> None:
    command = typer.main.get_command(app).commands["plan"]  # type: ignore[attr-defined]
    known = {name for parameter in command.params for name in parameter.opts}
    typed = [text for text in _PAGE.splitlines() if "flink-components plan" in text]
    typed += re.findall(r"--(?:stack|fail-on|format|out)[^\n]*", _PAGE.replace("pulumi", ""))
    found = set(re.findall(r"--[a-z-]+", " ".join(typed))) - {"--yes", "--stack"}
    assert found <= known | {"--edit-last", "--create-if-none"}
    assert {"--format", "--fail-on", "--out"} <= found
