"""Which programs of a job are kept, in which order, and to which one a rollback goes."""

from __future__ import annotations

from flink_components.plan.programs import Program, Programs, program_before, with_program
from flink_components.plan.record import Record, Run


def program(fingerprint: str, stable: bool = False) -> Program:
    return Program(fingerprint=fingerprint, content="c", revision=1, spec={}, stable=stable)


def run(fingerprint: str) -> Run:
    return Run(
        revision=1,
        attempt=1,
        job_id="1",
        fingerprint=fingerprint,
        jar="c",
        cluster={},
        upgrade_mode="savepoint",
    )


def record(active: str | None = None, stable: str | None = None) -> Record:
    return Record(
        key="payments/fraud",
        run=run(active) if active else None,
        stable=run(stable) if stable else None,
    )


def kept(*programs: Program) -> Programs:
    return Programs(key="payments/fraud", kept=programs)


def shown(programs: Programs) -> list[str]:
    """The fingerprints, oldest first; those that were stable with a star."""
    return [one.fingerprint + "*" * one.stable for one in programs.kept]


def test_the_newest_comes_last_and_what_was_stable_is_marked() -> None:
    found = with_program(kept(program("a")), program("b"), record("a", "a"))
    assert shown(found) == ["a*", "b"]


def test_the_same_program_again_changes_nothing() -> None:
    before = kept(program("a", stable=True), program("b"))
    assert with_program(before, program("b"), record("b", "a")) == before


def test_no_more_than_three_are_kept_and_the_oldest_goes() -> None:
    before = kept(program("a", True), program("b", True), program("c", True))
    assert shown(with_program(before, program("d"), record("c", "c"))) == ["b*", "c*", "d"]


def test_one_that_never_was_stable_goes_first() -> None:
    before = kept(program("a", True), program("b", True), program("c"))
    assert shown(with_program(before, program("d"), record("b", "b"))) == ["a*", "b*", "d"]


def test_what_runs_and_what_it_goes_back_to_stay() -> None:
    before = kept(program("a"), program("b", True), program("c", True))
    assert shown(with_program(before, program("d"), record("a", "b"))) == ["a", "b*", "d"]


def test_what_was_stable_last_comes_just_before_the_new_one() -> None:
    before = kept(program("a", True), program("b", True))
    assert shown(with_program(before, program("c"), record("a", "a"))) == ["b*", "a*", "c"]


def test_a_program_that_comes_back_stays_marked() -> None:
    before = kept(program("a", True), program("b"))
    assert shown(with_program(before, program("a"), record("b", "b"))) == ["b*", "a*"]


def test_a_rollback_goes_to_the_newest_that_was_stable() -> None:
    before = kept(program("a", True), program("b", True), program("c"), program("d"))
    found = program_before(before, record("d", "d"))
    assert found is not None
    assert found.fingerprint == "b"


def test_a_rollback_of_one_that_is_not_stable_goes_to_the_one_that_was() -> None:
    found = program_before(kept(program("a"), program("b")), record("b", "a"))
    assert found is not None
    assert found.fingerprint == "a"


def test_there_is_no_way_back_to_one_that_never_was_stable() -> None:
    assert program_before(kept(program("a"), program("b")), record("b", "b")) is None
    assert program_before(kept(), record("b", "b")) is None
