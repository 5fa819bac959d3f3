"""A job as it is declared, together with what its jar contains."""

from dataclasses import dataclass

from flink_components.plan.changes import fingerprint
from flink_components.plan.record import Run
from flink_components.spec.job import SessionJobSpec, UpgradeMode


@dataclass(frozen=True)
class Wish:
    """A declared job with what its jar contains (`flink.jar.content`)."""

    spec: SessionJobSpec
    content: str

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
