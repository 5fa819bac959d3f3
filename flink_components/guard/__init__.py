"""The guard of an application's JobManager: a Java agent that lets Flink start when it may.

It waits before Flink's `main` until the job's ledger tells its revision to go, and ends a Flink
whose job belongs to another attempt. Its source is in `src`.
"""

from __future__ import annotations

from flink_components.java import GUARD


def jar() -> bytes:
    """The agent, as a pod mounts it. Raises JavaPartMissing where it is not there."""
    return GUARD.content()


def fingerprint() -> str:
    """A hash that changes with the agent's source alone, not with the compiler."""
    return GUARD.fingerprint()
