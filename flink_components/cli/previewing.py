"""Runs `pulumi preview` and gathers the plans that its programs hand on. Needs Pulumi."""

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import SubprocessError
from typing import Any

from flink_components.cli.plan_error import PlanError
from flink_components.plan.plan_json import deleted, of_stack
from flink_components.spec.base import SpecError, load
from flink_components.spec.job import AnchorSpec

try:
    from pulumi import automation
except ImportError as error:
    raise PlanError(
        f"this needs the Python package `pulumi`, which can't be had: {error}"
    ) from None

FOLDER = "FLINK_COMPONENTS_PLANS"
_ANCHOR = "pulumi-python:dynamic/flink:JobAnchor"
_STACK = "pulumi:pulumi:Stack"
_COLOURS = re.compile(r"<\{%.*?%\}>")
_AFTERWARDS = (
    "and nothing will be done: ",
    "preview failed",
    "an unhandled error occurred: ",
    "exited with non-zero exit code",
)
"""What is said besides once jobs were refused."""


class _Workspace(automation.LocalWorkspace):
    """A project's folder, in which the stack that a person has selected stays selected."""

    def select_stack(self, stack_name: str) -> None:
        """Nothing: each command names the stack."""


@dataclass
class _Seen:
    """What the engine told: its errors, and the keys of jobs that stay and of those that go."""

    errors: list[str] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    gone: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    stack: str = ""

    def note(self, event: automation.EngineEvent) -> None:
        """One event of the preview."""
        said = event.diagnostic_event
        if said is not None and said.severity == "error":
            self.errors.append(_COLOURS.sub("", said.message).strip())
        if event.resource_pre_event is not None:
            self._step(event.resource_pre_event.metadata)

    def _step(self, step: automation.StepEventMetadata) -> None:
        if step.type == _STACK:
            head, project, *_ = step.urn.split("::")
            self.stack = f"{project}/{head.rpartition(':')[2]}"
        if step.type != _ANCHOR:
            return
        deletes = step.op == automation.OpType.DELETE
        state = step.old if deletes else step.new
        inputs: Mapping[str, Any] = (state.inputs if state else None) or {}
        key = inputs.get("key")
        if not isinstance(key, str):
            return
        if deletes:
            self.gone[key] = inputs
        else:
            self.declared.add(key)


def gathered(stack: str, folder: Path, verbose: bool) -> dict[str, Any]:
    """The plans of all jobs of a stack. Raises PlanError where there is no complete preview."""
    if not folder.is_dir():
        raise PlanError(f"there is no folder {folder}: give that of Pulumi.yaml with --cwd")
    seen = _Seen()
    with tempfile.TemporaryDirectory(prefix="flink-plans-") as plans:
        failed = _preview(stack, folder, plans, seen, verbose)
        found = [json.loads(file.read_text("utf-8")) for file in Path(plans).glob("*.json")]
    jobs = [one["job"] for one in found]
    if failed:
        _check(stack, failed, seen.errors, jobs)
    keys = {job["key"] for job in jobs}
    jobs += [
        deleted(key, _on_delete(inputs))
        for key, inputs in seen.gone.items()
        if key not in seen.declared | keys
    ]
    names = {one["stack"] for one in found} or {_full_name(stack, seen.stack)}
    return of_stack(min(names), jobs, seen.declared - keys)


def _preview(stack: str, folder: Path, plans: str, seen: _Seen, verbose: bool) -> str:
    """Runs it; why it failed, or ""."""
    try:
        workspace = _Workspace(work_dir=str(folder), env_vars={FOLDER: plans})
        chosen = automation.Stack.select(stack, workspace)
        output = (lambda text: print(text, end="", file=sys.stderr)) if verbose else None
        chosen.preview(on_event=seen.note, on_output=output, color="never")
    except FileNotFoundError:
        raise PlanError("there is no `pulumi` on PATH: install the Pulumi CLI") from None
    except automation.StackNotFoundError:
        raise PlanError(
            f"there is no stack {stack} in {folder.resolve()}: `pulumi stack ls` lists those that "
            f"there are"
        ) from None
    except automation.CommandError as error:
        return str(error)
    except (RuntimeError, SubprocessError, automation.InvalidVersionError) as error:
        raise PlanError(f"the preview of {stack} can't be run: {error}") from None
    return ""


def _check(stack: str, failed: str, errors: list[str], jobs: Iterable[Mapping[str, Any]]) -> None:
    """Raises PlanError where the preview failed for anything else than refused jobs."""
    refused = [job["text"] for job in jobs if job["refused"]]
    ours = (*refused, *_AFTERWARDS)
    others = [error for error in errors if not any(text in error for text in ours)]
    if refused and not others:
        return
    told = list(dict.fromkeys(others)) or [_stderr(failed)]
    raise PlanError(f"the preview of {stack} failed, so there is no plan: " + "\n".join(told))


def _stderr(failed: str) -> str:
    """What the CLI itself said, without what else the Automation API reports of it."""
    text = failed.partition("stderr:")[2].strip() or failed.strip()
    return text.removeprefix("error: ")


def _on_delete(inputs: Mapping[str, Any]) -> str:
    values = {
        name: inputs[name]
        for name in ("key", "namespace", "savepoint_dir", "on_delete")
        if inputs.get(name) is not None
    }
    try:
        return load(AnchorSpec, values).delete_action.value
    except SpecError:
        return "cancel"


def _full_name(given: str, found: str) -> str:
    """`organization/project/stack` of a stack without jobs that change."""
    parts = given.split("/")
    organization = parts[0] if len(parts) > 1 else "organization"
    return f"{organization}/{found or parts[-1]}"
