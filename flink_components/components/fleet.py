"""A group of jobs that one `up` checks together, and changes in an order."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict
from weakref import WeakKeyDictionary

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi.runtime.settings import get_root_resource

from flink_components.components.arguments import (
    has_unknown,
    known_problems,
    named,
    refuse_positional,
)
from flink_components.components.beforehand import no_output
from flink_components.components.refusal import refuse
from flink_components.spec.base import Problem, load
from flink_components.spec.errors import shown
from flink_components.spec.fleet import FleetSpec

if TYPE_CHECKING:
    from flink_components.plan.plan import Plan

_TYPE = "flink-components:index:Fleet"
_LIKE = "{'canary': 'fraud', 'max_in_flight': 2}"
_fleets: "WeakKeyDictionary[pulumi.Resource, dict[str, Fleet]]" = WeakKeyDictionary()


class FleetArgs(TypedDict, total=False):
    """Arguments of a Fleet; all have a default. None can be an Output: the order hangs on them."""

    canary: str
    """The name of the job that is changed first, alone; the others follow if it is stable."""
    max_in_flight: int
    """How many jobs are changed at a time (4)."""
    stop_after_failures: int
    """After so many failures no further job is touched (1)."""


@dataclass
class Member:
    """A job of a fleet.

    `inputs` are what is declared of it, as its resource gets them, for `foreseeing`: `job` or
    `application`. `ignores`: some of them stay as they were, which the engine alone knows.
    `ready` is awaited by what runs it, and gives what it must not go on without. `touched`: its
    hook was called, which has said `plan` of it; `refused`: that has ended its step. `problem`: why
    it must not be touched, whatever its plan is.
    """

    kind: str
    name: str
    component: pulumi.ComponentResource
    depends_on: Any
    foreseen_as: str = "job"
    inputs: Input[Mapping[str, Any]] = field(default_factory=dict)
    resource: pulumi.CustomResource | None = None
    ignores: bool = False
    ready: "asyncio.Future[pulumi.Resource | None]" = field(default_factory=asyncio.Future)
    touched: bool = False
    plan: "Plan | None" = None
    refused: bool = False
    problem: str = ""


class Place:
    """What a job needs to know of its fleet while it is declared."""

    def __init__(self, member: Member, settings: Mapping[str, Any]) -> None:
        self._member = member
        self.after: list[Any] = [member.ready]
        """What the job's resources wait for: the check of the whole fleet, and the canary."""
        self.settings: Mapping[str, Any] = settings
        """For the provider, which lets no more jobs go on than are wanted."""

    def taken(
        self,
        resource: pulumi.CustomResource,
        inputs: Input[Mapping[str, Any]],
        foreseen_as: str = "job",
        ignores: bool = False,
    ) -> None:
        """The job is declared: `resource` runs it."""
        member = self._member
        member.resource, member.inputs = resource, inputs
        member.foreseen_as, member.ignores = foreseen_as, ignores


class Fleet(pulumi.ComponentResource):
    """Jobs that belong together: `SessionJob("fraud", {…, "fleet": fleet})`.

    A preview has one row that says what happens to all of them, also where nothing does, and
    shows every refusal. `up` checks the plan of each before it touches one; then the canary is
    changed, then the others, `max_in_flight` at a time, until `stop_after_failures` have failed.

    A job names its fleet, and not the fleet its jobs, so that jobs can be declared in loops, in
    functions and in other components, and since what a job comes after must be known when it is
    declared. The fleet is complete when the program has ended, or `close()` was called: a job
    that is declared later, inside of `apply`, is refused.
    """

    def __init__(
        self, name: str, args: FleetArgs | None = None, opts: ResourceOptions | None = None
    ) -> None:
        what = f"Fleet {name}"
        given = refuse_positional(what, {} if args is None else args, None, _LIKE)
        refuse(what, fleet_problems(given))
        _claim(name, self)
        super().__init__(_TYPE, name, None, opts)
        self.fleet_name = name
        self.spec: FleetSpec = load(FleetSpec, given)
        self.members: dict[tuple[str, str], Member] = {}
        self.is_closed = False
        self.register_outputs({"jobs": Output.from_input(self._run())})

    def close(self) -> None:
        """No further job comes; for an async program that waits for outputs of these."""
        self.is_closed = True

    def place(
        self,
        kind: str,
        name: str,
        component: pulumi.ComponentResource,
        opts: ResourceOptions | None,
    ) -> Place:
        """Takes a job in. Raises RunError where that is too late."""
        if self.is_closed:
            do = "declare its jobs in the program itself, not inside of apply"
            what = f"{self.fleet_name} is complete, since the program has ended"
            refuse(f"{kind} {name}", [Problem("fleet", what, do=do)])
        member = Member(kind, name, component, opts.depends_on if opts else None)
        self.members[kind, name] = member
        settings = {"name": self.fleet_name, **self.spec.model_dump(exclude={"canary"})}
        return Place(member, settings)

    def _run(self) -> Awaitable[list[str]]:
        """What a fleet does while the program runs."""
        # Not loaded by programs without a fleet.
        from flink_components.components.fleet_run import run

        return run(self)


def fleet_problems(args: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the arguments of a Fleet."""
    values, unknown = named(args, FleetArgs)
    outputs = [no_output(name) for name, value in values.items() if has_unknown(value)]
    return [*unknown, *(outputs or known_problems(FleetSpec, values))]


def no_fleet(given: object) -> list[Problem]:
    """What is wrong with the `fleet` of a job."""
    if given is None or isinstance(given, Fleet):
        return []
    if isinstance(given, list | tuple):
        return [Problem("fleet", "must be one Fleet", shown(given), "a job is part of one alone")]
    do = "give the component itself: Fleet('payments')"
    return [Problem("fleet", "must be a Fleet", shown(given), do)]


def member_of(urn: str) -> Member | None:
    """What its fleet knows of the job whose component has this URN; None for one without."""
    root = get_root_resource()
    _, _, types, name = urn.split("::", 3)
    kind = types.rpartition("$")[2].rpartition(":")[2]
    for fleet in (_fleets.get(root) or {}).values() if root else ():
        member = fleet.members.get((kind, name))
        if member is not None:
            return member
    return None


def _claim(name: str, fleet: Fleet) -> None:
    root = get_root_resource()
    if root is None:
        return
    taken = _fleets.setdefault(root, {})
    if name in taken:
        do = "give it another name, or the jobs the fleet that there is"
        refuse(f"Fleet {name}", [Problem("name", "is that of another fleet", repr(name), do)])
    taken[name] = fleet
