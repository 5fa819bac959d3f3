"""What a fleet does while its program runs: it is completed, checked, and said in one row."""

import asyncio
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pulumi
from pulumi import Output
from pulumi.runtime.settings import get_root_resource

from flink_components.components.arguments import keys_of_jobs, stack_name
from flink_components.components.fleet import Fleet, Member
from flink_components.components.fleet_look import Look, foreseen, summary
from flink_components.components.looking import threads
from flink_components.components.refusal import refuse
from flink_components.plan.fleet import Fate, FleetPlan
from flink_components.providers.process import has_unknown
from flink_components.spec.base import Problem

_PAUSE_SECONDS = 0.02
_PATIENCE_SECONDS = 60.0


async def run(fleet: Fleet) -> list[str]:
    """Waits for all jobs of the fleet, and lets them go on; their names.

    Raises RunError for what is wrong with the fleet, and where a job of it is refused.
    """
    try:
        while not (fleet.is_closed or _program_ended()):
            await asyncio.sleep(_PAUSE_SECONDS)
        fleet.close()
        error = _program_error()
        problem = f"the program failed: {error}" if error else _problem(fleet)
        if problem:
            await _without_a_touch(fleet, problem)
            if error is None:
                raise pulumi.RunError(problem)
        elif pulumi.runtime.is_dry_run():
            await _preview(fleet)
        else:
            await _check(fleet)
    except BaseException as error:
        for member in fleet.members.values():
            if not member.ready.done():
                # One for each: the SDK raises it in several tasks, and chains it to itself.
                member.ready.set_exception(pulumi.RunError(str(error)))
                member.ready.exception()  # so that nobody says that it was never asked for
        raise
    return [member.name for member in fleet.members.values()]


def _program_ended() -> bool:
    """The program has declared what it declares: until then a further job may come."""
    return bool(getattr(get_root_resource(), "_outputs_registered", True))


def _program_error() -> BaseException | None:
    """What the program has raised, which the SDK says only at the end: then no job goes on."""
    for task in asyncio.all_tasks():
        waits: Any = task.get_coro()
        while waits is not None:
            frame = getattr(waits, "cr_frame", None)
            if frame is not None and frame.f_code.co_name == "run_pulumi_func":
                error: BaseException | None = frame.f_locals.get("ex")
                return error
            waits = getattr(waits, "cr_await", None)
    return None


async def _without_a_touch(fleet: Fleet, problem: str) -> None:
    """Lets the engine do with all jobs what it does, and their hooks refuse each that changes.

    To end the program at once would cut what the engine and the SDK are at.
    """
    for member in fleet.members.values():
        member.problem = problem
        if not member.ready.done():
            member.ready.set_result(None)
    await _registered(list(fleet.members.values()))


async def _registered(members: Sequence[Member]) -> None:
    """Waits until the engine has done with these."""
    urns = [one.resource.urn.future() for one in members if one.resource is not None]
    await asyncio.gather(*urns)


def _problem(fleet: Fleet) -> str:
    """What is wrong with a fleet that has all its jobs; "" where nothing is."""
    try:
        _complete(fleet)
    except pulumi.RunError as error:
        return str(error)
    return ""


def _complete(fleet: Fleet) -> None:
    """Raises RunError for a fleet that can't be right."""
    what, wanted = f"Fleet {fleet.fleet_name}", fleet.spec.canary
    names = [member.name for member in fleet.members.values()]
    if not names:
        do = "name it as `fleet` of a job, or remove it"
        refuse(what, [Problem("jobs", "are missing, no job is part of it", do=do)])
    if wanted is not None and wanted not in names:
        close = difflib.get_close_matches(wanted, names, n=1)
        do = f"did you mean {close[0]}?" if close else f"use one of {', '.join(names[:8])}"
        problem = "is not the name of a job of this fleet"
        refuse(what, [Problem("canary", problem, repr(wanted), do)])
    if wanted is not None and names.count(wanted) > 1:
        do = "give one of them another name"
        refuse(what, [Problem("canary", "is the name of two jobs of this fleet", repr(wanted), do)])


def _canary(fleet: Fleet) -> Member | None:
    return next((one for one in fleet.members.values() if one.name == fleet.spec.canary), None)


async def _preview(fleet: Fleet) -> None:
    members = list(fleet.members.values())
    for member in members:
        member.ready.set_result(None)
    values = [await _inputs(member) for member in members]
    await _registered(members)
    await _refuse_chains(fleet)
    looks = [
        Look(member, given, _fate_of_hook(member))
        for member, given in zip(members, values, strict=True)
    ]
    found = await _summary(fleet, looks)
    _say(fleet, found)
    if found.refused:
        _raise_for(fleet, found.refused)


