"""The process dies at any one of its calls, by SIGKILL, and the next run makes it good.

Every point of every operation by `--faults all`; else one in so many, drawn by `--faults-seed`.
"""

from __future__ import annotations

import pytest

from tests.faults.operations import OPERATIONS
from tests.faults.rounds import NewJob, strike_some
from tests.faults.switch import KILLS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_death_at_any_point_is_made_good_by_the_next_run(
    operation: str, new_job: NewJob, faults_share: int, faults_seed: int
) -> None:
    assert strike_some(new_job, operation, KILLS, faults_share, faults_seed) == []
