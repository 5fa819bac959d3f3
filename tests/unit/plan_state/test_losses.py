"""Losses that are accepted by name, and the line that accepts one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_components.flink.operator_ids import id_of_uid
from flink_components.plan.state.losses import (
    acceptance,
    accepted_losses,
    refused_losses,
    size_text,
)
from flink_components.plan.state.verdict import Dropped, StateVerdict, Verdict
from flink_components.spec.base import load
from flink_components.spec.job import StateLoss

ID = "8b1f0200000000000000000000000001"
LOST = Dropped(ID, 20 << 20, ("keyed",), uid="dedup", name="Dedup window")
VERDICT = StateVerdict(Verdict.PARTIAL, dropped=(LOST,))


def loss(operator: str, **fields: Any) -> StateLoss:
    values = {"operator": operator, "version": "4.2.0", "reason": "rebuilt in an hour"}
    return load(StateLoss, values | fields)


@pytest.mark.parametrize("name", ["dedup", "Dedup window", ID, "*"])
def test_it_is_accepted_by_uid_name_or_id_or_with_all(name: str) -> None:
    assert refused_losses(VERDICT, [loss(name)], "4.2.0") == ()


def test_a_uid_names_it_where_the_snapshot_does_not_know_that() -> None:
    old = Dropped(id_of_uid("dedup"), 20 << 20, ("keyed",))
    verdict = StateVerdict(Verdict.PARTIAL, dropped=(old,))
    assert refused_losses(verdict, [loss("dedup")], "4.2.0") == ()
    (found,) = accepted_losses(verdict, [loss("other"), loss("dedup")], "4.2.0")
    assert (found.dropped, found.by) == (old, loss("dedup"))


def test_without_acceptance_the_line_to_write_is_said() -> None:
    (refused,) = refused_losses(VERDICT, [loss("other")], "4.2.0")
    assert (refused.dropped, refused.why) == (LOST, "")
    assert refused.line == (
        '{"operator": "dedup", "up_to": "22Mi", "version": "4.2.0", "reason": "…"}'
    )


def test_it_is_used_up_by_its_version() -> None:
    (refused,) = refused_losses(VERDICT, [loss("dedup")], "4.3.0")
    assert refused.why == "it is accepted for version 4.2.0, and this is 4.3.0"


def test_more_than_was_accepted_is_refused() -> None:
    (refused,) = refused_losses(VERDICT, [loss("dedup", up_to="10Mi")], "4.2.0")
    assert refused.why == "it is accepted up to 10Mi, and it has 20.0 MiB"


def test_each_operator_is_accepted_for_itself() -> None:
    other = Dropped("0" * 32, 1, ("keyed",), uid="sum")
    both = StateVerdict(Verdict.PARTIAL, dropped=(LOST, other))
    (refused,) = refused_losses(both, [loss("dedup")], "4.2.0")
    assert refused.dropped is other


@given(st.integers(0, 1 << 50))
def test_the_line_accepts_the_loss_that_it_is_for(size: int) -> None:
    lost = Dropped(ID, size, ("keyed",))
    written = load(StateLoss, json.loads(acceptance(lost, "1")))
    assert refused_losses(StateVerdict(Verdict.PARTIAL, dropped=(lost,)), [written], "1") == ()


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (150 << 10, "150 KiB"),
        (19_756_849_562, "18.4 GiB"),
        (3 << 40, "3.0 TiB"),
    ],
)
def test_sizes_as_a_person_reads_them(size: int, text: str) -> None:
    assert size_text(size) == text
