"""The hook that says in a preview, and again in `up`, what will happen to a job."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceHookOptions

from flink_components.flink.jar import JarError, content
from flink_components.kube.access import Access
from flink_components.lifecycle.planning import plan
from flink_components.lifecycle.session_job import Wish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.changes import plain
from flink_components.spec.base import SpecError, load
from flink_components.spec.job import SessionJobSpec

_ACCESS = Access()


def plan_hooks(name: str, component: pulumi.Resource) -> ResourceHookBinding:
    """Hooks that log the plan of the job `name` on `component`'s row, and refuse by raising."""

    async def announce(args: ResourceHookArgs) -> None:
        wish = _wish(args.new_inputs or {})
        if wish is None:
            pulumi.log.info(
                "what happens to the job can't be said before `up`: some of its arguments are "
                "not known yet",
                component,
            )
            return
        before = plain(args.old_inputs) if args.old_inputs is not None else None
        found = await asyncio.to_thread(plan, Workshop(_ACCESS), wish, before)
        if found.refused is not None:
            raise ValueError(found.text())
        log = pulumi.log.warn if found.unknown else pulumi.log.info
        log(found.text(), component)

    hook = ResourceHook(f"{name}-plan", announce, ResourceHookOptions(on_dry_run=True))
    return ResourceHookBinding(before_create=[hook], before_update=[hook])


def _wish(inputs: Mapping[str, Any]) -> Wish | None:
    """The declared job, or None while something of it is not known."""
    given = {
        field: plain(inputs[field])
        for field in SessionJobSpec.model_fields
        if inputs.get(field) is not None
    }
    try:
        spec = load(SessionJobSpec, given)
        return Wish(spec, inputs.get("jar_content") or content(spec.jar, spec.jar_sha256))
    except (SpecError, JarError):
        return None
