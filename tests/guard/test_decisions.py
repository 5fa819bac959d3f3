"""What the guard decides from a ledger: no network, no clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.guard.annotations import RESTORE, SAVEPOINT, STOPPED, STOPPING, TAKEN_BACK, TOLD, claimed
from tests.guard.lease_server import CLAIM, GO

Ask = Callable[[dict[str, Any]], dict[str, Any]]


def lease(go: object = None, claim: object = None) -> str:
    annotations = {GO: json.dumps(go), CLAIM: json.dumps(claim)}
    given = {name: text for name, text in annotations.items() if text != "null"}
    spec = {"holderIdentity": "uuid a runner", "renewTime": "t", "leaseDurationSeconds": 20}
    return json.dumps({"metadata": {"annotations": given}, "spec": spec})


def decided(
    ask: Ask, go: object = None, claim: object = None, lock: str = "HELD", found: str | None = None
) -> dict[str, Any]:
    return ask({"lease": lease(go, claim), "lock": lock, "found": found})


@pytest.mark.parametrize(
    ("go", "reason"),
    [
        (None, "no revision is told to go"),
        ({}, "no revision is told to go"),
        ({"state": "down"}, "the job is to be down"),
        ({**TOLD, "revision": 8}, "revision 8 is told to go"),
        ({**STOPPING, "revision": 8}, "revision 8 is being stopped"),
    ],
)
def test_it_waits_unless_its_own_revision_is_named(ask: Ask, go: object, reason: str) -> None:
    for lock in ("HELD", "FREE", "EXPIRED"):
        assert decided(ask, go, lock=lock) == {"kind": "WAIT", "reason": reason, "go": None}


@pytest.mark.parametrize("claim", [None, claimed(11, "ours"), claimed(11, "other")])
def test_an_attempt_that_nobody_has_claimed_is_claimed(ask: Ask, claim: object) -> None:
    decision = decided(ask, TOLD, claim)
    assert (decision["kind"], decision["go"]) == ("CLAIM", TOLD)


def test_a_loss_is_allowed_to_the_attempt_that_is_told_so_alone(ask: Ask) -> None:
    losing = {**TOLD, "allowNonRestoredState": True}
    assert decided(ask, losing)["go"] == losing
    back = decided(ask, {**STOPPED, "allowNonRestoredState": True}, claimed(12), lock="FREE")
    assert (back["kind"], back["go"]) == ("TAKE_BACK", TAKEN_BACK)


def test_what_we_have_claimed_is_started(ask: Ask) -> None:
    decision = decided(ask, TOLD, claimed(12, "ours"))
    assert (decision["kind"], decision["go"]) == ("START", TOLD)


def test_what_another_jvm_has_claimed_is_started_again_with_high_availability(ask: Ask) -> None:
    decision = decided(ask, {**TOLD, "ha": True}, claimed(12, "other"))
    assert (decision["kind"], decision["go"]) == ("START", {**TOLD, "ha": True})


def test_what_another_jvm_has_claimed_stays_down_without_high_availability(ask: Ask) -> None:
    decision = decided(ask, TOLD, claimed(12, "other"))
    assert decision["kind"] == "WAIT"
    assert decision["reason"] == (
        "attempt 12 was started by another JVM; without high availability a second start would "
        "go back to where it began: it stays down until the next up"
    )


def test_a_claim_of_a_later_attempt_is_waited_for(ask: Ask) -> None:
    decision = decided(ask, TOLD, claimed(13, "ours"))
    assert (decision["kind"], decision["reason"]) == (
        "WAIT",
        "a later attempt, 13, was claimed",
    )


def test_a_stop_is_left_to_the_holder_of_the_lock(ask: Ask) -> None:
    decision = decided(ask, STOPPED, claimed(12, "other"), "HELD")
    assert (decision["kind"], decision["reason"]) == (
        "WAIT",
        "attempt 12 is being stopped by a runner",
    )


@pytest.mark.parametrize("lock", ["FREE", "EXPIRED"])
def test_a_recorded_savepoint_is_taken_back_once_the_lock_is_free(ask: Ask, lock: str) -> None:
    decision = decided(ask, STOPPED, claimed(12, "other"), lock)
    assert (decision["kind"], decision["go"]) == ("TAKE_BACK", TAKEN_BACK)


def test_a_savepoint_that_was_not_recorded_is_looked_for(ask: Ask) -> None:
    decision = decided(ask, STOPPING, claimed(12, "other"), "EXPIRED")
    assert (decision["kind"], decision["reason"]) == (
        "LOOK",
        "looking for a savepoint below s3://b/d/",
    )


def test_a_savepoint_that_was_found_is_taken_back(ask: Ask) -> None:
    decision = decided(ask, STOPPING, claimed(12, "other"), "EXPIRED", SAVEPOINT)
    assert (decision["kind"], decision["go"]) == ("TAKE_BACK", TAKEN_BACK)


def test_a_directory_that_cannot_be_listed_is_waited_for(ask: Ask) -> None:
    decision = decided(ask, {**STOPPING, "ha": True}, claimed(12, "other"), "EXPIRED", "problem")
    assert (decision["kind"], decision["reason"]) == (
        "WAIT",
        "attempt 12 is being stopped, by nobody any more: "
        "s3://b/d/ can't be listed: no such bucket",
    )


def test_a_stop_without_a_savepoint_is_called_off_with_high_availability(ask: Ask) -> None:
    decision = decided(ask, {**STOPPING, "ha": True}, claimed(12, "other"), "EXPIRED", "")
    goes_on = {**TOLD, "ha": True}
    del goes_on["restore"]
    assert (decision["kind"], decision["go"]) == ("GO_ON", goes_on)


def test_a_stop_that_is_called_off_keeps_where_its_attempt_began(ask: Ask) -> None:
    go = {**STOPPING, "ha": True, "restore": RESTORE}
    decision = decided(ask, go, claimed(12, "other"), "EXPIRED", "")
    assert decision["go"] == {**TOLD, "ha": True}


def test_nobody_knows_the_state_of_a_stop_without_savepoint_and_high_availability(ask: Ask) -> None:
    decision = decided(ask, STOPPING, claimed(12, "other"), "EXPIRED", "")
    assert (decision["kind"], decision["reason"]) == (
        "WAIT",
        "attempt 12 is being stopped, by nobody any more, and there is no savepoint below "
        "s3://b/d/: without high availability nobody knows where its state is",
    )


@pytest.mark.parametrize("claim", [None, claimed(11, "other")])
def test_a_stop_is_not_called_off_for_an_attempt_that_never_ran(ask: Ask, claim: object) -> None:
    decision = decided(ask, {**STOPPING, "ha": True}, claim, "EXPIRED", "")
    assert (decision["kind"], decision["reason"]) == (
        "WAIT",
        "attempt 12 is being stopped, by nobody any more, and there is no savepoint below "
        "s3://b/d/: it was never started",
    )


def test_what_was_taken_back_before_is_not_taken_back_again(ask: Ask) -> None:
    decision = decided(ask, STOPPED, claimed(13, "other"), "EXPIRED")
    assert (decision["kind"], decision["reason"]) == (
        "WAIT",
        "a later attempt, 13, was claimed",
    )


@pytest.mark.parametrize(
    ("go", "error"),
    [
        ("not json", "not JSON at character 0"),
        ({"state": "jump"}, "flink-components/go has an unknown state jump"),
        (
            {**TOLD, "attempt": "12"},
            'flink-components/go has no usable attempt, but "12"',
        ),
        ({**TOLD, "jobId": None}, "flink-components/go has no usable jobId, but null"),
        ({**TOLD, "jobId": "x"}, "x is not a job id of 32 hex digits"),
        (
            {**STOPPING, "back": {}},
            "flink-components/go.back has no usable attempt, but null",
        ),
    ],
)
def test_what_cannot_be_understood_is_said(ask: Ask, go: object, error: str) -> None:
    text = json.loads(lease(go))
    if isinstance(go, str):
        text["metadata"]["annotations"][GO] = go
    answer = ask({"lease": json.dumps(text), "lock": "FREE", "found": None})
    assert answer == {"error": error}


@pytest.mark.parametrize(
    ("go", "claim", "lock", "verdict"),
    [
        (TOLD, claimed(12, "ours"), "FREE", "RUNS_ON"),
        (TOLD, None, "FREE", "RUNS_ON"),
        (None, claimed(12, "ours"), "FREE", "RUNS_ON"),
        ({"state": "down"}, claimed(12, "ours"), "EXPIRED", "RUNS_ON"),
        ({**TOLD, "attempt": 13}, claimed(12, "ours"), "HELD", "DISOWNED"),
        ({**TOLD, "revision": 8}, claimed(12, "ours"), "HELD", "DISOWNED"),
        (TOLD, claimed(13, "other"), "FREE", "DISOWNED"),
        ({"state": "down"}, claimed(13, "other"), "FREE", "DISOWNED"),
        (STOPPED, claimed(12, "ours"), "HELD", "RUNS_ON"),
        (STOPPED, claimed(12, "ours"), "FREE", "STOPPED"),
        (STOPPED, claimed(12, "ours"), "EXPIRED", "STOPPED"),
        (STOPPING, claimed(12, "ours"), "EXPIRED", "STOPPED_IF_ENDED"),
        ({**STOPPING, "revision": 8}, claimed(12, "ours"), "EXPIRED", "RUNS_ON"),
        ({**STOPPING, "attempt": 11}, claimed(12, "ours"), "EXPIRED", "RUNS_ON"),
    ],
)
def test_what_the_ledger_says_about_a_flink_that_runs(
    ask: Ask, go: object, claim: object, lock: str, verdict: str
) -> None:
    question = {"lease": lease(go, claim), "lock": lock, "started": json.dumps(TOLD)}
    assert ask(question) == {"verdict": verdict}


def test_json_that_is_not_ours_is_written_as_it_was_read(ask: Ask) -> None:
    text = (
        '{"z":[],"a":{"n":null,"t":true,"f":false,"i":-12,"d":1.50,"e":[{"x":1},[2,3]]},'
        '"text":"\\"quoted\\" \\\\ \\u0001 é \\u2028","empty":{}}'
    )
    written = ask({"json": text})["json"]
    assert list(json.loads(written).items()) == list(json.loads(text).items())
    assert '"d":1.50' in written
