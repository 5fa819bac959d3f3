"""What a plan says of a change, against what the life cycle then does on a real Flink.

Changes are drawn one after the other by a state machine, so that each begins where the ones before
have led to. More than 200 of them by `--fidelity`; else a few.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flink_components.plan.outcome import Does
from tests.fidelity.changes import BROKEN, IN_PLACE, MENDED, PROGRAM, STATE, Change, places
from tests.fidelity.ground import Ground
from tests.fidelity.judge import foretold, observed, problems, too_many_kept
from tests.fidelity.subject import Step, Subject

SEED = 7
MOST = 240
A_FEW = 18
IN_A_ROW = 14
_EXAMPLES = 100
TABLE = "plan of a change, and what came of it"
QUIET = {Does.NOTHING, Does.STAYS_DOWN}

Note = Callable[[str, str, str], None]


def test_what_a_plan_says_of_drawn_changes_is_what_comes_of_them(
    ground: Ground, tmp_path: Path, note_outcome: Note, request: pytest.FixtureRequest
) -> None:
    every = request.config.getoption("--fidelity")
    run = Run(ground, tmp_path, note_outcome, MOST if every else A_FEW)
    # to make a failure shorter takes minutes on a real Flink
    phases = [Phase.generate, Phase.shrink] if every else [Phase.generate]
    run_state_machine_as_test(
        seed(SEED)(lambda: Changes(run)),
        settings=settings(
            max_examples=_EXAMPLES,
            stateful_step_count=IN_A_ROW,
            phases=phases,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert run.changes == run.wanted


class Run:
    """All the jobs of a run, one after the other on the same Flinks; `wanted` changes in all."""

    def __init__(self, ground: Ground, folder: Path, note: Note, wanted: int) -> None:
        self.ground = ground
        self.folder = folder
        self.note = note
        self.wanted = wanted
        self.changes = 0
        self.failed = False
        self._numbers = count(1)

    @property
    def done(self) -> bool:
        """There were enough; not while a failure is tried again."""
        return self.changes >= self.wanted and not self.failed

    def new_job(self) -> Subject:
        name = f"job-{next(self._numbers)}"
        return Subject(self.ground, name, self.folder / name)

    def judge(self, step: Step, subject: Subject, said: Change) -> None:
        """Raises AssertionError with all that was otherwise than planned."""
        self.changes += 1
        print(f"{subject.name}: {said}: {foretold(step)} / {observed(step)} {step.error}")
        found = [*problems(step), *too_many_kept(step, subject.taken)]
        if not step.error and not found:
            again = subject.planned_again()
            found = [] if again.does in QUIET else [f"planned again: {again.text()}"]
        self.failed = self.failed or bool(found)
        assert not found, "\n".join([*found, repr(said), str(step.values), step.plan.text()])
        self.note(TABLE, foretold(step), observed(step))


class Changes(RuleBasedStateMachine):
    """One job through all that may be declared of it, and what others do to it meanwhile."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.subject = run.new_job()

    @property
    def runs(self) -> bool:
        """It is declared to."""
        return bool(self.subject.values.get("state", "running") == "running")

    @initialize(one=st.one_of(st.just({}), PROGRAM, STATE, IN_PLACE))
    def create(self, one: Change) -> None:
        self._change(one, always=True)

    @rule(one=IN_PLACE)
    def change_what_needs_no_restart(self, one: Change) -> None:
        self._change(one)

    @rule(one=PROGRAM)
    def change_the_program(self, one: Change) -> None:
        self._change(one)

    @rule(one=PROGRAM, other=st.one_of(IN_PLACE, PROGRAM, STATE))
    def change_two_things_at_once(self, one: Change, other: Change) -> None:
        self._change({**one, **other})

    @rule(one=STATE)
    def change_whether_it_runs(self, one: Change) -> None:
        self._change(one)

    @precondition(lambda self: not self.runs)
    @rule(other=st.one_of(st.just({}), IN_PLACE, PROGRAM))
    def resume(self, other: Change) -> None:
        self._change({**other, "state": "running"})

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), other=st.one_of(st.just({}), IN_PLACE, PROGRAM))
    def move(self, data: st.DataObject, other: Change) -> None:
        here = self.subject.values["on"]
        others = tuple(name for name in self.run.ground.flinks if name != here)
        self._change({**other, **data.draw(places(others), label="cluster")})

    @precondition(lambda self: self.runs)
    @rule(one=BROKEN)
    def try_what_is_broken(self, one: Change) -> None:
        self._change(one)
        if "entry_class" in self.subject.values:
            self._change(MENDED)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def start_from_a_snapshot(self, data: st.DataObject) -> None:
        if self.run.done:
            return
        known = self.subject.scene().savepoints
        chosen = [path for path in self.subject.taken if path in known]
        chosen += ["file:///nowhere/savepoint-1", self.subject.missing]
        self._change({"restore_from": data.draw(st.sampled_from([None, *chosen]))})

    @precondition(lambda self: self.runs)
    @rule(what=st.sampled_from(["cancelled", "stopped", "saved", "suspended"]))
    def meddle(self, what: str) -> None:
        if self.run.done:
            return
        act: dict[str, Callable[[], None]] = {
            "cancelled": self.subject.cancelled_by_hand,
            "stopped": self.subject.stopped_by_hand,
            "saved": self.subject.saved_by_hand,
            "suspended": self.subject.suspended_by_command,
        }
        print(f"{self.subject.name}: {what} by hand")
        act[what]()
        self._change({}, always=True)

    def _change(self, changes: Change, always: bool = False) -> None:
        """Unless nothing is other than it was."""
        values = self.subject.values
        other = any(values.get(name) != value for name, value in changes.items())
        if not self.run.done and (other or always):
            self.run.judge(self.subject.change(**changes), self.subject, changes)

    def teardown(self) -> None:
        self.subject.destroy()
