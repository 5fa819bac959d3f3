"""Stacks of the real engine, and what was seen while they ran."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
from pulumi import automation
from pulumi.automation._stack import StackInitMode

from flink_components.kube.access import load_client

Program = Callable[[], None]

SECRET = "[secret]"

_SECRET_KEY = "4dabf18193072939515e22adb298388d"

# These are imported when they are first used, which would be in each forked process again.
_USED_BY_PROGRAMS = (
    k8s.apiextensions.v1.CustomResourceDefinition,
    k8s.apps.v1.Deployment,
    k8s.batch.v1.Job,
    k8s.core.v1.ConfigMap,
    k8s.networking.v1.Ingress,
    k8s.storage.v1.StorageClass,
    k8s.yaml.ConfigGroup,
)
# A thread that loads it while another one forks would leave its lock held there for good.
load_client()


@dataclass(frozen=True)
class Step:
    """One step of a plan or an update."""

    op: str
    name: str
    type: str
    id: str
    diff: Mapping[str, str]
    old_inputs: Mapping[str, Any]
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass
class Run:
    """What one operation of the engine did and said."""

    steps: list[Step] = field(default_factory=list)
    results: dict[str, Step] = field(default_factory=dict)
    messages: list[tuple[str, str, str]] = field(default_factory=list)
    progress: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return not self.error

    def changes(self) -> dict[str, str]:
        """The first step of each resource that is not the same, by the resource's name."""
        found: dict[str, str] = {}
        for step in self.steps:
            if step.op != "same" and not step.type.startswith("pulumi:"):
                found.setdefault(step.name, step.op)
        return found

    def ops(self, name: str) -> list[str]:
        """The steps of a resource, in their order."""
        return [step.op for step in self.steps if step.name == name]

    def step(self, name: str) -> Step:
        """The first step of a resource."""
        return next(step for step in self.steps if step.name == name)

    def result(self, name: str) -> Step:
        """The last finished step of a resource, with the outputs that it has then."""
        return self.results[name]

    def said(self, severity: str, name: str = "") -> str:
        """All messages of a severity, of one resource or of all."""
        return "\n".join(
            text for kind, text, who in self.messages if kind == severity and name in ("", who)
        )

    def shown(self, name: str) -> list[str]:
        """What the row of a resource showed while it was worked on."""
        return [text for text, who in self.progress if who == name and text]


class _QuickStack(automation.Stack):
    """Starts no engine to read what was just done: outputs come from the state's file."""

    state: Path

    def outputs(self) -> automation.OutputMap:
        """The outputs of the stack; only where one is secret, the engine is asked."""
        found: dict[str, Any] = {}
        for resource in _resources(self.state):
            if resource["type"] == "pulumi:pulumi:Stack":
                found = resource.get("outputs") or {}
        if _SECRET_KEY in json.dumps(found):
            return super().outputs()
        return {key: automation.OutputValue(value, False) for key, value in found.items()}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        """A summary that nobody reads."""
        return automation.UpdateSummary("update", datetime.now(), "", {}, {}, "succeeded")


def _resources(state: Path) -> list[dict[str, Any]]:
    checkpoint = json.loads(state.read_text())["checkpoint"]["latest"] or {}
    resources: list[dict[str, Any]] = checkpoint.get("resources") or []
    return resources


