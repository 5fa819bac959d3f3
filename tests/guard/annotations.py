"""What the life cycle and the guards write into the ledger of an attempt 12 of revision 7."""

from __future__ import annotations

from typing import Any

JOB, BACK_JOB = "c" * 32, "d" * 32
RESTORE, SAVEPOINT = "s3://b/old/savepoint-1", "s3://b/d/savepoint-2"
TOLD = {
    "state": "go",
    "revision": 7,
    "attempt": 12,
    "jobId": JOB,
    "restore": RESTORE,
    "claimMode": "NO_CLAIM",
    "ha": False,
}
STOPPING = {
    "state": "stopping",
    "revision": 7,
    "attempt": 12,
    "jobId": JOB,
    "directory": "s3://b/d/",
    "back": {"attempt": 13, "jobId": BACK_JOB},
    "ha": False,
}
STOPPED = {**STOPPING, "savepoint": SAVEPOINT}
TAKEN_BACK = {**TOLD, "attempt": 13, "jobId": BACK_JOB, "restore": SAVEPOINT}


def claimed(attempt: int, nonce: str = "another") -> dict[str, Any]:
    """A claim of this attempt by the JVM with this nonce."""
    return {"attempt": attempt, "revision": 7, "pod": "p", "nonce": nonce, "at": "t"}
