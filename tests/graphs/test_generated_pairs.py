"""Verdicts on pairs that were drawn from all that may differ, against what a real Flink does.

All of them by `--fidelity`; else a few, on the newest Flink.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from flink_components.flink.job_graph import JobGraph
from flink_components.lifecycle.snapshot_verdict import verdict_from_here
from flink_components.plan.state.limits import Target, backend_of
from flink_components.plan.state.verdict import StateVerdict, Verdict
from tests.graphs.cases import NEWER, Case, Damage, GraphFrom, cases, some
from tests.graphs.conftest import Labs
from tests.graphs.programs import Outcome

Note = Callable[[str, str, str], None]
TABLE = "state verdict, and what the restore did"
ALL, PART, NONE = "restored", "restored in part, once allowed", "refused"
EMPTY = "nothing restored, once allowed"

MAY_FAIL = {
    "serializers": ("must not be incompatible", "must be compatible"),
    "max parallelism": ("max parallelism", "Max parallelism"),
    "the state backend": ("state backend", "StateHandle", "BackendBuildingException"),
    "the operator ids": ("There is no operator for the state", "Cannot map"),
}
"""By what a line of `unproven` begins with: what Flink says where it fails for that."""


@dataclass(frozen=True)
class Did:
    """What the restore did, at first and once the loss was allowed."""

    at_first: Outcome
    allowed: Outcome

    @property
    def cause(self) -> str:
        return self.allowed.cause


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        every = metafunc.config.getoption("--fidelity")
        chosen = cases() if every else some(3, _on_the_newest)
        metafunc.parametrize("case", chosen, ids=str)


def _on_the_newest(case: Case) -> bool:
    return case.written_by == case.version == NEWER and case.graph is not GraphFrom.OTHER_FLINK


def test_the_verdict_on_a_drawn_pair_says_what_flink_does(
    labs: Labs, case: Case, note_outcome: Note, tmp_path: Path
) -> None:
    taken = labs.of(case.written_by).savepoint(case.old, case.keeping)
    snapshot = _damaged(taken, case.damage, tmp_path)
    verdict = verdict_from_here(snapshot, _graph(labs, case), _target(case))

    lab = labs.of(case.version)
    outcome = lab.restore(case.new, snapshot, backend=case.backend)
    did = Did(outcome, outcome)
    if not outcome.runs:
        allowed = lab.restore(case.new, snapshot, allow_loss=True, backend=case.backend)
        did = Did(outcome, allowed)
    note_outcome(TABLE, verdict.verdict.value, _in_words(verdict, did))
    problem = _problem(verdict, did)
    assert not problem, f"{problem}\n{case}\n{did}\n{verdict}"


def _problem(verdict: StateVerdict, did: Did) -> str:
    """What of the verdict is wrong; "" where it holds."""
    match verdict.verdict:
        case Verdict.FULL:
            if not did.at_first.runs and not _excused(verdict, did):
                return "full, and it failed for what is not named as unproven"
        case Verdict.PARTIAL:
            if did.at_first.runs:
                return "partial, and nothing was lost"
            if not did.allowed.runs and not _excused(verdict, did):
                return "partial, and it failed for what is not named as unproven"
        case Verdict.INCOMPATIBLE:
            if did.at_first.runs:
                return "incompatible, and it was restored"
            if verdict.obstacles and did.allowed.runs:
                return "an obstacle, and it was restored once the loss was allowed"
            if not verdict.obstacles and not did.allowed.runs:
                return "no obstacle, and it failed though the loss was allowed"
        case Verdict.UNKNOWN:
            assert verdict.reason
    return ""


def _excused(verdict: StateVerdict, did: Did) -> bool:
    """It failed for what is named as unproven."""
    named = [
        cause
        for start, causes in MAY_FAIL.items()
        for line in verdict.unproven
        if line.startswith(start)
        for cause in causes
    ]
    return any(cause in did.cause for cause in named)


def _in_words(verdict: StateVerdict, did: Did) -> str:
    if did.at_first.runs:
        return ALL
    if did.allowed.runs:
        return PART if verdict.matched else EMPTY
    return f"{NONE}, as unproven names" if _excused(verdict, did) else NONE


def _graph(labs: Labs, case: Case) -> JobGraph:
    lab = labs.of(case.version)
    match case.graph:
        case GraphFrom.CLUSTER:
            return lab.planned_graph(case.new)
        case GraphFrom.OTHER_FLINK:
            return labs.other_than(case.version).graph(case.new)
    return lab.graph(case.new)


def _target(case: Case) -> Target:
    return Target(
        flink_version=case.version,
        backend=backend_of(case.backend) if case.told else None,
        written_by=case.written_by,
    )


def _damaged(taken: str, damage: Damage, folder: Path) -> str:
    """A copy of the snapshot, with that damage."""
    if damage is Damage.NONE:
        return taken
    copy = folder / "snapshot"
    shutil.copytree(Path(taken.removeprefix("file:")), copy)
    metadata = copy / "_metadata"
    match damage:
        case Damage.GONE:
            shutil.rmtree(copy)
        case Damage.CUT:
            metadata.write_bytes(metadata.read_bytes()[:-200])
        case Damage.FILE_GONE:
            min(path for path in copy.iterdir() if path != metadata).unlink()
    return copy.as_uri()
