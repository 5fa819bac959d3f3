"""A job on Flink 1.20 whose checkpoint is a real one, and job graphs of its next program."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from flink_components.flink.job_graph import Operator
from flink_components.lifecycle.planning import plan
from flink_components.lifecycle.wish import Wish
from flink_components.plan.plan import Plan
from tests.unit.doubles.job_graphs import graph, operator
from tests.unit.doubles.world import Process, World, ref

SNAPSHOT = Path(__file__).parents[2] / "fixtures/snapshots/1.20.3-heap-files"
WINDOW = operator(
    "", id="9d957d0ad6f270c26d27ad47c004dbe8", uid=None, name="window", generated=True
)
NUMBERS, OFFSETS, RULES = (operator(uid) for uid in ("numbers", "offsets", "rules"))
REMEMBER = operator("remember", "offsets")
SAME = (NUMBERS, OFFSETS, WINDOW, REMEMBER, RULES)
"""The operators of the program that wrote the checkpoint, as far as they have state."""


class JudgedJob:
    """It runs, and has completed a checkpoint."""

    def __init__(self, world: World, version: str = "1.20.3") -> None:
        self.world = world
        self.version = world.flink.version = version
        world.flink.keep_checkpoints_in(world.folder / "checkpoints")
        process = Process(world)
        process.anchor()
        process.ensure(self.wish())
        world.advance(5)
        self.completes_another()

    def completes_another(self) -> None:
        """One more checkpoint."""
        taken = self.world.flink.checkpoint(self.world.the_job().id)
        self.checkpoint = Path(taken.path.removeprefix("file:"))
        self.has_checkpoint(SNAPSHOT)

    def has_checkpoint(self, snapshot: Path) -> None:
        """Its checkpoint is that one."""
        shutil.copytree(snapshot, self.checkpoint, dirs_exist_ok=True)

    def wish(self, **changes: Any) -> Wish:
        """The job with a place for savepoints that is a real one."""
        own = {"savepoint_dir": self.savepoints, "cluster": ref(version=self.version)}
        return self.world.wish(**{**own, "version": "2", **changes})

    @property
    def savepoints(self) -> str:
        """Where they are written."""
        return f"file://{self.world.folder}/savepoints"

    @property
    def next_jar(self) -> str:
        """The jar of the next program."""
        return self.world.jar(entries="2")

    def next(self, *operators: Operator, **fields: Any) -> dict[str, Any]:
        """The next program, with the file of its job graph."""
        wish = self.wish(jar=self.next_jar)
        made = {"jar_content": wish.content, "program": wish.fingerprint, **fields}
        path = self.world.folder / "graph.json"
        path.write_text(graph(*operators, **made).to_json())
        return {"jar": self.next_jar, "job_graph": str(path)}

    def planned(self, **changes: Any) -> Plan:
        """What a preview says of these changes."""
        old = self.wish()
        before = {**old.spec.model_dump(mode="json"), "jar_content": old.content}
        return plan(Process(self.world).shop, self.wish(**changes), before)

    def text(self, **changes: Any) -> str:
        """The same as it is printed, with the files in /data, and of the changes only the jar's."""
        found = self.planned(**changes)
        jar = tuple(change for change in found.changed if change.field == "jar_content")
        shown = replace(found, changed=jar).text().replace(str(self.world.folder), "/data")
        return shown.replace(self.world.the_job().id, "a1b2c3")

    def up(self, **changes: Any) -> None:
        """What `up` does for these changes."""
        Process(self.world).ensure(self.wish(**changes), self.wish())