class Stack:
    """A stack of one project in a folder of its own; the program is a function."""

    def __init__(
        self, folder: Path, engine: Path, environment: Mapping[str, str], name: str
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        backend = Path(environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
        self._state = backend / ".pulumi" / "stacks" / name / "test.json"
        workspace = automation.LocalWorkspace(
            work_dir=str(folder),
            env_vars=dict(environment),
            pulumi_command=automation.PulumiCommand(str(engine), skip_version_check=True),
            program=lambda: None,
            project_settings=automation.ProjectSettings(name, "python", main=str(Path.cwd())),
        )
        there = self._state.exists()
        mode = StackInitMode.SELECT if there else StackInitMode.CREATE
        self._stack = _QuickStack("test", workspace, mode)
        self._stack.state = self._state

    def configure(self, **settings: str) -> None:
        """Set configuration of the default provider, such as ``namespace``."""
        for key, value in settings.items():
            self._stack.set_config(f"kubernetes:{key}", automation.ConfigValue(value))

    def preview(self, program: Program, **options: Any) -> Run:
        """Plan what the program wants."""
        return self._run("preview", program, **options)

    def up(self, program: Program, **options: Any) -> Run:
        """Do what the program wants."""
        return self._run("up", program, **options)

    def refresh(self, **options: Any) -> Run:
        """Read everything again."""
        return self._run("refresh", lambda: None, **options)

    def destroy(self, **options: Any) -> Run:
        """Delete everything."""
        return self._run("destroy", lambda: None, **options)

    def resources(self) -> dict[str, Mapping[str, Any]]:
        """The resources of the state by name, with what is secret in its encrypted form."""
        return {
            str(item["urn"]).rpartition("::")[2]: item
            for item in _resources(self._state)
            if not str(item["type"]).startswith("pulumi:")
        }

    def state_text(self) -> str:
        """The whole state as it is stored, so with what is secret encrypted."""
        return self._state.read_text()

    def _run(self, operation: str, program: Program, **options: Any) -> Run:
        """Run an operation in a forked process.

        The program is then a plain function here, and what a failed one leaves (threads and
        coroutines of the SDK) ends with its process.
        """
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(
            target=self._run_in_child, args=(sender, operation, program, options), daemon=True
        )
        child.start()
        sender.close()
        try:
            run: Run = receiver.recv()
        finally:
            child.join()
        return run

    def _run_in_child(
        self, sender: Connection, operation: str, program: Program, options: Mapping[str, Any]
    ) -> None:
        self._stack.workspace.program = program
        run, started = Run(), time.monotonic()
        try:
            call = getattr(self._stack, operation)
            result = call(on_event=lambda event: _note(run, event), **options)
            outputs = getattr(result, "outputs", None) or {}
            run.outputs = {key: output.value for key, output in outputs.items()}
        except automation.CommandError as error:
            run.error = f"{run.said('error')}\n{error}"
        run.seconds = time.monotonic() - started
        sender.send(run)
        os._exit(0)


class Lab:
    """Makes stacks, and destroys what they left at the end."""

    def __init__(self, folder: Path, engine: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._engine = engine
        self._environment = environment
        self._stacks: list[Stack] = []

    def stack(self, **settings: str) -> Stack:
        """Return a new stack, with this configuration of the default Kubernetes provider."""
        name = f"conformance-{uuid.uuid4().hex[:8]}"
        stack = Stack(self._folder / name, self._engine, self._environment, name)
        stack.configure(**settings)
        self._stacks.append(stack)
        return stack

    def close(self) -> None:
        """Destroy the stacks that still have something outside of any namespace."""
        for stack in self._stacks:
            ids = [str(item.get("id", "")) for item in stack.resources().values()]
            if any(resource_id and "/" not in resource_id for resource_id in ids):
                stack.destroy()


def _note(run: Run, event: automation.EngineEvent) -> None:
    diagnostic = event.diagnostic_event
    if diagnostic is not None:
        name = (diagnostic.urn or "").rpartition("::")[2]
        text = _plain(diagnostic.message)
        if diagnostic.ephemeral:
            run.progress.append((text, name))
        else:
            run.messages.append((diagnostic.severity, text, name))
    if event.resource_pre_event is not None:
        run.steps.append(_step(event.resource_pre_event.metadata))
    if event.res_outputs_event is not None:
        step = _step(event.res_outputs_event.metadata)
        run.results[step.name] = step


def _step(metadata: automation.StepEventMetadata) -> Step:
    new, old = metadata.new, metadata.old
    return Step(
        op=str(metadata.op.value),
        name=metadata.urn.rpartition("::")[2],
        type=metadata.type,
        id=(new.id if new and new.id else old.id if old else "") or "",
        diff={
            path: str(change.diff_kind.value)
            for path, change in (metadata.detailed_diff or {}).items()
        },
        old_inputs=_hidden((old.inputs if old else None) or {}),
        inputs=_hidden((new.inputs if new else None) or {}),
        outputs=_hidden((new.outputs if new else None) or {}),
    )


def _hidden(value: Any) -> Any:
    """The value with "[secret]" in place of whatever is secret."""
    if isinstance(value, dict):
        if _SECRET_KEY in value:
            return SECRET
        return {key: _hidden(item) for key, item in value.items()}
    return [_hidden(item) for item in value] if isinstance(value, list) else value


def _plain(text: str) -> str:
    return "".join(_without_colours(text)).strip()


def _without_colours(text: str) -> Iterator[str]:
    rest = text
    while "<{%" in rest:
        before, _, rest = rest.partition("<{%")
        yield before
        rest = rest.partition("%}>")[2]
    yield rest
