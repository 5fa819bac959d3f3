"""A Kubernetes cluster with an application in it, and what `pulumi up` does to that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flink_components.kube.objects import labels
from flink_components.lifecycle.application import ensure_application
from flink_components.lifecycle.ledger import lease_name
from flink_components.lifecycle.revisions import next_revision, write_revision
from flink_components.lifecycle.wish import ApplicationWish
from flink_components.plan.record import Record
from flink_components.spec.application import ApplicationJobSpec
from flink_components.spec.base import load
from tests.unit.doubles.fake_application import CLAIM, GO, FakeRevision
from tests.unit.doubles.fake_flink import FakeFlink
from tests.unit.doubles.world import KEY, NAMESPACE, SAVEPOINTS, Process, World

NAME = "fraud"
LEASE = lease_name("job", KEY)


class ApplicationWorld(World):
    """Its revisions by their number; `known` is the number that Pulumi's state has."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.revisions: dict[int, FakeRevision] = {}
        self.known: int | None = None
        self.version = "1.20.3"
        self.ha = False
        self.kube.put("Service", NAMESPACE, f"{NAME}-rest", spec={"selector": {}})

    @classmethod
    def running(cls, folder: Path) -> ApplicationWorld:
        """With an application whose first revision has run for a while."""
        made = cls(folder)
        made.up(Process(made), "v1")
        made.advance(5)
        return made

    def tick(self) -> None:
        for revision in getattr(self, "revisions", {}).values():
            revision.tick()
        super().tick()

    def advance(self, seconds: float) -> None:
        """Time goes by in small steps, so that guards see it go by."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            super().advance(min(0.5, end - self.clock.now()))

    def make(self, number: int, program: str) -> FakeRevision:
        """The objects of a revision, as Pulumi makes them; those that are there stay."""
        if number not in self.revisions:
            service = f"{NAME}-r{number}-rest"
            flink = FakeFlink(service, self.clock, self.storage, self.clusters)
            flink.version = self.version
            flink.behaviours = self.behaviours
            self.clusters[(NAMESPACE, service)] = flink
            self.revisions[number] = FakeRevision(
                number,
                program,
                flink,
                self.kube,
                self.clock,
                NAMESPACE,
                NAME,
                labels.identity(labels.APPLICATION, KEY),
                LEASE,
            )
        return self.revisions[number]

    @property
    def behaviours(self) -> dict[str, Any]:
        """Of programs."""
        return self.flink.behaviours

    def wish_of(self, number: int, program: str, **changes: Any) -> ApplicationWish:
        """A declared application."""
        own = {name: changes.pop(name) for name in ("surge",) if name in changes}
        values = {
            "key": KEY,
            "name": NAME,
            "namespace": NAMESPACE,
            "cluster": self.ref_of(number),
            "savepoint_dir": SAVEPOINTS,
            "deadlines": {"stable": "20 s"},
            "ready_within": "60 s",
            **changes,
        }
        values = {name: value for name, value in values.items() if value is not None}
        return ApplicationWish(
            spec=load(ApplicationJobSpec, values),
            fingerprint=program,
            revision=number,
            task_managers=2,
            job_managers=1,
            stable_service=f"{NAME}-rest",
            ha=self.ha,
            **own,
        )

    def ref_of(self, number: int) -> dict[str, Any]:
        """A reference to a revision."""
        return {
            "kind": "application",
            "key": KEY,
            "namespace": NAMESPACE,
            "name": NAME,
            "revision": number,
            "service": f"{NAME}-r{number}-rest",
            "flink_version": self.version,
        }

    def up(
        self, process: Process, program: str, before: ApplicationWish | None = None, **changes: Any
    ) -> Record:
        """What `pulumi up` does: the revision, its objects, the switch."""
        process.anchor()
        ledger = process.ledger()
        number = next_revision(ledger.read(), program, self.known)
        write_revision(ledger, number, program)
        self.known = number
        self.make(number, program)
        return ensure_application(
            process.shop, self.wish_of(number, program, **changes), before=before
        )

    def go(self) -> dict[str, Any]:
        """What the guards are told."""
        return self._note(GO)

    def claim(self) -> dict[str, Any]:
        """What a guard has claimed."""
        return self._note(CLAIM)

    def _note(self, name: str) -> dict[str, Any]:
        lease = self.kube.objects[("Lease", NAMESPACE, LEASE)]
        found: dict[str, Any] = json.loads(lease["metadata"]["annotations"].get(name, "{}"))
        return found

    def objects_of_revisions(self) -> list[str]:
        """The names of all objects that belong to a revision."""
        found = [
            name
            for (kind, _, name), body in self.kube.objects.items()
            if {labels.REVISION, "app"} & set(body["metadata"].get("labels") or {})
            and kind != "Lease"
        ]
        return sorted(found)
