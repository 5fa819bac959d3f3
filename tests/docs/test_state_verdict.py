"""The page of the state verdict shows what a preview prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.doubles.job_graphs import operator
from tests.unit.doubles.judged_job import NUMBERS, OFFSETS, RULES, SAME, WINDOW, JudgedJob
from tests.unit.doubles.world import World

_PAGE = (Path(__file__).parents[2] / "docs/state-verdict.md").read_text()
_SECTION = _PAGE.partition("\n## In a preview\n")[2].partition("\n## ")[0]
_FENCED = re.findall(r"^```(\w*)\n(.+?)\n```$", _SECTION, re.MULTILINE | re.DOTALL)
_SHOWN = [text for language, text in _FENCED if not language]
_LOST = (NUMBERS, OFFSETS, WINDOW, operator("totals", "numbers"), RULES)
_ACCEPT = [{"operator": "remember", "up_to": "1Mi", "version": "2", "reason": "made again"}]


@pytest.fixture
def job(tmp_path: Path) -> JudgedJob:
    return JudgedJob(World(tmp_path))


def test_an_upgrade_with_all_its_state(job: JudgedJob) -> None:
    assert _SHOWN[0] == job.text(**job.next(*SAME, operator("score", "remember")))


def test_one_that_would_lose_state(job: JudgedJob) -> None:
    assert _SHOWN[1] == job.text(**job.next(*_LOST))


def test_one_whose_loss_is_accepted(job: JudgedJob) -> None:
    assert _SHOWN[2] == job.text(**job.next(*_LOST), accept=_ACCEPT)


def test_nothing_else_is_shown() -> None:
    assert len(_SHOWN) == 3
