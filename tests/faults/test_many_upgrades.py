"""One job is upgraded again and again, with one fault in each upgrade, and loses nothing."""

from __future__ import annotations

import random

import pytest

from tests.faults.rounds import NewJob, Rounds
from tests.faults.switch import Fault, Strike

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]

_ALL = 50


def test_upgrades_in_a_row_with_a_fault_in_each(
    new_job: NewJob, faults_share: int, faults_seed: int
) -> None:
    rounds = Rounds(new_job, "upgrade")
    points = rounds.points()
    draw = random.Random(faults_seed)
    upgrades = max(_ALL // faults_share, 3)
    strikes = [
        Strike(draw.randrange(len(points)), draw.choice(list(Fault))) for _ in range(upgrades)
    ]
    print(f"{upgrades} upgrades of one job, seed {faults_seed}")
    wrong = [(str(strike), problem) for strike in strikes for problem in rounds.strike(strike)]
    rounds.close()
    assert wrong == []
