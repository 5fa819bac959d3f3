"""The programs of one key that are kept to run again without Pulumi: what stays, what goes."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from flink_components.plan.record import SCHEMA, Record

KEPT_PROGRAMS = 3


class Program(BaseModel):
    """What one fingerprint stands for: the job as declared, and what its jar contains.

    `revision` is the number under which it was submitted last; `stable` that it was stable once.
    It may hold passwords, so it is kept in a Secret, and never in the ledger.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    fingerprint: str
    content: str
    revision: int
    spec: dict[str, Any]
    stable: bool = False


class Programs(BaseModel):
    """The kept programs of one key; the last is the one that was submitted last."""

    model_config = ConfigDict(extra="allow", frozen=True)

    schema_version: int = SCHEMA
    key: str
    kept: tuple[Program, ...] = ()

    def of(self, fingerprint: str) -> Program | None:
        """The program of a fingerprint, if it is kept."""
        return next((one for one in self.kept if one.fingerprint == fingerprint), None)


def with_program(programs: Programs, program: Program, record: Record) -> Programs:
    """The programs once `program` is to be submitted, when `record` says what ran until now.

    What was stable last comes just before it. Beyond the limit the oldest go, first those that
    never were stable; what `record` runs or goes back to stays.
    """
    stable = record.stable.fingerprint if record.stable else None
    found = {one.fingerprint: one for one in programs.kept}
    before = found.pop(program.fingerprint, None)
    stable_now = stable == program.fingerprint or (before is not None and before.stable)
    last = [program.model_copy(update={"stable": stable_now})]
    if stable is not None and stable in found:
        last.insert(0, found.pop(stable).model_copy(update={"stable": True}))
    needed = {program.fingerprint, stable, record.run.fingerprint if record.run else None}
    kept = _pruned([*found.values(), *last], needed)
    return programs.model_copy(update={"kept": tuple(kept)})


def _pruned(kept: Sequence[Program], needed: set[str | None]) -> list[Program]:
    left = list(kept)
    while len(left) > KEPT_PROGRAMS:
        free = [one for one in left if one.fingerprint not in needed]
        failed = [one for one in free if not one.stable]
        left.remove((failed or free)[0])
    return left


def program_before(programs: Programs, record: Record) -> Program | None:
    """The newest program that was stable and is not the one of `record.run`."""
    run = record.run.fingerprint if record.run else None
    stable = record.stable.fingerprint if record.stable else None
    for one in reversed(programs.kept):
        if one.fingerprint != run and (one.stable or one.fingerprint == stable):
            return one
    return None
