"""How a job differs from what was last declared, by what was read of it."""

from flink_components.flink.answers import ENDED
from flink_components.plan.decision import Seen
from flink_components.plan.record import Record
from flink_components.spec.job import WantedState


def drifted(
    record: Record | None,
    seen: Seen | None,
    fingerprint: str | None,
    wanted: WantedState = WantedState.RUNNING,
) -> str:
    """In words how the job differs from what was last declared; "" where it does not.

    `seen` None: only the ledger was read.
    """
    if record is None:
        return "LOST: its ledger is not there"
    if record.open is not None:
        return f"{record.phase.value}: an earlier {record.open.what} was not finished"
    if wanted is not WantedState.RUNNING:
        return _not_down(record, seen, wanted)
    if record.run is None:
        return f"{record.phase.value}: it was never started"
    if record.phase.value not in ("STABLE", "ROLLED_BACK", "FINISHED"):
        return f"{record.phase.value}: {record.reason or 'not running'}"
    if fingerprint is not None and record.run.fingerprint != fingerprint:
        return f"revision {record.run.revision} runs, which is not what was declared"
    if seen is None or not seen.reached or record.phase.value == "FINISHED":
        return ""
    if seen.state is None:
        return f"LOST: the JobManager does not know {record.run.job_id}"
    by_hand = seen.checkpoint is not None and seen.checkpoint.savepoint
    if seen.state in ENDED and (seen.state != "FINISHED" or by_hand):
        return f"{seen.state}: {seen.problem or 'by someone or something else'}"
    return ""


def _not_down(record: Record, seen: Seen | None, wanted: WantedState) -> str:
    """How a job differs from one that is declared suspended or cancelled."""
    if seen is not None and seen.active:
        return f"{seen.state}: it is declared {wanted.value}"
    if record.phase.value.lower() in (wanted.value, "finished"):
        return ""
    return f"{record.phase.value}: it is declared {wanted.value}"
