"""Sizes, processor shares and times in the spellings of Flink and Kubernetes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_components.spec.errors import FieldError
from flink_components.spec.quantity import Cpu, Duration, Memory


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2Gi", 2147483648),
        ("1600Mi", 1677721600),
        ("1600m", 1677721600),
        ("2g", 2147483648),
        ("2 gb", 2147483648),
        ("1.5Gi", 1610612736),
        ("512k", 524288),
        ("1073741824", 1073741824),
        (1073741824.0, 1073741824),
        (0, 0),
    ],
)
def test_memory_is_read(text: object, size: int) -> None:
    assert Memory.parse(text).bytes == size


@pytest.mark.parametrize(
    ("size", "kubernetes", "flink"),
    [
        (2147483648, "2Gi", "2g"),
        (1677721600, "1600Mi", "1600m"),
        (1073741825, "1073741825", "1073741825b"),
        (0, "0", "0b"),
    ],
)
def test_memory_is_written_for_both(size: int, kubernetes: str, flink: str) -> None:
    assert (Memory(size).kubernetes, Memory(size).flink) == (kubernetes, flink)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2G", "G is decimal to Kubernetes and binary to Flink; write 2Gi, or 2g"),
        (1600, "has no unit, and as bytes it is very little"),
        ("1Q", "has the unknown unit 'Q'"),
        ("much", "is not a size"),
        (True, "is not a size"),
        (-5, "is negative"),
        (float("nan"), "is not a number"),
        ("0.3k", "is not a whole number of bytes"),
    ],
)
def test_memory_that_means_nothing_or_two_things_is_refused(value: object, expected: str) -> None:
    with pytest.raises(FieldError, match=expected):
        Memory.parse(value)


@pytest.mark.parametrize(
    ("value", "millicores"),
    [("500m", 500), ("0.5", 500), (1.5, 1500), (2.0, 2000), ("2", 2000), (1e-3, 1)],
)
def test_cpu_is_read(value: object, millicores: int) -> None:
    assert Cpu.parse(value).millicores == millicores


@pytest.mark.parametrize("value", ["0", "2Gi", -1, 0.0001, "", float("inf"), False])
def test_an_unusable_cpu_is_refused(value: object) -> None:
    with pytest.raises(FieldError, match="write"):
        Cpu.parse(value)


@pytest.mark.parametrize(
    ("text", "milliseconds", "flink"),
    [
        ("200 ms", 200, "200 ms"),
        ("90s", 90_000, "90 s"),
        ("5 min", 300_000, "5 min"),
        ("5m", 300_000, "5 min"),
        ("1h30min", 5_400_000, "90 min"),
        ("2 days", 172_800_000, "2 d"),
        ("PT1H30M", 5_400_000, "90 min"),
        ("P1DT2S", 86_402_000, "86402 s"),
        ("PT0.5S", 500, "500 ms"),
        ("0 s", 0, "0 ms"),
    ],
)
def test_a_time_is_read_and_written(text: str, milliseconds: int, flink: str) -> None:
    assert (Duration.parse(text).milliseconds, Duration.parse(text).flink) == (milliseconds, flink)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (90, "has no unit"),
        ("90", "has no unit"),
        ("1h 30", "has no unit"),
        ("5 years", "has the unknown unit 'years'"),
        ("soon", "is not a time"),
        ("P", "is not a time"),
        ("-5 s", "is not a time"),
    ],
)
def test_a_time_that_is_not_clear_is_refused(value: object, expected: str) -> None:
    with pytest.raises(FieldError, match=expected):
        Duration.parse(value)


@given(st.integers(min_value=1024**2, max_value=2**50))
def test_memory_survives_both_spellings(size: int) -> None:
    assert Memory.parse(Memory(size).kubernetes) == Memory(size)
    assert Memory.parse(Memory(size).flink) == Memory(size)


@given(st.integers(min_value=1, max_value=10**7))
def test_cpu_survives_its_spelling(millicores: int) -> None:
    assert Cpu.parse(Cpu(millicores).kubernetes) == Cpu(millicores)


@given(st.integers(min_value=0, max_value=10**12))
def test_a_time_survives_its_spelling(milliseconds: int) -> None:
    assert Duration.parse(Duration(milliseconds).flink) == Duration(milliseconds)
