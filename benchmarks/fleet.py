"""A program with many jobs, by the package or by plain dynamic resources with the same inputs.

Run by `pulumi`; what it declares comes from the environment, see `Fleet`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

VARIABLE = "FLINK_BENCHMARK_FLEET"
_OUTPUTS = ("job_id", "revision", "state", "restored_from", "restore_point")


def arguments(output: str, ends_in_ms: int = 0) -> list[str]:
    """Those of a job that is idle nearly all the time, and whose tasks take so long to end."""
    slow = ["--cancel-delay-ms", str(ends_in_ms)] if ends_in_ms else []
    return ["--output", output, "--rate", "1", "--checkpoint-interval", "60000", *slow]


@dataclass(frozen=True)
class Fleet:
    """`count` jobs of one jar on the cluster `ref`; their files are below `folder`.

    A changed `restart` upgrades all of them. `ends_in_ms`: how long their tasks take to end.
    """

    way: str
    count: int
    ref: Mapping[str, Any]
    jar: str
    folder: str
    restart: str = ""
    ends_in_ms: int = 0

    def variables(self) -> dict[str, str]:
        """What the program needs in its environment."""
        return {VARIABLE: json.dumps(asdict(self))}

    def names(self) -> list[str]:
        """The jobs' names."""
        return [f"job-{number}" for number in range(self.count)]

    def arguments(self, name: str) -> dict[str, Any]:
        """What a user declares of one job: an idle source, a savepoint directory."""
        return {
            "cluster": self.ref,
            "jar": self.jar,
            "args": arguments(f"{self.folder}/output/{name}", self.ends_in_ms),
            "parallelism": 1,
            "savepoint_dir": f"file://{self.folder}/savepoints",
            "deadlines": {"stable": "3 min"},
            **({"restart": self.restart} if self.restart else {}),
        }


class PlainProvider(ResourceProvider):
    """Does nothing; what it is for is the engine's own way to it."""

    serialize_as_secret_always = False

    def create(self, props: Any) -> CreateResult:
        """Takes the inputs for the state, with something for each output."""
        return CreateResult(props["key"], {**dict.fromkeys(_OUTPUTS, "none"), **props})


class PlainAnchor(Resource, module="plain", name="Anchor"):
    """In place of the resource that keeps a job's ledger."""

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(PlainProvider(), name, props, opts)


class PlainJob(Resource, module="plain", name="Job"):
    """In place of the job."""

    job_id: pulumi.Output[str]
    revision: pulumi.Output[str]
    state: pulumi.Output[str]
    restored_from: pulumi.Output[str]
    restore_point: pulumi.Output[str]

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        outputs: dict[str, Any] = dict.fromkeys(_OUTPUTS)
        super().__init__(PlainProvider(), name, {**outputs, **props}, opts)


class Plain(pulumi.ComponentResource):
    """A component with two dynamic resources, as `SessionJob` is one."""

    def __init__(self, name: str, args: Mapping[str, Any], ref: Mapping[str, Any]) -> None:
        super().__init__("plain:index:Job", name)
        of_both = {
            "name": name,
            "namespace": ref["namespace"],
            "key": f"{ref['namespace']}/{name}",
            "savepoint_dir": args["savepoint_dir"],
            "deadlines": args["deadlines"],
            "stack": f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}",
        }
        anchor = PlainAnchor(
            f"{name}-anchor",
            {**of_both, "connection": ref["connection"]},
            pulumi.ResourceOptions(parent=self),
        )
        job = PlainJob(
            f"{name}-job",
            {**args, **of_both},
            pulumi.ResourceOptions(parent=self, depends_on=[anchor]),
        )
        self.register_outputs({output: getattr(job, output) for output in _OUTPUTS})


def declare() -> None:
    """The program."""
    fleet = Fleet(**json.loads(os.environ[VARIABLE]))
    if fleet.way == "plain":
        for name in fleet.names():
            Plain(name, fleet.arguments(name), fleet.ref)
        return
    from flink_components import SessionJob

    for name in fleet.names():
        SessionJob(name, fleet.arguments(name))  # type: ignore[arg-type]
