"""Operator ids, against ones that real Flinks have shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_components.flink.operator_ids import (
    generated_id,
    id_of_uid,
    murmur3_x64_128,
    with_input,
)

SOURCE = "bc764cd8ddf7a0cff126f51c16239658"
CHAINED_SOURCE = "cbc357ccb763df2852fee8c4fc7d55f2"
SECOND_SOURCE = "feca28aff5a3958840bee985ee7de4d3"
TAG = "b27f31f3e3a199a9981d185a455185be"
COUNT = "353a6b34b8b7f1c1d0fb4616d911049c"
TOTAL = "85a98439411adecd2277cc3e17187b8b"
JOIN = "f837a1f3b2741cf1f59676ac338a478f"


@pytest.mark.parametrize(
    ("data", "hashed"),
    [
        (b"", "00000000000000000000000000000000"),
        (b"hello", "029bbd41b3a7d8cb191dae486a901e5b"),
        (b"uid-src", "c903c0d80d1dea6f259a9f4d5c80e2b9"),
        (b"The quick brown fox jumps over the lazy dog", "6c1b07bc7bbc4be347939ac4a93c437a"),
    ],
)
def test_the_hash_is_murmur3(data: bytes, hashed: str) -> None:
    assert murmur3_x64_128(data).hex() == hashed


def test_the_id_of_a_uid() -> None:
    assert id_of_uid("uid-count") == "ce1cae44f8cf8fd19ea4f9c79b718a60"


@pytest.mark.parametrize(
    ("position", "chained", "inputs", "made"),
    [
        (0, 0, [], SOURCE),
        (0, 1, [], CHAINED_SOURCE),
        (1, 0, [], SECOND_SOURCE),
        (2, 0, [SOURCE, SECOND_SOURCE], TAG),
        (3, 0, [TAG], COUNT),
        (4, 0, [COUNT], TOTAL),
        (5, 1, [COUNT, TOTAL], JOIN),
    ],
)
def test_the_id_of_an_operator_without_a_uid(
    position: int, chained: int, inputs: list[str], made: str
) -> None:
    assert generated_id(position, chained, inputs) == made


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_the_input_comes_back_from_what_it_made(made: bytes, before: bytes) -> None:
    assert with_input(made, with_input(made, before)) == before
