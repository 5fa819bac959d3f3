"""A job as it is declared, with what runs it: a jar's content, or the pods of an application."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from flink_components.plan.changes import fingerprint
from flink_components.plan.decision import Action, Decision
from flink_components.plan.record import Run
from flink_components.spec.application import ApplicationJobSpec
from flink_components.spec.job import JobSpec, SessionJobSpec, UpgradeMode


@dataclass(frozen=True)
class ByHand:
    """A start without the program, whose last declaration was `declared`.

    `rolled_back_from` is the revision that a rollback leaves. `may_lose` is why it may leave out
    state for which the earlier program has no operator; empty: it may not.
    """

    declared: JobSpec
    rolled_back_from: int | None = None
    may_lose: str = ""


class _Given(Protocol):
    @property
    def spec(self) -> JobSpec: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def by_hand(self) -> ByHand | None: ...
    @property
    def declared(self) -> JobSpec: ...


class _Wished:
    """What is the same for each kind of job."""

    @property
    def stateless(self: _Given) -> bool:
        """It is started empty, and what it leaves is not kept."""
        return self.spec.upgrade_mode is UpgradeMode.STATELESS

    @property
    def declared(self: _Given) -> JobSpec:
        """The job as its program declares it."""
        return self.by_hand.declared if self.by_hand else self.spec

    @property
    def honoured(self: _Given) -> str | None:
        """The `restore_from` that is done with once the job is stable.

        A snapshot given by hand stands in for the declared one, which would else be asked for
        again by the next `up`.
        """
        given = self.spec.restore_from
        return given and (self.declared.restore_from or given)


class JobWish(_Given, Protocol):
    """A job that is wished for, of any kind."""

    @property
    def stateless(self) -> bool:
        """It is started empty, and what it leaves is not kept."""

    @property
    def honoured(self) -> str | None:
        """The `restore_from` that is done with once the job is stable."""

    def run(self, revision: int, attempt: int, job_id: str, at: float) -> Run:
        """An attempt to run it, begun at that time (seconds since 1970) and from nothing."""

    def numbered(self, decision: Decision) -> Decision:
        """A decision with the number that the wished revision has."""


@dataclass(frozen=True)
class Wish(_Wished):
    """A declared session job with what its jar contains (`flink.jar.content`).

    `by_hand`: a person wants it, and `spec` differs from what is declared.
    """

    spec: SessionJobSpec
    content: str
    by_hand: ByHand | None = None

    @cached_property
    def _values(self) -> dict[str, object]:
        return {**self.spec.model_dump(mode="json"), "jar_content": self.content}

    @cached_property
    def fingerprint(self) -> str:
        """Names what the job runs."""
        return fingerprint(self._values)

    def only_scales(self, run: Run) -> bool:
        """What differs from what runs is the parallelism, and nothing else."""
        if self.fingerprint == run.fingerprint:
            return False
        return fingerprint({**self._values, "parallelism": run.parallelism}) == run.fingerprint

    def run(self, revision: int, attempt: int, job_id: str, at: float) -> Run:
        """An attempt to run it, begun at that time (seconds since 1970) and from nothing."""
        return _run(self, self.content, revision, attempt, job_id, at)

    def numbered(self, decision: Decision) -> Decision:
        """A decision with the number that the wished revision has: the next one."""
        return decision


@dataclass(frozen=True)
class ApplicationWish(_Wished):
    """A declared application: the job of revision `revision`, whose objects have `fingerprint`.

    `spec.cluster` is that revision. `task_managers` and `job_managers` are how many pods it has
    while it runs, `stable_service` the Service that selects the active revision. `surge`: its
    TaskManagers run beside the old ones before these are stopped.
    """

    spec: ApplicationJobSpec
    fingerprint: str
    revision: int
    task_managers: int
    job_managers: int
    stable_service: str
    ha: bool
    surge: bool = True
    by_hand: ByHand | None = None

    def run(self, revision: int, attempt: int, job_id: str, at: float) -> Run:
        """An attempt to run it, begun at that time (seconds since 1970) and from nothing."""
        own = {
            "ha": self.ha,
            "task_managers": self.task_managers,
            "job_managers": self.job_managers,
        }
        return _run(self, "", revision, attempt, job_id, at).model_copy(update=own)

    def numbered(self, decision: Decision) -> Decision:
        """A decision with the number that the wished revision has: that of its objects."""
        if decision.action not in (Action.START, Action.RESTART):
            return decision
        return replace(decision, revision=self.revision)


def _run(wish: _Given, jar: str, revision: int, attempt: int, job_id: str, at: float) -> Run:
    spec = wish.spec
    return Run(
        revision=revision,
        attempt=attempt,
        job_id=job_id,
        fingerprint=wish.fingerprint,
        jar=jar,
        cluster=spec.cluster.to_json(),
        upgrade_mode=spec.upgrade_mode.value,
        submitted_at=at,
        restart=spec.restart,
        savepoint_dir=spec.savepoint_dir,
        savepoint_format=spec.savepoint_format.value,
        parallelism=spec.parallelism,
    )