async def _check(fleet: Fleet) -> None:
    """Lets those go on first that are refused, if they are to be changed at all; then the canary.

    Those that the command leaves out (`--target`, `--exclude`) are not changed, and so are no
    reason to refuse the others. That one job comes after another is known here and not written
    into the state: with those options the engine can't have it otherwise than it was before.
    """
    members = list(fleet.members.values())
    values = await _all_inputs(fleet, members)
    loop = asyncio.get_running_loop()
    fates = await asyncio.gather(
        *(
            loop.run_in_executor(threads(), partial(foreseen, member, given))
            for member, given in zip(members, values, strict=True)
        )
    )
    for member, given in zip(members, values, strict=True):
        # The revision of an application comes before, and has a hook of its own.
        member.refused |= member.touched and has_unknown(given)
    looks = [
        Look(member, given, Fate.REFUSED if member.refused else fate)
        for member, given, fate in zip(members, values, fates, strict=True)
    ]
    looks, found = await _with_troubles(fleet, looks)
    _say(fleet, found)
    refused = [look for look in looks if look.fate is Fate.REFUSED]
    await _done([look.member for look in refused])
    keys = [look.key for look in refused if look.member.refused]
    if keys:
        await _leave_out(members, next(look.member for look in refused if look.member.refused))
        _raise_for(fleet, keys)
    canary = _canary(fleet)
    if canary is not None and await _failed(canary):
        await _leave_out(members, canary)
        raise pulumi.RunError(
            f"Fleet {fleet.fleet_name}: its canary {canary.name} failed, so no other job of it was "
            f"touched: see why on its row, mend it, and run `pulumi up` again"
        )
    await _done(members)


async def _with_troubles(fleet: Fleet, looks: list[Look]) -> tuple[list[Look], FleetPlan]:
    """The same with those refused that are in trouble, if that could not be mended.

    Whether they are to be mended the engine knows: where a refresh has seen it.
    """
    found = await _summary(fleet, looks)
    loop, checked = asyncio.get_running_loop(), []
    for look in looks:
        if look.key in (found.troubles or {}):
            again = partial(foreseen, look.member, look.inputs, in_trouble=True)
            if await loop.run_in_executor(threads(), again) is Fate.REFUSED:
                checked.append(replace(look, said=Fate.REFUSED))
                continue
        checked.append(look)
    return checked, found if checked == looks else await _summary(fleet, checked)


def _raise_for(fleet: Fleet, refused: Sequence[str]) -> None:
    are = "is" if len(refused) == 1 else "are"
    raise pulumi.RunError(
        f"Fleet {fleet.fleet_name}: no job of it is touched, since {', '.join(refused)} {are} "
        f"refused: see why on the row of each"
    )


async def _leave_out(members: Sequence[Member], failed: Member) -> None:
    """Lets the engine leave out the others, as what comes after a resource that failed.

    It comes to that only where it goes on after an error.
    """
    for member in members:
        if not member.ready.done():
            member.ready.set_result(failed.resource)
    await _registered(members)


async def _done(members: Sequence[Member]) -> None:
    """Lets these go on, and waits until the engine has done with them."""
    for member in members:
        if not member.ready.done():
            member.ready.set_result(None)
    await _registered(members)


async def _failed(canary: Member) -> bool:
    """Lets the canary go on; where the engine goes on after an error, it gives no outputs."""
    await _done([canary])
    resource: Any = canary.resource
    return canary.touched and not await resource.phase.is_known()


async def _inputs(member: Member) -> Mapping[str, Any]:
    found: Any = await Output.from_input(member.inputs).future(with_unknowns=True)
    return found if isinstance(found, Mapping) else {}


async def _all_inputs(fleet: Fleet, members: Iterable[Member]) -> list[Mapping[str, Any]]:
    """What is declared of all of them: it may hang on clusters that are made first."""
    tasks = {asyncio.ensure_future(_inputs(member)): member.name for member in members}
    _, pending = await asyncio.wait(tasks, timeout=_PATIENCE_SECONDS)
    if pending:
        names = ", ".join(sorted(tasks[task] for task in pending))
        pulumi.log.warn(
            f"fleet {fleet.fleet_name} waits for the arguments of {names}, to check all jobs "
            f"before one is touched; if they come from another job of it, that is for ever",
            fleet,
        )
    return list(await asyncio.gather(*tasks))


async def _refuse_chains(fleet: Fleet) -> None:
    """A job that waits for another one of its fleet could not be checked before that is touched."""
    found = []
    for member in fleet.members.values():
        others = {
            id(resource): other.name
            for other in fleet.members.values()
            if other is not member
            for resource in (other.resource, other.component)
        }
        before = await _resources_before(member)
        names = sorted({others[id(one)] for one in before if id(one) in others})
        if names:
            found.append(f"{member.name} for {', '.join(names)}")
    if found:
        raise pulumi.RunError(
            f"Fleet {fleet.fleet_name}: a job of it waits for another ({'; '.join(found)}), and "
            f"a fleet checks all its jobs before it touches one: take one of the two out of it"
        )


async def _resources_before(member: Member) -> list[pulumi.Resource]:
    given: Any = member.depends_on
    listed = Output.from_input(given if isinstance(given, list | tuple) else [given])
    direct: Any = await listed.future(with_unknowns=True)
    found = {*await listed.resources(), *await Output.from_input(member.inputs).resources()}
    return [*found, *(one for one in direct or () if isinstance(one, pulumi.Resource))]


def _fate_of_hook(member: Member) -> Fate | None:
    if not member.touched:
        return Fate.UNTOUCHED
    return None if member.plan is not None else Fate.UNKNOWN


async def _summary(fleet: Fleet, looks: Sequence[Look]) -> FleetPlan:
    look = partial(
        summary,
        fleet.fleet_name,
        fleet.spec,
        looks,
        _canary(fleet),
        await keys_of_jobs(),
        stack_name(),
        not pulumi.runtime.is_dry_run(),
    )
    return await asyncio.get_running_loop().run_in_executor(threads(), look)


def _say(fleet: Fleet, found: FleetPlan) -> None:
    log = pulumi.log.warn if found.troubles or found.unseen else pulumi.log.info
    log(found.text(), fleet)
