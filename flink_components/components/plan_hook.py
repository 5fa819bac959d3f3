"""The hook that says in a preview, and again in `up`, what will happen to a job."""

from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

import pulumi
from pulumi import ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceHookOptions
from pulumi.runtime.settings import get_root_resource

_hooks: "WeakKeyDictionary[pulumi.Resource, ResourceHook]" = WeakKeyDictionary()


def plan_hooks() -> ResourceHookBinding:
    """Hooks of a job that log its plan on its component's row, and refuse by raising.

    They are one for all jobs of a program: each registration costs several calls to the engine.
    """
    root = get_root_resource()
    hook = _hooks.get(root) if root else None
    if hook is None:
        options = ResourceHookOptions(on_dry_run=True)
        hook = ResourceHook("flink-components-plan", _announcing(), options)
        if root:
            _hooks[root] = hook
    return ResourceHookBinding(before_create=[hook], before_update=[hook])


def _announcing() -> Callable[[ResourceHookArgs], Awaitable[None]]:
    """What the hook of one program does."""
    said: set[str] = set()

    async def announce_once(args: ResourceHookArgs) -> None:
        # Not loaded by a program whose jobs do not change.
        from flink_components.components.announcing import announce

        await announce(args, said)

    return announce_once
