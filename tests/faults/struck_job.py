"""A job whose processes may be struck: short locks, jars of its own, a place that can be sent."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from examples.jobs.jars import build
from flink_components.flink.errors import FlinkError
from flink_components.kube.access import Access
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.session_job import Wish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Record
from flink_components.spec.base import load
from flink_components.spec.connection import Connection
from flink_components.spec.ref import ClusterRef
from tests.faults.switch import Switch
from tests.lifecycle.jobs import JobUnderTest

KIND = "session job"

LEASE_SECONDS = 2
"""How long a dead process keeps its lock: tests wait for its end at each death."""

LATE_SECONDS = 5.0
"""How long a call is expected to arrive late: here it does so after a second, if at all."""

_NEVER = 600.0


class QuickLocks(Workshop):
    """Locks that expire soon, and are not renewed: a renewal would be a call at any moment."""

    def ledger(self, connection: Connection | None, namespace: str, key: str) -> Ledger[Record]:
        made = super().ledger(connection, namespace, key)
        return replace(made, lease_seconds=LEASE_SECONDS, renew_seconds=_NEVER)


@dataclass
class StruckJob(JobUnderTest):
    """One job; processes that work on it are made from `place`."""

    @property
    def shop(self) -> Workshop:
        return QuickLocks(self.access, say=self.said.append, late_seconds=LATE_SECONDS)

    @property
    def place(self) -> dict[str, Any]:
        """All that another process needs to work on the job."""
        return {
            "kind": KIND,
            "name": self.name,
            "ref": self.ref.to_json(),
            "output": self.output,
            "savepoints": self.savepoints,
        }

    @property
    def folder(self) -> Path:
        return self.output.parent

    def jar(self, number: int, example: str = "stateful-v1") -> str:
        """An example jar with a content of its own: what this job uploads, no other one needs."""
        path = self.folder / f"{example}-{number}.jar"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            made = path.with_suffix(".part")
            shutil.copy(build()[example], made)
            with zipfile.ZipFile(made, "a") as archive:
                archive.writestr("META-INF/variant", f"{self.name} {number}")
            made.rename(path)
        return str(path)

    def program(self, number: int, example: str = "stateful-v1", **changes: Any) -> Wish:
        """A declaration whose program is told from others by its number."""
        return self.wish(self.jar(number, example), "--name", self.name, **changes)

    def on(self, revision: int) -> StruckJob:
        """The same job on another revision of its cluster, behind which is the same Flink."""
        return replace(self, ref=load(ClusterRef, {**self.ref.to_json(), "revision": revision}))

    def running(self) -> list[str]:
        """Ids of all jobs of its name that have not ended."""
        return [job.id for job in self.flink.jobs() if job.name == self.name and job.state in _UP]

    def end(self) -> None:
        """Ends what runs of it, past the package under test."""
        for job_id in self.running():
            with suppress(FlinkError):
                self.flink.cancel(job_id)


_UP = frozenset(
    {"INITIALIZING", "CREATED", "RUNNING", "RESTARTING", "FAILING", "CANCELLING", "SUSPENDED"}
)


def struck_job(place: Mapping[str, Any], switch: Switch) -> StruckJob:
    """The job as a process of its own sees it, with every call through the switch."""
    return StruckJob(
        place["name"],
        load(ClusterRef, place["ref"]),
        place["output"],
        place["savepoints"],
        access=Access(new_session=switch.session),
    )
