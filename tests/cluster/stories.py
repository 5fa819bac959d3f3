"""What the examples print when a person types their READMEs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import pytest

from examples.jobs.check import CheckError, check
from sandbox import shell
from sandbox.paths import PROJECT
from tests.cluster.readme import Typed, commands, copy_of_the_examples
from tests.lifecycle.kubernetes import Kubernetes, until

LOOKS = ("pulumi preview", "pulumi refresh")
NOTHING_CHANGED = tuple(f"{look} --expect-no-changes" for look in LOOKS)
CHECK = "python -m examples.jobs.check "
PROOF = {
    "lost": "none",
    "twice": "none",
    "counts": "each of 10 keys counts on by one",
    "written by": ["v1", "v2"],
    "result": "nothing lost, nothing twice",
}

Stories = Mapping[str, "Future[Typed]"]
Teller = Callable[[Mapping[str, str]], Typed]


def told(
    tellers: Mapping[str, Teller], namespaces: Sequence[str], kubeconfig: str, home: Path
) -> Stories:
    """All stories, two at a time: what each printed, or why it failed."""
    kubernetes = Kubernetes(kubeconfig)
    for name in namespaces:
        kubernetes.delete_namespace(name)
    with _variables(kubeconfig, home) as variables, ThreadPoolExecutor(2) as pool:
        return {name: pool.submit(tell, variables) for name, tell in tellers.items()}


def example(name: str, folder: Path, detailed: bool = False) -> Teller:
    """Types what the README shows, and looks what changed after its first `up`."""

    def tell(variables: Mapping[str, str]) -> Typed:
        typed, configured = Typed(copy_of_the_examples(folder), variables), False
        for command in commands(PROJECT / "examples" / name / "README.md"):
            if command in LOOKS and not configured:
                continue  # Done after the `up`, and more strictly.
            if command.startswith(CHECK):
                _wait_for_v2(Path(command.removeprefix(CHECK)))
            typed.run(command)
            if command == "pulumi up" and not configured:
                for look in NOTHING_CHANGED:
                    typed.run(look)
            if command.startswith("pulumi config set"):
                configured = True
                if detailed:
                    typed.run("pulumi preview --diff")
        return typed

    return tell


def plan_in(text: str, upgrade: str) -> list[str]:
    """The lines of a plan, without their indentation and without hashes."""
    lines = [re.sub(r"\b[0-9a-f]{8}\b…?", "#", line.strip()) for line in text.splitlines()]
    start = next(n for n, line in enumerate(lines) if line.startswith(upgrade))
    return list(takewhile(bool, lines[start:]))


def plans_in(text: str, upgrade: str) -> set[str]:
    """All plans of an upgrade in a text, without hashes, sizes and numbers of checkpoints."""
    found = set()
    for match in re.finditer(rf"{re.escape(upgrade)}.*\n\s+changed ", text):
        lines = plan_in(text[match.start() :].partition("\n```")[0], upgrade)
        plan = re.sub(r"\d+(\.\d)? ([KMG]i)?B\b", "# B", "\n".join(lines))
        found.add(re.sub(r"chk-\d+", "chk-#", plan))
    return found


def proof_in(text: str) -> dict[str, object]:
    """What a job's output proves: the lines of the check, and which versions have written."""
    found: dict[str, object] = dict(re.findall(r"^(\w+(?: by)?) {2,}(\S.*)$", text, re.MULTILINE))
    versions = re.findall(r"(v\d) \(\d+\)", str(found["written by"]))
    return {**{key: found[key] for key in PROOF}, "written by": versions}


def checked(typed: Typed) -> str:
    """What the one check of a story's output printed."""
    (text,) = (text for command, text in typed.printed if command.startswith(CHECK))
    return text


@contextmanager
def _variables(kubeconfig: str, home: Path) -> Iterator[Mapping[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home))
        # Nobody is there to say yes.
        patch.setenv("PULUMI_SKIP_CONFIRMATIONS", "true")
        yield {**os.environ, **shell.variables(kubeconfig)}


def _wait_for_v2(output: Path) -> None:
    def look() -> bool:
        try:
            return "v2" in check(output).versions
        except CheckError:
            return False

    until("output of v2", 180, look)
