"""The same drawn changes on a Flink in memory: many more of them, and without a Flink.

Its clock moves when someone waits. It restores whatever it is given: what a program finds of its
state is for the real one. Only by `--fidelity`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from flink_components.lifecycle.waiting import Clock
from flink_components.lifecycle.wish import Wish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Record
from tests.fidelity.changes import EVERYWHERE
from tests.fidelity.ground import ADAPTIVE, NAMESPACE, NEWER, Ground, Scene
from tests.fidelity.subject import Subject, Values
from tests.fidelity.test_changes import TABLE, Note, Run
from tests.lifecycle.jobs import JobUnderTest
from tests.unit.doubles.fake_flink import FakeFlink
from tests.unit.doubles.flink_jobs import Storage
from tests.unit.doubles.served import RunningClock, served
from tests.unit.doubles.world import World

pytestmark = [pytest.mark.fidelity]

MOST = 500


@dataclass(frozen=True)
class _Double:
    """What is asked of a local Flink."""

    fake: FakeFlink
    url: str

    @property
    def version(self) -> str:
        return self.fake.version

    def logs(self, name: str) -> str:
        """It logs nothing."""
        return ""


@dataclass(frozen=True)
class _Doubles(Ground):
    """Its files are there as long as its snapshots are."""

    storage: Storage
    clock: Clock

    def scene(self, savepoints: Path, record: Record | None) -> Scene:
        for snapshot in self.storage.snapshots.values():
            if snapshot.discarded:
                shutil.rmtree(snapshot.path.removeprefix("file:"), ignore_errors=True)
        return super().scene(savepoints, record)


class _Job(JobUnderTest):
    clock: Clock

    @property
    def shop(self) -> Workshop:
        return Workshop(self.access, clock=self.clock, say=self.said.append)


class _Subject(Subject):
    """It waits by the clock of the doubles, whose programs have no job graph."""

    ground: _Doubles

    def _job(self, values: Values) -> JobUnderTest:
        made = super()._job(values)
        job = _Job(made.name, made.ref, made.output, made.savepoints)
        job.clock = self.ground.clock
        return job

    def _wish(self, values: Values) -> Wish:
        return super()._wish({**values, "with_graph": False})


class _Run(Run):
    table = f"{TABLE}, on doubles"

    def new_job(self, name: str) -> Subject:
        return _Subject(self.ground, name, self.folder / name)


@pytest.fixture
def doubles(tmp_path: Path) -> Iterator[_Doubles]:
    world = World(tmp_path, RunningClock())
    with served(tmp_path / "api", world) as api:
        server = _server(api.kubeconfig)
        flinks: dict[str, Any] = {}
        for name in EVERYWHERE:
            fake = world.add_cluster(name, 1)
            fake.adaptive = name == ADAPTIVE
            fake.version = "2.3.0" if name == NEWER else "1.20.3"
            fake.keep_checkpoints_in(tmp_path / "checkpoints")
            service = f"/api/v1/namespaces/{NAMESPACE}/services/{name}-r1-rest:8081/proxy"
            flinks[name] = _Double(fake, server + service)
        yield _Doubles(flinks, api.kubeconfig, world.storage, world.clock)


def _server(kubeconfig: Path) -> str:
    (cluster,) = yaml.safe_load(kubeconfig.read_text())["clusters"]
    return str(cluster["cluster"]["server"])


def test_what_a_plan_says_of_drawn_changes_is_what_comes_of_them_on_doubles(
    doubles: _Doubles, tmp_path: Path, note_outcome: Note, request: pytest.FixtureRequest
) -> None:
    run = _Run(doubles, tmp_path, note_outcome, MOST)
    for number in count(request.config.getoption("--fidelity-seed")):
        if run.done:
            break
        run.play(number)
