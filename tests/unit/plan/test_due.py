"""What is due for a job, for every combination that makes a difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flink_components.flink.answers import Checkpoint
from flink_components.plan.decision import Action, Decision, Seen, Stop
from flink_components.plan.due import decide
from flink_components.plan.record import Phase, Record, RestorePoint, Run
from flink_components.spec.base import load
from flink_components.spec.job import SessionJobSpec

CLUSTER: dict[str, Any] = {
    "key": "payments/etl",
    "namespace": "payments",
    "name": "etl",
    "revision": 1,
    "service": "etl-r1-rest",
    "flink_version": "1.20.3",
}
GIVE_UP = [{"operator": "*", "version": "2", "reason": "new"}]
JOB_ID = "a" * 32
SAME, OTHER = "old-program", "new-program"
CHECKPOINT = Checkpoint(id=9, path="file:/c/chk-9", savepoint=False, at_ms=1000, size=7)
BY_HAND = Checkpoint(id=9, path="file:/mine/s-9", savepoint=True, at_ms=1000, size=7)
RECORDED = RestorePoint(path="file:/s/recorded", kind="savepoint", at=1.0)
FROM_CHECKPOINT = RestorePoint(
    path="file:/c/chk-9",
    kind="checkpoint",
    at=1.0,
    job_id=JOB_ID,
    revision=3,
    attempt=4,
    size=7,
)
FROM_BY_HAND = FROM_CHECKPOINT.model_copy(update={"path": "file:/mine/s-9", "kind": "savepoint"})
GIVEN = RestorePoint(path="file:/given", kind="given", at=0.0)


def a_spec(**changes: Any) -> SessionJobSpec:
    values = {
        "key": "payments/fraud",
        "name": "fraud",
        "namespace": "payments",
        "cluster": CLUSTER,
        "jar": "fraud.jar",
        "savepoint_dir": "file:///savepoints",
    }
    return load(SessionJobSpec, {**values, **changes})


def a_record(phase: Phase = Phase.STABLE, run: bool = True, **changes: Any) -> Record:
    of_run = {"stateless", "restored_from", "asked_from", "cluster", "parallelism"}
    values: dict[str, Any] = {
        "revision": 3,
        "attempt": 4,
        "job_id": JOB_ID,
        "fingerprint": SAME,
        "jar": "j",
        "cluster": CLUSTER,
        "upgrade_mode": "savepoint",
        **{name: changes.pop(name) for name in of_run & set(changes)},
    }
    return Record(key="payments/fraud", phase=phase, run=Run(**values) if run else None, **changes)


def decided(
    seen: Seen,
    record: Record | None = None,
    program: str = SAME,
    **spec: Any,
) -> Decision:
    return decide(a_spec(**spec), program, record, seen)


NOT_THERE = Seen(reached=True)
RUNNING = Seen(reached=True, state="RUNNING", checkpoint=CHECKPOINT, completed=9)


def brief(decision: Decision) -> tuple[Any, ...]:
    restore = decision.restore.path if decision.restore else None
    return decision.action, decision.revision, decision.stop, restore


STATELESS = {"upgrade_mode": "stateless"}
LAST_STATE = {"upgrade_mode": "last_state"}
ACCEPTED = {"upgrade_mode": "stateless", "version": "2", "accept": GIVE_UP}


@pytest.mark.parametrize(
    ("record", "spec", "expected"),
    [
        (None, {}, (Action.START, 1, None, None)),
        (None, STATELESS, (Action.START, 1, None, None)),
        (None, {"restore_from": "file:/given"}, (Action.START, 1, None, "file:/given")),
        (a_record(run=False), {}, (Action.START, 1, None, None)),
        (a_record(run=False, restore=RECORDED), {}, (Action.START, 1, None, "file:/s/recorded")),
        (a_record(run=False, restore=RECORDED), STATELESS, (Action.REFUSE, 1, None, None)),
        (a_record(run=False, restore=RECORDED), ACCEPTED, (Action.START, 1, None, None)),
        (
            a_record(run=False, restore=RECORDED),
            {"restore_from": "file:/given"},
            (Action.START, 1, None, "file:/given"),
        ),
    ],
)
def test_a_job_that_never_ran(
    record: Record | None, spec: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert brief(decided(NOT_THERE, record, **spec)) == expected


@pytest.mark.parametrize(
    ("phase", "action"),
    [
        (Phase.STABLE, Action.NOTHING),
        (Phase.ROLLED_BACK, Action.NOTHING),
        (Phase.DEPLOYED, Action.WAIT),
        (Phase.UPGRADING, Action.WAIT),
        (Phase.FAILED, Action.WAIT),
        (Phase.LOST, Action.WAIT),
    ],
)
def test_what_was_declared_runs(phase: Phase, action: Action) -> None:
    assert brief(decided(RUNNING, a_record(phase))) == (action, 3, None, None)


MOVED = {"cluster": {**CLUSTER, "revision": 2, "service": "etl-r2-rest"}}


@pytest.mark.parametrize(
    ("program", "spec", "expected"),
    [
        (OTHER, {}, (Action.RESTART, 4, Stop.SAVEPOINT, None)),
        (OTHER, LAST_STATE, (Action.RESTART, 4, Stop.LAST_STATE, None)),
        (OTHER, STATELESS, (Action.REFUSE, 4, None, None)),
        (OTHER, ACCEPTED, (Action.RESTART, 4, Stop.CANCEL, None)),
        (OTHER, {**ACCEPTED, "version": "3"}, (Action.REFUSE, 4, None, None)),
        (SAME, MOVED, (Action.RESTART, 3, Stop.SAVEPOINT, None)),
        (OTHER, MOVED, (Action.RESTART, 4, Stop.SAVEPOINT, None)),
        (SAME, {"restore_from": "file:/given"}, (Action.RESTART, 3, Stop.SAVEPOINT, "file:/given")),
        (
            SAME,
            {**LAST_STATE, "restore_from": "file:/given"},
            (Action.RESTART, 3, Stop.LAST_STATE, "file:/given"),
        ),
        (SAME, {"description": "x"}, (Action.NOTHING, 3, None, None)),
        (SAME, STATELESS, (Action.NOTHING, 3, None, None)),
        (SAME, {"cluster": {**CLUSTER, "uid": "u", "slots": 9}}, (Action.NOTHING, 3, None, None)),
    ],
)
def test_something_else_is_wanted_than_what_runs(
    program: str, spec: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert brief(decided(RUNNING, a_record(), program, **spec)) == expected


@pytest.mark.parametrize("state", ["CREATED", "RESTARTING", "FAILING", "SUSPENDED"])
def test_a_job_that_does_not_run_can_take_no_savepoint(state: str) -> None:
    decision = decided(Seen(reached=True, state=state), a_record(), OTHER)
    assert decision.action is Action.REFUSE
    assert decision.why == (
        f"the job is {state}, so it can't take a savepoint: mend it, or choose "
        f'upgrade_mode="last_state" to go on from its latest completed checkpoint'
    )


def test_a_restarting_job_can_be_upgraded_from_its_last_state() -> None:
    seen = Seen(reached=True, state="RESTARTING", checkpoint=CHECKPOINT, completed=9)
    assert brief(decided(seen, a_record(), OTHER, **LAST_STATE)) == (
        Action.RESTART,
        4,
        Stop.LAST_STATE,
        None,
    )


def test_last_state_without_a_checkpoint_that_outlives_the_job_is_refused() -> None:
    seen = Seen(reached=True, state="RUNNING", completed=9)
    assert decided(seen, a_record(), OTHER, **LAST_STATE).why.startswith(
        "the job has no completed checkpoint that outlives a cancel: wait for one"
    )


def test_a_stateless_job_restarts_stateless_without_an_acceptance() -> None:
    decision = decided(RUNNING, a_record(stateless=True), OTHER, **STATELESS)
    assert (decision.stop, decision.gives_up_state) == (Stop.CANCEL, False)


def test_an_accepted_loss_is_marked() -> None:
    assert decided(RUNNING, a_record(), OTHER, **ACCEPTED).gives_up_state


@pytest.mark.parametrize(
    "record",
    [
        a_record(restored_by_hand="file:/given"),
        a_record(Phase.DEPLOYED, asked_from="file:/given"),
    ],
)
def test_a_restore_from_is_honoured_once(record: Record) -> None:
    decision = decided(RUNNING, record, restore_from="file:/given")
    assert decision.action in (Action.NOTHING, Action.WAIT)


def test_a_restore_from_whose_start_failed_is_tried_again() -> None:
    record = a_record(Phase.DEPLOYED, restored_from="file:/given", restore=RECORDED)
    decision = decided(Seen(reached=True, state="FAILED"), record, restore_from="file:/given")
    assert (decision.restore, decision.forced) == (GIVEN, True)


@pytest.mark.parametrize("phase", [Phase.UPGRADING, Phase.SUSPENDED, Phase.FAILED, Phase.CANCELLED])
@pytest.mark.parametrize("seen", [NOT_THERE, Seen(reached=True, state="FINISHED")])
@pytest.mark.parametrize(
    ("restore", "spec", "expected"),
    [
        (RECORDED, {}, (Action.START, 4, None, "file:/s/recorded")),
        (RECORDED, LAST_STATE, (Action.START, 4, None, "file:/s/recorded")),
        (RECORDED, STATELESS, (Action.REFUSE, 4, None, None)),
        (RECORDED, ACCEPTED, (Action.START, 4, None, None)),
        (RECORDED, {"restore_from": "file:/given"}, (Action.START, 4, None, "file:/given")),
        (None, {}, (Action.START, 4, None, None)),
    ],
)
def test_a_job_that_a_step_of_ours_has_ended(
    phase: Phase,
    seen: Seen,
    restore: RestorePoint | None,
    spec: dict[str, Any],
    expected: tuple[Any, ...],
) -> None:
    assert brief(decided(seen, a_record(phase, restore=restore), OTHER, **spec)) == expected


FAILED = Seen(reached=True, state="FAILED", checkpoint=CHECKPOINT, completed=9)
STOPPED = Seen(reached=True, state="FINISHED", checkpoint=BY_HAND, completed=9)
FINISHED = Seen(reached=True, state="FINISHED", completed=9)


@pytest.mark.parametrize(
    ("seen", "program", "spec", "expected"),
    [
        (FAILED, SAME, {}, (Action.START, 3, None, "file:/c/chk-9")),
        (FAILED, OTHER, LAST_STATE, (Action.START, 4, None, "file:/c/chk-9")),
        (FAILED, OTHER, {}, (Action.REFUSE, 4, None, None)),
        (FAILED, SAME, STATELESS, (Action.REFUSE, 3, None, None)),
        (FAILED, SAME, ACCEPTED, (Action.START, 3, None, None)),
        (FAILED, SAME, {"restore_from": "file:/given"}, (Action.START, 3, None, "file:/given")),
        (STOPPED, SAME, {}, (Action.START, 3, None, "file:/mine/s-9")),
        (STOPPED, OTHER, {}, (Action.START, 4, None, "file:/mine/s-9")),
        (FINISHED, SAME, {}, (Action.NOTHING, 3, None, None)),
        (FINISHED, OTHER, {}, (Action.START, 4, None, None)),
        (NOT_THERE, SAME, {}, (Action.REFUSE, 3, None, None)),
        (NOT_THERE, OTHER, LAST_STATE, (Action.REFUSE, 4, None, None)),
        (NOT_THERE, SAME, {"restore_from": "file:/given"}, (Action.START, 3, None, "file:/given")),
    ],
)
@pytest.mark.parametrize("phase", [Phase.STABLE, Phase.DEPLOYED, Phase.ROLLED_BACK, Phase.LOST])
def test_a_job_that_something_else_has_ended(
    phase: Phase, seen: Seen, program: str, spec: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    record = a_record(phase, restore=RECORDED)
    assert brief(decided(seen, record, program, **spec)) == expected


def test_the_point_says_which_attempt_has_written_it() -> None:
    assert decided(FAILED, a_record()).restore == FROM_CHECKPOINT
    assert decided(STOPPED, a_record()).restore == FROM_BY_HAND


@pytest.mark.parametrize(
    ("restored", "restored_from", "recorded", "expected"),
    [
        ("file:/c/chk-3", "file:/s/recorded", RECORDED, "file:/c/chk-3"),
        ("file:/s/recorded", "file:/s/recorded", RECORDED, "file:/s/recorded"),
        (None, "file:/given", RECORDED, "file:/s/recorded"),
        (None, "file:/given", None, "file:/given"),
        (None, None, None, None),
    ],
)
def test_a_job_that_failed_before_its_first_checkpoint_goes_on_from_where_it_started(
    restored: str | None,
    restored_from: str | None,
    recorded: RestorePoint | None,
    expected: str | None,
) -> None:
    record = a_record(restored_from=restored_from, restore=recorded)
    seen = Seen(reached=True, state="FAILED", restored=restored)
    assert brief(decided(seen, record)) == (Action.START, 3, None, expected)


def test_a_job_whose_checkpoints_are_gone_is_not_started_from_an_older_point() -> None:
    seen = Seen(reached=True, state="FAILED", completed=9)
    decision = decided(seen, a_record(restore=RECORDED))
    assert decision.action is Action.REFUSE
    assert decision.why.endswith("The last recorded point is file:/s/recorded.")


def test_a_stateless_job_that_vanished_starts_again() -> None:
    decision = decided(NOT_THERE, a_record(stateless=True), **STATELESS)
    assert brief(decision) == (Action.START, 3, None, None)


def test_a_cluster_that_is_not_reached_is_refused_whatever_the_ledger_says() -> None:
    decision = decided(Seen(reached=False, problem="timed out"), a_record(), OTHER)
    assert decision.action is Action.REFUSE
    assert decision.why == (
        f"the cluster of the job can't be reached, so nobody knows whether {JOB_ID} runs: timed out"
    )


SUSPENDED = {"state": "suspended"}
CANCELLED = {"state": "cancelled"}
UNHEALTHY = Seen(reached=True, state="RESTARTING", checkpoint=CHECKPOINT, completed=9, at=61.0)


@pytest.mark.parametrize(
    ("seen", "spec", "expected"),
    [
        (RUNNING, SUSPENDED, (Action.STOP, 3, Stop.SAVEPOINT, None)),
        (RUNNING, {**SUSPENDED, **LAST_STATE}, (Action.STOP, 3, Stop.LAST_STATE, None)),
        (RUNNING, {**SUSPENDED, **STATELESS}, (Action.REFUSE, 3, None, None)),
        (RUNNING, {**SUSPENDED, **ACCEPTED}, (Action.STOP, 3, Stop.CANCEL, None)),
        (RUNNING, CANCELLED, (Action.STOP, 3, Stop.CANCEL, None)),
        (UNHEALTHY, SUSPENDED, (Action.REFUSE, 3, None, None)),
        (
            UNHEALTHY,
            {**SUSPENDED, "fallback": "last_state"},
            (Action.STOP, 3, Stop.LAST_STATE, None),
        ),
        (UNHEALTHY, CANCELLED, (Action.STOP, 3, Stop.CANCEL, None)),
    ],
)
def test_a_job_that_runs_and_is_not_to_run(
    seen: Seen, spec: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert brief(decided(seen, a_record(), **spec)) == expected


@pytest.mark.parametrize(
    ("phase", "seen", "expected"),
    [
        (Phase.SUSPENDED, NOT_THERE, (Phase.SUSPENDED, None)),
        (Phase.UPGRADING, NOT_THERE, (Phase.SUSPENDED, None)),
        (Phase.CANCELLED, NOT_THERE, (Phase.SUSPENDED, None)),
        (Phase.STABLE, FAILED, (Phase.SUSPENDED, "file:/c/chk-9")),
        (Phase.STABLE, STOPPED, (Phase.SUSPENDED, "file:/mine/s-9")),
        (Phase.STABLE, FINISHED, (Phase.FINISHED, None)),
        (Phase.FINISHED, NOT_THERE, (Phase.FINISHED, None)),
        (Phase.STABLE, NOT_THERE, (Phase.LOST, None)),
    ],
)
def test_a_job_that_is_down_and_is_to_be_down(
    phase: Phase, seen: Seen, expected: tuple[Phase, str | None]
) -> None:
    decision = decided(seen, a_record(phase, restore=RECORDED), **SUSPENDED)
    assert decision.action is Action.NOTHING
    assert (decision.phase, decision.restore.path if decision.restore else None) == expected


def test_a_cancel_says_what_it_gives_up() -> None:
    seen = Seen(reached=True, state="RUNNING", completed=9)
    assert decided(seen, a_record(restore=RECORDED), **CANCELLED).why == (
        "no checkpoint of it outlives a cancel, so what it did since is given up; what is left is "
        "file:/s/recorded"
    )


@pytest.mark.parametrize("moved", [{}, MOVED])
def test_a_bounded_job_that_has_finished_is_not_run_again_by_a_move_or_a_new_job_manager(
    moved: dict[str, Any],
) -> None:
    for seen in (FINISHED, NOT_THERE):
        assert decided(seen, a_record(Phase.FINISHED), **moved).action is Action.NOTHING


def test_an_unhealthy_job_is_upgraded_from_its_last_state_where_that_was_allowed() -> None:
    decision = decided(UNHEALTHY, a_record(), OTHER, fallback="last_state")
    assert brief(decision) == (Action.RESTART, 4, Stop.LAST_STATE, None)


@pytest.mark.parametrize(
    ("at", "refused"), [(61.0, False), (61.9, False), (62.0, True), (1000.0, True)]
)
def test_a_checkpoint_may_be_as_old_as_was_said(at: float, refused: bool) -> None:
    seen = Seen(reached=True, state="RUNNING", checkpoint=CHECKPOINT, completed=9, at=at)
    spec = {**LAST_STATE, "max_restore_age": "60.9 s"}
    assert (decided(seen, a_record(), OTHER, **spec).action is Action.REFUSE) is refused


def test_the_age_is_in_the_refusal() -> None:
    seen = Seen(reached=True, state="FAILED", checkpoint=CHECKPOINT, completed=9, at=3661.0)
    assert decided(seen, a_record(), max_restore_age="1 min").why == (
        "the job is FAILED, and the latest completed checkpoint file:/c/chk-9 is 61 min old, and "
        "max_restore_age is 1 min: set restore_from to go on from it all the same"
    )


@pytest.mark.parametrize(
    ("restart", "done", "action"),
    [
        ("a", None, Action.RESTART),
        ("a", "a", Action.NOTHING),
        ("b", "a", Action.RESTART),
        (None, "a", Action.NOTHING),
    ],
)
def test_a_restart_is_due_once(restart: str | None, done: str | None, action: Action) -> None:
    record = a_record()
    assert record.run is not None
    record = record.model_copy(update={"run": record.run.model_copy(update={"restart": done})})
    assert decided(RUNNING, record, restart=restart).action is action


CAN = {"rescalable": True, "recovers": True}
ADAPTIVE = replace(RUNNING, **CAN)


def rescaled(seen: Seen = ADAPTIVE, record: Record | None = None, **spec: Any) -> Decision:
    return decided(seen, record or a_record(parallelism=4), OTHER, parallelism=8, **spec)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, (Action.RESCALE, 4, None, None)),
        (LAST_STATE, (Action.RESCALE, 4, None, None)),
        (STATELESS, (Action.REFUSE, 4, None, None)),
        (ACCEPTED, (Action.RESTART, 4, Stop.CANCEL, None)),
        (MOVED, (Action.RESTART, 4, Stop.SAVEPOINT, None)),
        ({"restart": "now"}, (Action.RESTART, 4, Stop.SAVEPOINT, None)),
        ({"restore_from": "file:/given"}, (Action.RESTART, 4, Stop.SAVEPOINT, "file:/given")),
        (SUSPENDED, (Action.STOP, 3, Stop.SAVEPOINT, None)),
    ],
)
def test_only_a_parallelism_that_changes_alone_is_changed_in_place(
    spec: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert brief(rescaled(**spec)) == expected


def test_a_stateless_job_is_rescaled_in_place() -> None:
    record = a_record(stateless=True)
    assert rescaled(ADAPTIVE, record, **STATELESS).action is Action.RESCALE


def test_a_rescale_in_place_says_from_where_to_where() -> None:
    assert rescaled().why == (
        "4 -> 8: Flink restarts it from its latest checkpoint, under the same job id"
    )
    assert rescaled(record=a_record()).why.startswith("default -> 8: ")


@pytest.mark.parametrize(
    ("seen", "phase", "reason"),
    [
        (replace(RUNNING, rescalable=False), Phase.STABLE, "that needs Flink 1.18 and jobmanager"),
        (replace(ADAPTIVE, recovers=False), Phase.STABLE, "it has completed no checkpoint to go"),
        (ADAPTIVE, Phase.DEPLOYED, "it was not stable so far"),
    ],
)
def test_where_it_can_not_be_in_place_it_is_a_restart_that_says_why(
    seen: Seen, phase: Phase, reason: str
) -> None:
    decision = rescaled(seen, a_record(phase))
    assert brief(decision) == (Action.RESTART, 4, Stop.SAVEPOINT, None)
    assert decision.why.startswith(f"it can't be rescaled in place, since {reason}")


def test_a_restarting_job_is_not_rescaled_in_place() -> None:
    seen = replace(UNHEALTHY, **CAN)
    assert rescaled(seen).action is Action.REFUSE
    assert rescaled(seen, **LAST_STATE).why == (
        "it can't be rescaled in place, since the job is RESTARTING"
    )


def test_a_change_of_more_than_the_parallelism_says_nothing_of_a_rescale() -> None:
    assert decided(RUNNING, a_record(), OTHER, parallelism=8).why == ""
