"""What a plan says of a change, against what the life cycle then does on a real Flink.

Changes are drawn and made one after the other, so that each begins where the ones before have led
to. Many by `--fidelity`, in parts; else a few.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from flink_components.plan.outcome import Does
from tests.fidelity.changes import MENDED, Act, Change, acts
from tests.fidelity.ground import Ground
from tests.fidelity.judge import foretold, observed, problems, too_many_kept
from tests.fidelity.subject import Step, Subject

PARTS = 5
IN_A_PART = 50
SEEDS_OF_A_PART = 10
REST = pytest.mark.fidelity
A_FEW = 14
IN_A_ROW = 12
TABLE = "plan of a change, and what came of it"
QUIET = {Does.NOTHING, Does.STAYS_DOWN}

Note = Callable[[str, str, str], None]


@pytest.mark.parametrize("part", [0, *(pytest.param(n, marks=REST) for n in range(1, PARTS))])
def test_what_a_plan_says_of_drawn_changes_is_what_comes_of_them(
    ground: Ground, tmp_path: Path, note_outcome: Note, request: pytest.FixtureRequest, part: int
) -> None:
    wanted = IN_A_PART if request.config.getoption("--fidelity") else A_FEW
    run = Run(ground, tmp_path, note_outcome, wanted)
    for number in count(request.config.getoption("--fidelity-seed") + part * SEEDS_OF_A_PART):
        if run.done:
            break
        run.play(number)


class Run:
    """All the jobs of a run, one after the other on the same Flinks; `wanted` changes in all."""

    table = TABLE

    def __init__(self, ground: Ground, folder: Path, note: Note, wanted: int) -> None:
        self.ground = ground
        self.folder = folder
        self.note = note
        self.wanted = wanted
        self.changes = 0

    @property
    def done(self) -> bool:
        """There were enough."""
        return self.changes >= self.wanted

    def play(self, seed: int) -> None:
        """Makes the changes of this seed, to a job of their own."""
        subject = self.new_job(f"job-{seed}")
        print(f"the changes of job-{seed}: --fidelity-seed {seed}")
        try:
            for act in acts(seed, IN_A_ROW):
                self._play(act, subject)
        finally:
            subject.destroy()

    def new_job(self, name: str) -> Subject:
        """One that was never declared."""
        return Subject(self.ground, name, self.folder / name)

    def _play(self, act: Act, subject: Subject) -> None:
        changes = self._changes(act, subject)
        meddled = bool(act.by_hand) and subject.runs and not self.done
        if meddled:
            print(f"{subject.name}: {act.by_hand} by hand")
            subject.meddled(act.by_hand)
        values = subject.values
        other = any(values.get(name) != value for name, value in changes.items())
        if self.done or not (other or meddled or subject.declared is None):
            return
        self._judge(subject.change(**changes), subject, changes)
        if "entry_class" in subject.values:
            self._judge(subject.change(**MENDED), subject, MENDED)

    def _changes(self, act: Act, subject: Subject) -> Change:
        """What is declared otherwise by it, as things are."""
        found = dict(act.change)
        if act.move is not None:
            here = subject.values["on"]
            others = [name for name in self.ground.flinks if name != here]
            found["on"] = others[act.move % len(others)]
        if act.snapshot is not None:
            there = subject.scene().savepoints
            known = [path for path in subject.taken if path in there]
            chosen = [*known, None, subject.missing, "file:///nowhere/savepoint-1"]
            found["restore_from"] = chosen[act.snapshot % len(chosen)]
        if act.wakes and not subject.runs and subject.declared is not None:
            found.setdefault("state", "running")
        return found

    def _judge(self, step: Step, subject: Subject, said: Change) -> None:
        """Raises AssertionError with all that was otherwise than planned."""
        self.changes += 1
        print(f"{subject.name}: {said}: {foretold(step)} / {observed(step)} {step.error}")
        found = [*problems(step), *too_many_kept(step, subject.taken)]
        if not step.error and not found:
            again = subject.planned_again()
            found = [] if again.does in QUIET else [f"planned again: {again.text()}"]
        assert not found, "\n".join([*found, repr(said), str(step.values), step.plan.text()])
        self.note(self.table, foretold(step), observed(step))
