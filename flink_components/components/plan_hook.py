"""The hook that says in a preview, and again in `up`, what will happen to a job."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import pulumi
from pulumi import ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceHookOptions
from pulumi.runtime.settings import get_root_resource


@dataclass
class Program:
    """What is known of the jobs of one program.

    `jobs` are the resources with a plan; `said` the rows on which something was said, since an
    application has two resources that may change, and one plan. `refused` has the keys of jobs
    that are refused in a preview; `gathered` is False where no end can be waited for.
    """

    gathered: bool = True
    jobs: list[pulumi.Resource] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


_programs: "WeakKeyDictionary[pulumi.Resource, tuple[Program, ResourceHook]]" = WeakKeyDictionary()


def plan_hooks() -> ResourceHookBinding:
    """Hooks of a job that log its plan on its component's row, and refuse by raising.

    They are one for all jobs of a program: each registration costs several calls to the engine.
    """
    root = get_root_resource()
    found = _programs.get(root) if root else None
    if found is None:
        program = Program(gathered=root is not None)
        options = ResourceHookOptions(on_dry_run=True)
        found = program, ResourceHook("flink-components-plan", _announcing(program), options)
        if root:
            _programs[root] = found
    hook = found[1]
    return ResourceHookBinding(before_create=[hook], before_update=[hook])


def has_plan(job: pulumi.Resource) -> None:
    """A resource with these hooks was declared: a preview that refuses jobs waits for its plan."""
    root = get_root_resource()
    if root is not None and root in _programs:
        _programs[root][0].jobs.append(job)


def _announcing(program: Program) -> Callable[[ResourceHookArgs], Awaitable[None]]:
    """What the hook of one program does."""

    async def announce_once(args: ResourceHookArgs) -> None:
        # Not loaded by a program whose jobs do not change.
        from flink_components.components.announcing import announce

        await announce(args, program)

    return announce_once
