"""Flinks on loopback and a served API server for the ledger, and what there is of a job on them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from flink_components.plan.record import Record
from tests.lifecycle.conftest import CONFIG
from tests.local_flink import LocalFlink

NAMESPACE = "payments"
PLAIN, ADAPTIVE, NEWER = "plain", "adaptive", "newer"
QUICK_END = {"restart-strategy.type": "none"}
"""What fails to restore has failed, and is not tried for minutes."""
SCALES_SOON = {
    "jobmanager.scheduler": "adaptive",
    "jobmanager.adaptive-scheduler.scaling-interval.min": "1 s",
}
_ENDED = {"FINISHED", "FAILED", "CANCELED"}
_SKIPPED = re.compile(r"Skipping savepoint state for operator (\w{32})")
_JAR = re.compile(r"fc-(\w+)\.jar")


@dataclass(frozen=True)
class Scene:
    """What there is at a moment, by Flink's own answers and the files there are.

    `running` is the job that has not ended, by its id, and `on` its cluster; `jars` are contents by
    cluster; `savepoints` complete ones.
    """

    running: str | None
    on: str | None
    parallelism: int | None
    restored: str | None
    savepoints: frozenset[str]
    jars: Mapping[str, frozenset[str]]
    record: Record | None


@dataclass(frozen=True)
class Ground:
    """Flinks by name, each a session cluster of its own, and where their jobs have ledgers."""

    flinks: Mapping[str, LocalFlink]
    kubeconfig: Path

    def ref(self, name: str) -> dict[str, Any]:
        """A reference to a cluster."""
        flink = self.flinks[name]
        return {
            "key": f"{NAMESPACE}/{name}",
            "namespace": NAMESPACE,
            "name": name,
            "revision": 1,
            "service": f"{name}-r1-rest",
            "flink_version": flink.version,
            "connection": {"rest_url": flink.url, "kubeconfig": str(self.kubeconfig)},
        }

    def scene(self, savepoints: Path, record: Record | None) -> Scene:
        """What there is now. One job is on all of them together."""
        found = [(name, job) for name in self.flinks for job in self._active(name)]
        assert len(found) <= 1, f"more than one job runs: {found}"
        on, running = found[0] if found else (None, None)
        return Scene(
            running=running,
            on=on,
            parallelism=self._parallelism(on, running) if on and running else None,
            restored=self._restored(on, running) if on and running else None,
            savepoints=frozenset(
                metadata.parent.as_uri() for metadata in savepoints.rglob("_metadata")
            ),
            jars={name: self._jars(name) for name in self.flinks},
            record=record,
        )

    def skipped(self, since: Mapping[str, int]) -> set[str]:
        """Operators whose state Flink has left behind since its logs had that length."""
        return {
            operator
            for name, flink in self.flinks.items()
            for operator in _SKIPPED.findall(flink.logs("jobmanager")[since[name] :])
        }

    def lengths_of_logs(self) -> dict[str, int]:
        """To ask for what is said from now on."""
        return {name: len(flink.logs("jobmanager")) for name, flink in self.flinks.items()}

    def ask(self, name: str, path: str) -> Any:
        """Flink's answer to a GET."""
        return requests.get(f"{self.flinks[name].url}{path}", timeout=10).json()

    def _active(self, name: str) -> list[str]:
        jobs = self.ask(name, "/jobs/overview")["jobs"]
        return [str(job["jid"]) for job in jobs if job["state"] not in _ENDED]

    def _parallelism(self, name: str, job: str) -> int:
        return max(vertex["parallelism"] for vertex in self.ask(name, f"/jobs/{job}")["vertices"])

    def _restored(self, name: str, job: str) -> str | None:
        latest = self.ask(name, f"/jobs/{job}/checkpoints").get("latest") or {}
        restored = latest.get("restored")
        return str(restored["external_path"]) if restored else None

    def _jars(self, name: str) -> frozenset[str]:
        listed = (_JAR.search(jar["name"]) for jar in self.ask(name, "/jars")["files"])
        return frozenset(match[1] for match in listed if match)


def settings_of(name: str) -> dict[str, str]:
    """Of the cluster with that name."""
    base = {**CONFIG, **QUICK_END, "rest.bind-address": "127.0.0.1"}
    return {**base, **SCALES_SOON} if name == ADAPTIVE else base
