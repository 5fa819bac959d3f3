"""What the ledger of an application says to the guards of its JobManagers, and what they answer.

A guard is the part of a JobManager that waits before Flink starts. It never reads the record, but
an annotation that is derived from it and written in the same write.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flink_components.flink.answers import below, same_path
from flink_components.plan.record import RUNS, Phase, Record, RestorePoint, Run, Taken, job_id_of

GO = "flink-components/go"
CLAIM = "flink-components/claim"
PROBE = "flink-components/probe"
PROBED = "flink-components/probed"
JOB, RESTORE_POINT = "flink-components/job-id", "flink-components/restore-point"
STATE, REVISION = "flink-components/state", "flink-components/revision"
_SCRATCH = "file:///tmp"

Json = dict[str, Any]


def seconds_of(time: str) -> float:
    """A moment as Kubernetes and Java write it in UTC, in seconds since 1970; 0 for anything else.

    Java may write nanoseconds, which Python 3.10 does not read.
    """
    whole, _, fraction = time.removesuffix("Z").partition(".")
    try:
        at = datetime.fromisoformat(f"{whole}+00:00").timestamp()
        return at + float(f"0.{fraction}" if fraction else "0")
    except ValueError:
        return 0.0


class _Answer(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


class Claim(_Answer):
    """What a guard wrote before it let Flink start: which attempt, in which pod, in which JVM."""

    attempt: int
    revision: int
    pod: str = ""
    nonce: str = ""
    at: str = ""
    took_back: str | None = Field(default=None, alias="tookBack")

    def is_of(self, run: Run) -> bool:
        """The attempt has been started, or is about to be."""
        return (self.attempt, self.revision) == (run.attempt, run.revision)

    @property
    def seconds(self) -> float:
        """When, in seconds since 1970; 0 where it does not say."""
        return seconds_of(self.at)


class Probed(_Answer):
    """What a guard that waits answered to the probe `id`: whether it could write, and why not."""

    id: str
    ok: bool
    error: str = ""


def claim_of(annotations: Mapping[str, str]) -> Claim | None:
    """The last claim; None where there is none that can be read."""
    try:
        return Claim.model_validate_json(annotations[CLAIM])
    except (KeyError, ValidationError):
        return None


def probed_of(annotations: Mapping[str, str]) -> Probed | None:
    """The answer to the last probe; None where there is none that can be read."""
    try:
        return Probed.model_validate_json(annotations[PROBED])
    except (KeyError, ValidationError):
        return None


def probe(id_: str, revision: int, directory: str | None) -> str:
    """Asks the guards of a revision whether one waits, and can write below `directory`.

    Without one it writes where every pod can.
    """
    return _text({"id": id_, "revision": revision, "directory": directory or _SCRATCH})


def unknown_claim(run: Run) -> str:
    """The claim of an attempt that runs, and whose own was lost: it is not started again."""
    nonce = "written by the life cycle, which does not know the JVM"
    return _text({"attempt": run.attempt, "revision": run.revision, "pod": "", "nonce": nonce})


def is_stopping(annotations: Mapping[str, str]) -> bool:
    """A stop is open, of which the guards know no more."""
    try:
        return bool(json.loads(annotations.get(GO, "{}")).get("state") == "stopping")
    except (ValueError, AttributeError):
        return False


def written_beside(record: Record) -> dict[str, str]:
    """The annotations that are written together with a record: for guards, and for people."""
    said, run, restore = go(record), record.run, record.restore
    return {
        **({} if said is None else {GO: _text(said)}),
        **({} if run is None else {JOB: run.job_id}),
        **({} if restore is None else {RESTORE_POINT: restore.path}),
    }


def marks(record: Record) -> dict[str, str]:
    """The labels that are written together with a record: what runs, as `kubectl get -L` shows."""
    if record.run is None:
        return {STATE: record.phase.value}
    return {STATE: record.phase.value, REVISION: str(record.run.revision)}


def go(record: Record) -> Json | None:
    """Who may start: nobody by `{}`. None for what is no application."""
    run = record.run
    if run is None or not run.guarded:
        return {} if record.of_an_application else None
    if _may_run(record, run):
        return {
            "state": "go",
            "revision": run.revision,
            "attempt": run.attempt,
            "jobId": run.job_id,
            **({} if run.restored_from is None else {"restore": run.restored_from}),
            "claimMode": run.claim_mode or "NO_CLAIM",
            "ha": bool(run.ha),
            **({"allowNonRestoredState": True} if run.may_lose else {}),
        }
    directory, savepoint = _stopping(record, run)
    if directory is None:
        return {"state": "down"}
    back = record.attempts + 1
    return {
        "state": "stopping",
        "revision": run.revision,
        "attempt": run.attempt,
        "jobId": run.job_id,
        "directory": f"{directory.rstrip('/')}/",
        **({} if savepoint is None else {"savepoint": savepoint}),
        "back": {"attempt": back, "jobId": job_id_of(record.key, run.revision, back)},
        "ha": bool(run.ha),
    }


def _may_run(record: Record, run: Run) -> bool:
    """Its submission is open, or it runs, and no step that ends it is open."""
    step = record.open
    if step is None or step.job_id != run.job_id:
        return record.phase in RUNS
    return step.what == "submit" or (step.what in ("savepoint", "rescale") and record.phase in RUNS)


def _stopping(record: Record, run: Run) -> tuple[str | None, str | None]:
    """Where the savepoint of a stop of the run goes to, and where it is once that is known.

    That of a stop which is done counts until something is started, or the job is left down.
    """
    step, point = record.open, record.restore
    if step is not None and step.what == "stop" and step.job_id == run.job_id:
        done = point is not None and below(point.path, step.directory)
        return step.directory, point.path if done and point is not None else None
    over = step is None and record.phase is Phase.UPGRADING
    if over and point is not None and point.kind == "savepoint" and point.job_id == run.job_id:
        return point.path.rstrip("/").rpartition("/")[0], point.path
    return None, None


def taken_in(record: Record, annotations: Mapping[str, str]) -> Record:
    """The record with what a guard has done while nobody held the lock: it took the job back."""
    run, claim = record.run, claim_of(annotations)
    if run is None or not run.guarded or claim is None or claim.took_back is None:
        return record
    if claim.revision != run.revision or claim.attempt <= record.attempts:
        return record
    point = _point_of(record, run, claim, claim.took_back)
    back = run.model_copy(
        update={
            "attempt": claim.attempt,
            "job_id": job_id_of(record.key, run.revision, claim.attempt),
            "restored_from": point.path,
            "claim_mode": None,
            "may_lose": None,
            "asked_from": None,
            "submitted_at": claim.seconds,
        }
    )
    changes = {
        "run": back,
        "attempts": claim.attempt,
        "restore": point,
        "unlisted": (*record.unlisted, *_lines(record, point, run)),
        "open": None,
        "unsure": None,
        "phase": Phase.DEPLOYED,
        "reason": f"its JobManager took the job back by itself, from {point.path}",
        "since": claim.seconds,
    }
    return record.model_copy(update=changes)


def _point_of(record: Record, run: Run, claim: Claim, path: str) -> RestorePoint:
    known = record.restore
    if known is not None and same_path(known.path, path):
        return known
    return RestorePoint(
        path=path,
        kind="savepoint",
        at=claim.seconds,
        job_id=run.job_id,
        revision=run.revision,
        attempt=run.attempt,
    )


def _lines(record: Record, point: RestorePoint, run: Run) -> tuple[Taken, ...]:
    """The line of a savepoint for the history, where it was not recorded yet."""
    if record.restore == point:
        return ()
    line = Taken(
        path=point.path,
        kind=point.kind,
        at=point.at,
        flink_version=str(run.cluster.get("flink_version", "")),
        job_id=point.job_id,
        revision=point.revision,
        attempt=point.attempt,
        why=record.open.why if record.open else "",
        by="the JobManager, which took the job back by itself",
        ours=True,
    )
    return (line,)


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
