"""The page of what restarts a job: ``python -m tests.docs.restart_table > docs/restarts.md``.

From the table of changes that the diff, the plan and the life cycle read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from flink_components.plan.changes import Kind, of_application, of_session_job
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.job import SessionJobSpec

PAGE = Path(__file__).parents[2] / "docs" / "restarts.md"

SESSION_JOB = tuple(name for name in SessionJobSpec.model_fields if name != "jar")
APPLICATION = (*ApplicationSpec.model_fields, "job_manager.replicas", "task_manager.replicas")
_HEAD = """# What restarts a job

What a change of each argument does, from the table that `pulumi preview` and `pulumi up` read
(`flink_components/plan/changes.py`). The first column is that of a
[SessionJob](session-job.md), the second that of an
[ApplicationDeployment](application-deployment.md), where it makes a new revision beside the old
one. A restart goes on with the state, as `upgrade_mode` says.

| what a change does | session job | application |
|---|---|---|
"""
_TAIL = """
- `jar` of a session job is where the jar comes from: a job restarts where its content differs.
- `restart` and `restore_from` restart a job once; to remove them does nothing.
- `parallelism` alone rescales a session job in place under Flink's adaptive scheduler; else it is a
  restart.
- Of `job_manager` and `task_manager` only `replicas` is changed in place.
"""
_NAMES = {Kind.RESCALE: "rescales, or restarts"}


def page() -> str:
    """The whole page."""
    rows = (
        f"| {_NAMES.get(kind, kind.value)} | {_fields(SESSION_JOB, of_session_job, kind)} "
        f"| {_fields(APPLICATION, of_application, kind)} |\n"
        for kind in reversed(Kind)
        if kind is not Kind.NONE
    )
    return _HEAD + "".join(rows) + _TAIL


def _fields(names: Iterable[str], kind_of: Callable[[str], Kind | None], kind: Kind) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names) if kind_of(name) is kind)


if __name__ == "__main__":
    print(page(), end="")
