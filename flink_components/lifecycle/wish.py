"""A job as it is declared, together with what its jar contains."""

from dataclasses import dataclass

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

    @property
    def fingerprint(self) -> str:
        """Names what the job runs."""
        values = {**self.spec.model_dump(mode="json"), "jar_content": self.content}
        return fingerprint(values)

    def only_scales(self, run: Run) -> bool:
        """What differs from what runs is the parallelism, and nothing else."""
        if self.fingerprint == run.fingerprint:
            return False
        values = {**self.spec.model_dump(mode="json"), "jar_content": self.content}
        return fingerprint({**values, "parallelism": run.parallelism}) == run.fingerprint

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
