"""Names that Kubernetes accepts."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from flink_components.spec.names import (
    hashed_name,
    job_key,
    label_value,
    plain_or_hashed_name,
    revision_name,
)

DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
names = st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)


def test_a_hashed_name_is_readable_and_ends_in_its_hash() -> None:
    assert hashed_name("payments/fraud", "-ledger") == "payments-fraud-41992dc6-ledger"


def test_a_key_is_the_namespace_and_the_name() -> None:
    assert job_key("payments", "fraud") == "payments/fraud"


def test_a_short_revision_name_is_not_hashed() -> None:
    assert revision_name("fraud", 7, "jobmanager") == "fraud-r7-jobmanager"


def test_a_long_revision_name_keeps_revision_and_part() -> None:
    name = revision_name("a" * 63, 12, "taskmanager")
    assert name.startswith("aaaa")
    assert name.endswith("-r12-taskmanager")
    assert len(name) == 63


def test_a_label_value_that_is_allowed_stays_as_it_is() -> None:
    assert label_value("fraud-2.1_x") == "fraud-2.1_x"


def test_a_key_as_a_label_value_is_readable_and_hashed() -> None:
    assert label_value("payments/fraud") == "payments-fraud-41992dc6"


@given(st.text(min_size=1))
def test_a_hashed_name_is_always_dns_1035_and_at_most_63_characters(key: str) -> None:
    name = hashed_name(key, "-ledger")
    assert len(name) <= 63
    assert DNS_1035.fullmatch(name)


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_keys_have_two_hashed_names(one: str, other: str) -> None:
    assert (hashed_name(one) == hashed_name(other)) == (one == other)


@given(names, st.integers(1, 10**6), st.sampled_from(["jobmanager", "rest", "config"]))
def test_a_revision_name_is_always_dns_1035_and_at_most_63_characters(
    name: str, revision: int, part: str
) -> None:
    for made in (revision_name(name, revision, part), plain_or_hashed_name(name, f"-{part}")):
        assert len(made) <= 63
        assert DNS_1035.fullmatch(made)


@given(st.text())
def test_a_label_value_is_always_allowed(text: str) -> None:
    value = label_value(text)
    assert len(value) <= 63
    assert LABEL_VALUE.fullmatch(value)
