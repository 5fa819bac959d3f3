"""Fleets that can't be right end in the preview, with one clear message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from flink_components import Fleet, SessionJob
from tests.engine.bad_jobs import REF
from tests.engine.nowhere import preview_nowhere
from tests.engine.previews import Finding, Preview

pytestmark = [pytest.mark.engine]

JAR = "local:///opt/flink/usrlib/job.jar"


def job(
    name: str, fleet: Any, opts: pulumi.ResourceOptions | None = None, **more: Any
) -> SessionJob:
    values = {"cluster": REF, "jar": JAR, "savepoint_dir": "s3://acme/savepoints", "fleet": fleet}
    return SessionJob(name, {**values, **more}, opts)  # type: ignore[typeddict-item]


def unknown_canary() -> None:
    job("fraud", Fleet("payments", {"canary": "fruad"}))


def empty() -> None:
    Fleet("payments")


def two_of_a_name() -> None:
    job("fraud", Fleet("payments"))
    Fleet("payments")


def in_two() -> None:
    job("fraud", [Fleet("payments"), Fleet("reporting")])


def by_its_name() -> None:
    job("fraud", "payments")


def no_turn() -> None:
    Fleet("payments", {"canaries": "fraud", "max_in_flight": 0, "stop_after_failures": 0})  # type: ignore[typeddict-unknown-key]


def of_an_output() -> None:
    Fleet("payments", {"max_in_flight": pulumi.Output.from_input(2)})  # type: ignore[typeddict-item]


def not_a_mapping() -> None:
    Fleet("payments", "fraud")  # type: ignore[arg-type]


def too_late() -> None:
    fleet = Fleet("payments")
    job("fraud", fleet).ref.apply(lambda _: job("dedup", fleet))


def in_a_chain() -> None:
    fleet = Fleet("payments")
    first = job("fraud", fleet)
    job("dedup", fleet, args=["--after", first.job_id])
    job("totals", fleet, pulumi.ResourceOptions(depends_on=[first]))


def another_error() -> None:
    Fleet("payments", {"canary": "fraud"})
    raise pulumi.RunError("something else")


CASES: dict[Callable[[], None], str] = {
    unknown_canary: "Fleet payments: canary: is not the name of a job of this fleet "
    "(given: 'fruad'); did you mean fraud?",
    empty: "Fleet payments: jobs: are missing, no job is part of it; name it as `fleet` of a job, "
    "or remove it",
    two_of_a_name: "Fleet payments: name: is that of another fleet (given: 'payments'); give it "
    "another name, or the jobs the fleet that there is",
    in_two: "SessionJob fraud: fleet: must be one Fleet (given: a list of 2); a job is part of one "
    "alone",
    by_its_name: "SessionJob fraud: fleet: must be a Fleet (given: 'payments'); give the component "
    "itself: Fleet('payments')",
    no_turn: "Fleet payments: 3 arguments to correct:\n"
    "  - canaries: there is no such field; did you mean canary?\n"
    "  - max_in_flight: must be at least 1 (given: 0)\n"
    "  - stop_after_failures: must be at least 1 (given: 0)",
    of_an_output: "Fleet payments: max_in_flight: can't be an Output; give a plain value: it is "
    "needed beforehand",
    not_a_mapping: "Fleet payments: args: must be a mapping (given: 'fraud'); write them like "
    "{'canary': 'fraud', 'max_in_flight': 2}",
    too_late: "SessionJob dedup: fleet: payments is complete, since the program has ended; declare "
    "its jobs in the program itself, not inside of apply",
    in_a_chain: "Fleet payments: a job of it waits for another (dedup for fraud; totals for fraud),"
    " and a fleet checks all its jobs before it touches one: take one of the two out of it",
    another_error: "something else",
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    previews = [Preview(program.__name__, program) for program in CASES]
    return preview_nowhere(previews, tmp_path_factory.mktemp("engine"))


@pytest.mark.parametrize("program", CASES, ids=lambda program: program.__name__)
def test_a_fleet_that_cannot_be_right_is_refused_by_one_message(
    program: Callable[[], None], findings: dict[str, Finding]
) -> None:
    finding = findings[program.__name__]
    assert not finding.run.ok
    assert finding.messages("error") == [CASES[program]]
    assert "Traceback" not in finding.shown
