"""A plan that was approved, against what would be done now."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from flink_components.plan.outcome import Decisions, Does, differences
from flink_components.plan.plan import Plan
from flink_components.plan.plan_json import SCHEMA

_LARGEST = 64 << 20
_WHAT_TO_DO = (
    "make it again with `flink-components plan --out FILE`, or unset flink:plan_file to go on "
    "without one"
)


class PlanFileError(Exception):
    """The file of a plan can't be used; the message says why."""


class _Job(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    key: str
    decisions: Decisions
    digest: str
    text: str


class _File(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    schema_version: int
    stack: str
    jobs: tuple[_Job, ...]
    untouched: tuple[str, ...] = ()


@dataclass(frozen=True)
class Agreed:
    """What was planned for the jobs of one stack, by the file `name`."""

    name: str
    stack: str
    jobs: dict[str, tuple[Decisions, str]]

    def checked(self, plan: Plan) -> Plan:
        """The plan, refused where it is not what was agreed, with both."""
        if plan.refused is not None or plan.decisions.touches_nothing:
            return plan
        if plan.key not in self.jobs:
            why = f"it is not in the plan of {self.name}, and would be changed: {_WHAT_TO_DO}"
            return _refused(plan, why, "")
        planned, text = self.jobs[plan.key]
        found = differences(planned, plan.decisions, plan.begun)
        if not found:
            return plan
        why = f"{self.name} says otherwise ({'; '.join(found)}): {_WHAT_TO_DO}"
        return _refused(plan, why, text)


def _refused(plan: Plan, why: str, planned: str) -> Plan:
    headline = f"REFUSED, NOT AS PLANNED: {plan.headline}"
    return replace(plan, headline=headline, refused=why, planned=planned)


def read_plan(path: Path, stack: str) -> Agreed:
    """The plan in a file that `flink-components plan --out` has written for `stack`.

    Raises PlanFileError where there is none that can be used, or it is that of another stack.
    """
    name = str(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise PlanFileError(
                f"{name} is no plan: it has more than {_LARGEST >> 20} MiB: {_WHAT_TO_DO}"
            )
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanFileError(
            f"the plan {name} can't be read ({error.strerror}): {_WHAT_TO_DO}"
        ) from None
    except (ValueError, RecursionError):
        raise PlanFileError(f"{name} is no plan: it is not JSON: {_WHAT_TO_DO}") from None
    file = _parsed(name, value)
    if file.stack != stack:
        raise PlanFileError(
            f"the plan {name} was made for the stack {file.stack}, and this is {stack}: "
            f"{_WHAT_TO_DO}"
        )
    untouched = {key: (Decisions(does=Does.NOTHING), "") for key in file.untouched}
    planned = {job.key: (job.decisions, job.text) for job in file.jobs}
    return Agreed(path.name, stack, {**untouched, **planned})


def _parsed(name: str, value: Any) -> _File:
    version = value.get("schema_version") if isinstance(value, dict) else None
    if isinstance(version, int) and version != SCHEMA:
        raise PlanFileError(
            f"the plan {name} has version {version}, and this flink-components reads version "
            f"{SCHEMA}: use the one that made it, or {_WHAT_TO_DO}"
        )
    try:
        file = _File.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise PlanFileError(f"{name} is no plan: {where}: {first['msg']}: {_WHAT_TO_DO}") from None
    twice = [key for key, count in Counter(job.key for job in file.jobs).items() if count > 1]
    if twice:
        raise PlanFileError(f"{name} was edited: it holds {twice[0]} twice: {_WHAT_TO_DO}")
    for job in file.jobs:
        if job.decisions.digest != job.digest:
            raise PlanFileError(
                f"{name} was edited: the decisions of {job.key} do not match their digest: "
                f"{_WHAT_TO_DO}"
            )
    return file
