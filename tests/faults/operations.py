"""What is done to a job again and again while its processes are struck, and what must be so then.

A round begins with a job that runs `stateful-v1` with a program of the round before.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flink_components.lifecycle.by_hand import savepoint_by_hand, suspend_by_hand
from flink_components.lifecycle.errors import StepFailed
from flink_components.plan.record import Phase
from tests.faults.struck_job import StruckJob

J = TypeVar("J")
Act = Callable[[J, int], None]
FAILS_TO_RESTORE = {"config": {"restart-strategy.type": "none"}}


def nothing(_: Any, __: int) -> None:
    return


@dataclass(frozen=True)
class Operation(Generic[J]):
    """`act` in a round; `before` leads to where it can be done, `after` to the next round.

    `phase` is what the ledger says afterwards, `runs` whether the job does. `alone`: each round
    is about a job that was never declared.
    """

    act: Act[J]
    phase: Phase
    runs: bool = True
    before: Act[J] = nothing
    after: Act[J] = nothing
    alone: bool = False


def create(job: StruckJob, number: int) -> None:
    job.up(job.program(0))


def upgrade(job: StruckJob, number: int) -> None:
    job.up(job.program(number), job.program(number - 1))


def upgrade_from_last_state(job: StruckJob, number: int) -> None:
    mode = {"upgrade_mode": "last_state"}
    job.up(job.program(number, **mode), job.program(number - 1, **mode))


def upgrade_that_fails(job: StruckJob, number: int) -> None:
    """The state of the new program has another type, so that it can't restore."""
    with suppress(StepFailed):
        job.up(job.program(number, "stateful-v4", **FAILS_TO_RESTORE), job.program(0))


def suspend(job: StruckJob, number: int) -> None:
    job.up(job.program(0, state="suspended"), job.program(0))


def resume(job: StruckJob, number: int) -> None:
    job.up(job.program(0), job.program(0, state="suspended"))


def suspend_by_command(job: StruckJob, number: int) -> None:
    suspend_by_hand(job.shop, job.ledger)


def save_by_command(job: StruckJob, number: int) -> None:
    savepoint_by_hand(job.shop, job.ledger, f"number-{number}")


def cancel(job: StruckJob, number: int) -> None:
    job.up(job.program(0, state="cancelled"), job.program(0))


def restart(job: StruckJob, number: int) -> None:
    job.up(job.program(0, restart=str(number)), job.program(0))


def move(job: StruckJob, number: int) -> None:
    there, here = job.on(number + 1), job.on(number)
    there.up(there.program(0), here.program(0))


def delete(job: StruckJob, number: int) -> None:
    job.destroy(job.program(0))


OPERATIONS: dict[str, Operation[StruckJob]] = {
    "create": Operation(create, Phase.STABLE, alone=True),
    "upgrade": Operation(upgrade, Phase.STABLE),
    "upgrade from the last state": Operation(upgrade_from_last_state, Phase.STABLE),
    "roll back": Operation(upgrade_that_fails, Phase.ROLLED_BACK),
    "suspend": Operation(suspend, Phase.SUSPENDED, runs=False, after=resume),
    "resume": Operation(resume, Phase.STABLE, before=suspend),
    "suspend by hand": Operation(suspend_by_command, Phase.SUSPENDED, runs=False, after=resume),
    "savepoint by hand": Operation(save_by_command, Phase.STABLE),
    "cancel": Operation(cancel, Phase.CANCELLED, runs=False, after=resume),
    "restart": Operation(restart, Phase.STABLE),
    "move": Operation(move, Phase.STABLE),
    "delete": Operation(delete, Phase.SUSPENDED, runs=False, after=create),
}
"""Every way to change a job, by what it is called."""
