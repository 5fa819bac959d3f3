"""Previews of many small programs, two at a time, each on a stack that never gets anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.conformance.lab import Run, Stack

AT_ONCE = 2

Program = Callable[[], None]

_SAID_BY_THE_ENGINE = ("preview failed", "update failed")
_SAID_AGAIN = ("an unhandled error occurred: ", "Exception calling application: ")


@dataclass(frozen=True)
class Preview:
    """A program to preview."""

    name: str
    program: Program


@dataclass(frozen=True)
class Finding:
    """What a preview said, on the screen and behind it."""

    run: Run
    printed: str

    def messages(self, severity: str) -> list[str]:
        """The messages of this severity, each once, without the engine's own closing line.

        What the Automation API says of an inline program's error comes after the error itself.
        """
        said = [text for kind, text, _ in self.run.messages if kind == severity]
        said = [text for text in said if not text.startswith(_SAID_AGAIN)]
        return [text for text in dict.fromkeys(said) if text not in _SAID_BY_THE_ENGINE]

    @property
    def shown(self) -> str:
        """Everything that a person sees: all but the messages for debugging."""
        messages = [text for kind, text, _ in self.run.messages if kind != "debug"]
        return "\n".join([self.printed, self.run.error, *messages])

    @property
    def everything(self) -> str:
        """What is shown, and what would be to someone who debugs."""
        return "\n".join([self.shown, *(text for _, text, _ in self.run.messages)])


def preview_all(
    previews: Iterable[Preview],
    new_stack: Callable[[str], Stack],
    folder: Path,
    variables: Mapping[str, str],
) -> dict[str, Finding]:
    """Findings by the name of the preview. The programs see these variables, as the engine does."""
    stacks: SimpleQueue[Stack] = SimpleQueue()
    for number in range(AT_ONCE):
        stacks.put(new_stack(f"preview-{number}"))

    def find(preview: Preview) -> tuple[str, Finding]:
        stack = stacks.get()
        try:
            return preview.name, _find(stack, preview, folder / preview.name, variables)
        finally:
            stacks.put(stack)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(pool.map(find, previews))


def _find(stack: Stack, preview: Preview, file: Path, variables: Mapping[str, str]) -> Finding:
    def program() -> None:
        os.environ.update(variables)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, 2)
        sys.stderr = os.fdopen(os.dup(descriptor), "w", buffering=1)
        preview.program()

    run = stack.preview(program, diff=True, on_output=_appending(file))
    return Finding(run, file.read_text())


def _appending(file: Path) -> Callable[[str], None]:
    file.touch()

    def append(line: str) -> None:
        with file.open("a") as said:
            said.write(line + "\n")

    return append
