"""Runs what a README shows, as a person would type it in the shell of `make shell`."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.paths import PROJECT

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAMS = ("cd ", "make ", "kubectl ", "pulumi ", "python ")
_SHELL = "make shell"
_LAST_LINES = 6
"""What a long report is cut down to at last still has them."""


class CommandFailed(Exception):
    """A command of the README ended badly; the text is all that it printed."""


@dataclass
class Typed:
    """A shell with its folder, in which a README's commands run."""

    folder: Path
    environment: Mapping[str, str]
    printed: list[tuple[str, str]] = field(default_factory=list)
    """The commands, and what each printed."""

    def run(self, command: str) -> None:
        """Runs one command in the present folder, or changes it. Raises CommandFailed."""
        if command.startswith("cd "):
            self.folder = self.folder / command.removeprefix("cd ")
            return
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            end = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
            raise CommandFailed(f"$ {command}\n{end}\n\nAll that it printed:\n{done.stdout}")
        self.printed.append((command, done.stdout))

    def outputs(self, command: str) -> list[str]:
        """What this command printed, each time."""
        return [text for typed, text in self.printed if typed == command]


def commands(readme: Path) -> list[str]:
    """The commands that a README shows, in their order, without `make shell` and comments."""
    lines = [line for block in _blocks(readme) for line in block.splitlines()]
    found = [line.partition(" #")[0].strip() for line in lines if line.startswith(_PROGRAMS)]
    return [command for command in found if command != _SHELL]


def block_with(text: str, page: Path) -> str:
    """The one block of a page that holds this text."""
    (found,) = (block for block in _blocks(page) if text in block)
    return found


def _blocks(page: Path) -> list[str]:
    """The blocks of a page that are in no language of their own."""
    return [text for language, text in _BLOCK.findall(page.read_text()) if not language]


def copy_of_the_examples(folder: Path) -> Path:
    """A folder with a copy of them, as a fresh clone has them, so that the project's stay."""
    ignored = shutil.ignore_patterns("build", "__pycache__", "Pulumi.*.yaml")
    shutil.copytree(PROJECT / "examples", folder / "examples", ignore=ignored)
    return folder
