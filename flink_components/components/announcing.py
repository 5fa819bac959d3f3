"""Says in a preview, and again in `up`, what will happen to a job."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi import ResourceHookArgs
from pulumi.resource import DependencyResource

from flink_components.components.fleet import member_of
from flink_components.components.foreseeing import Foreseen, application, job, switch
from flink_components.components.looking import THREADS, workshop
from flink_components.plan.plan import Plan

_FORESEEN: Mapping[str, Callable[..., Foreseen | None]] = {
    "SessionJob": job,
    "ApplicationRevision": application,
    "JobSwitch": switch,
}


async def announce(args: ResourceHookArgs, said: set[str]) -> None:
    """Logs the plan of a job that is made or changed on its row. Raises ValueError to refuse.

    said: the rows on which something was said; an application has two resources that may change,
    and its plan is the same for both.
    """
    new, hidden = await _revealed(args.new_inputs or {})
    of_a_fleet = member_of(new["urn"])
    if of_a_fleet is not None:
        of_a_fleet.touched = True
        if of_a_fleet.problem and not pulumi.runtime.is_dry_run():
            raise ValueError(f"it is not touched, since {of_a_fleet.problem}")
    if new["urn"] in said:
        return
    said.add(new["urn"])
    before = outputs = None
    if args.old_inputs is not None:
        before, hidden_before = await _revealed(args.old_inputs)
        hidden |= hidden_before
    if args.old_outputs is not None:
        outputs = (await _revealed(args.old_outputs))[0]
    row = DependencyResource(new["urn"])
    foreseen = _FORESEEN[args.type.rpartition(":")[2]](new, before, outputs)
    if foreseen is None:
        pulumi.log.info(
            "what happens to the job can't be said before `up`: some of its arguments are "
            "not known yet",
            row,
        )
        return
    found = await asyncio.get_running_loop().run_in_executor(THREADS, foreseen, workshop())
    found = found.hiding(
        [c.field for c in found.changed if re.split(r"[.\[]", c.field)[0] in hidden]
    )
    if of_a_fleet is not None:
        of_a_fleet.plan, of_a_fleet.refused = found, found.refused is not None
    if found.refused is not None:
        _refuse(found, row, of_a_fleet is not None)
        return
    log = pulumi.log.warn if found.unknown else pulumi.log.info
    log(found.text(), row)


def _refuse(found: Plan, row: pulumi.Resource, of_a_fleet: bool) -> None:
    """A fleet ends its preview by itself, once the plans of all its jobs were said."""
    if not (of_a_fleet and pulumi.runtime.is_dry_run()):
        raise ValueError(found.text())
    pulumi.log.error(found.text(), row)


async def _revealed(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The inputs with secrets as plain values, and the names of those that hold one.

    The SDK hands on a property that holds a secret as an Output.
    """
    hidden = {name for name, value in inputs.items() if isinstance(value, pulumi.Output)}
    revealed = dict(inputs)
    for name in hidden:
        revealed[name] = await inputs[name].future(with_unknowns=True)
    return revealed, hidden
