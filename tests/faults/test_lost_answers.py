"""An answer is lost, or a proxy on the way gives another one: the same run or the next copes."""

from __future__ import annotations

import pytest

from tests.faults.operations import OPERATIONS
from tests.faults.rounds import NewJob, Rounds, sample, strike_all
from tests.faults.switch import Fault

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]

ANSWERS = (Fault.LOST, Fault.UNAVAILABLE, Fault.BROKEN)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_lost_or_wrong_answer_at_any_point_is_made_good(
    operation: str, new_job: NewJob, faults_share: int, faults_seed: int
) -> None:
    rounds = Rounds(new_job, operation)
    points = rounds.points()
    rounds.close()
    strikes = sample(points, ANSWERS, faults_share, faults_seed)
    print(f"{operation}: {len(points)} points, {len(strikes)} answers, seed {faults_seed}")
    assert strike_all(new_job, operation, points, strikes) == []
