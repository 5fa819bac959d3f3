"""A job as it is declared, together with what its jar contains."""

from dataclasses import dataclass
from functools import cached_property

from flink_components.plan.changes import fingerprint
from flink_components.plan.record import Run
from flink_components.spec.job import SessionJobSpec, UpgradeMode


@dataclass(frozen=True)
class ByHand:
    """A start without the program, whose last declaration was `declared`.

    `rolled_back_from` is the revision that a rollback leaves.
    """

    declared: SessionJobSpec
    rolled_back_from: int | None = None


@dataclass(frozen=True)
class Wish:
    """A declared job with what its jar contains (`flink.jar.content`).

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
        spec = self.spec
        return Run(
            revision=revision,
            attempt=attempt,
            job_id=job_id,
            fingerprint=self.fingerprint,
            jar=self.content,
            cluster=spec.cluster.to_json(),
            upgrade_mode=spec.upgrade_mode.value,
            submitted_at=at,
            restart=spec.restart,
            savepoint_dir=spec.savepoint_dir,
            savepoint_format=spec.savepoint_format.value,
            parallelism=spec.parallelism,
        )

    @property
    def stateless(self) -> bool:
        """It is started empty, and what it leaves is not kept."""
        return self.spec.upgrade_mode is UpgradeMode.STATELESS

    @property
    def declared(self) -> SessionJobSpec:
        """The job as its program declares it."""
        return self.by_hand.declared if self.by_hand else self.spec

    @property
    def honoured(self) -> str | None:
        """The `restore_from` that is done with once the job is stable.

        A snapshot given by hand stands in for the declared one, which would else be asked for
        again by the next `up`.
        """
        given = self.spec.restore_from
        return given and (self.declared.restore_from or given)
