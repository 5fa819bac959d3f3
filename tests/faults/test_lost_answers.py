"""An answer is lost, late or another one: the same run or the next copes.

Lost: the call was carried out. Late: it is carried out after its caller has given it up. Another
one: a proxy on the way gave it.
"""

from __future__ import annotations

import pytest

from tests.faults.operations import OPERATIONS
from tests.faults.rounds import NewJob, strike_some
from tests.faults.switch import Fault

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]

ANSWERS = (Fault.LOST, Fault.UNAVAILABLE, Fault.BROKEN)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_lost_or_wrong_answer_at_any_point_is_made_good(
    operation: str, new_job: NewJob, faults_share: int, faults_seed: int
) -> None:
    assert strike_some(new_job, operation, ANSWERS, faults_share, faults_seed) == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_call_that_arrives_after_its_caller_gave_it_up_is_made_good(
    operation: str, new_job: NewJob, faults_share: int, faults_seed: int
) -> None:
    assert strike_some(new_job, operation, (Fault.LATE,), faults_share, faults_seed) == []
