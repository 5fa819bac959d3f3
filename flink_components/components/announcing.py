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
from flink_components.components.handing_on import checked, hand_on, plan_file
from flink_components.components.looking import threads, workshop
from flink_components.components.plan_hook import Program
from flink_components.plan.outcome import Does
from flink_components.plan.plan import Plan

_NOT_KNOWN = (
    "what happens to the job can't be said before `up`: some of its arguments are not known yet"
)
_FORESEEN: Mapping[str, Callable[..., Foreseen | None]] = {
    "SessionJob": job,
    "ApplicationRevision": application,
    "JobSwitch": switch,
}


async def announce(args: ResourceHookArgs, program: Program) -> None:
    """Logs the plan of a job that is made or changed on its row. Raises ValueError to refuse.

    In a preview the refusals of all jobs are logged, and the program fails when every job has its
    plan. In `up` what was agreed to is looked at again for the switch of an application, which may
    come long after its revision.
    """
    new, hidden = await _revealed(args.new_inputs or {})
    of_a_fleet = member_of(new["urn"])
    if of_a_fleet is not None:
        of_a_fleet.touched = True
        if of_a_fleet.problem and not pulumi.runtime.is_dry_run():
            raise ValueError(f"it is not touched, since {of_a_fleet.problem}")
    again = new["urn"] in program.said
    if again and (pulumi.runtime.is_dry_run() or not plan_file()):
        return
    program.said.add(new["urn"])
    before = outputs = None
    if args.old_inputs is not None:
        before, hidden_before = await _revealed(args.old_inputs)
        hidden |= hidden_before
    if args.old_outputs is not None:
        outputs = (await _revealed(args.old_outputs))[0]
    foreseen = _FORESEEN[args.type.rpartition(":")[2]](new, before, outputs)
    if foreseen is None:
        hand_on(_not_known(args.name, new), new["stack"])
        pulumi.log.info(_NOT_KNOWN, DependencyResource(new["urn"]))
        return
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(threads(), foreseen, workshop())
    found = found.hiding(
        [c.field for c in found.changed if re.split(r"[.\[]", c.field)[0] in hidden]
    )
    found = checked(found, new["stack"])
    if again and found.refused is None:
        return
    if of_a_fleet is not None:
        of_a_fleet.plan, of_a_fleet.refused = found, found.refused is not None
    hand_on(found, new["stack"])
    row = DependencyResource(new["urn"])
    if found.refused is None:
        log = pulumi.log.warn if found.unknown else pulumi.log.info
        log(found.text(), row)
    elif pulumi.runtime.is_dry_run() and of_a_fleet is not None:
        # The fleet ends its preview by itself, once the plans of all its jobs were said.
        pulumi.log.error(found.text(), row)
    elif pulumi.runtime.is_dry_run() and program.gathered:
        pulumi.log.error(found.text(), row)
        _refuse(program, found.key)
    else:
        raise ValueError(found.text())


def _not_known(name: str, new: Mapping[str, Any]) -> Plan:
    key = new.get("key")
    key = key if isinstance(key, str) else name
    why = "some of its arguments are not known before `up`"
    return Plan(key, None, None, "UNKNOWN", unknown=why, does=Does.UNKNOWN)


def _refuse(program: Program, key: str) -> None:
    """Lets the program fail at its end."""
    program.refused.append(key)
    if len(program.refused) == 1:
        pulumi.Output.from_input(_end(program))


async def _end(program: Program) -> Any:
    """Waits until every job has its plan. Raises RunError with the keys of the refused ones."""
    seen = 0
    while seen < len(program.jobs):
        waited, seen = program.jobs[seen:], len(program.jobs)
        urns = [asyncio.ensure_future(job.urn.future()) for job in waited]
        await asyncio.gather(*urns, return_exceptions=True)
    keys = sorted(program.refused)
    what = "1 job is refused" if len(keys) == 1 else f"{len(keys)} jobs are refused"
    raise pulumi.RunError(f"{what}, and nothing will be done: {', '.join(keys)}")


async def _revealed(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The inputs with secrets as plain values, and the names of those that hold one.

    The SDK hands on a property that holds a secret as an Output.
    """
    hidden = {name for name, value in inputs.items() if isinstance(value, pulumi.Output)}
    revealed = dict(inputs)
    for name in hidden:
        revealed[name] = await inputs[name].future(with_unknowns=True)
    return revealed, hidden
