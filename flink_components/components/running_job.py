"""What a component that runs a job shows of it."""

from typing import Any

import pulumi
from pulumi import Output

from flink_components.components.arguments import has_unknown


class RunningJob(pulumi.ComponentResource):
    """A job that is upgraded with its state, whatever runs it."""

    ref: Output[dict[str, Any]]
    """The job as plain JSON, for a SavepointSnapshot here or in another stack."""
    job_id: Output[str]
    """Flink's id of the running attempt."""
    revision: Output[int]
    """The number of what runs: how often it has changed."""
    state: Output[str]
    """STABLE, SUSPENDED, FINISHED, … as the ledger and the last refresh say."""
    state_reason: Output[str]
    """Why it is in that state, such as the cause of a rollback; empty where all is well."""
    state_since: Output[str]
    """Since when, in UTC (2026-01-31T12:00:00Z); empty where only a refresh noticed it."""
    restored_from: Output[str]
    """The snapshot that the running attempt started from; empty for an empty start."""
    restore_point: Output[str]
    """The latest snapshot that the ledger knows."""
    last_switch: Output[dict[str, Any]]
    """How its last start went: `steps` (seconds), `down_ms`, `savepoint_bytes`, `attempt`."""

    def _show(
        self, ref: dict[str, Any], job: Any, revision: "Output[float]", **more: Output[Any]
    ) -> None:
        """Sets and registers the outputs. job: the resource that stands for the job."""
        outputs = {
            "ref": _output(ref),
            "job_id": job.job_id,
            "revision": revision.apply(int),
            "state": job.phase,
            "state_reason": job.reason,
            "state_since": job.since,
            "restored_from": job.restored_from,
            "restore_point": job.restore_point,
            "last_switch": job.last_switch,
            **more,
        }
        for name, value in outputs.items():
            setattr(self, name, value)
        self.register_outputs(outputs)


def _output(ref: dict[str, Any]) -> Output[dict[str, Any]]:
    """As `Output.from_input`, which makes an Output of each value in it: many jobs feel that."""
    if has_unknown(ref):
        return Output.from_input(ref)
    return Output.from_input("").apply(lambda _: ref)
