"""When the guard takes the holder of the lock for gone: by its own clock alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Ask = Callable[[dict[str, Any]], dict[str, Any]]


def lock(holder: str, renewed: str, seconds: int | None = 20) -> str:
    spec = {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": seconds}
    return json.dumps({"metadata": {}, "spec": spec})


def states(ask: Ask, *looks: tuple[str | None, int]) -> list[str | None]:
    answer: list[str | None] = ask({"looks": looks})["states"]
    return answer


def test_a_holder_that_does_not_renew_is_gone_after_the_duration_of_the_lock(ask: Ask) -> None:
    held = lock("a runner", "2026-01-01T00:00:00Z")
    seen = states(ask, (held, 5_000), (held, 25_000), (held, 25_001))
    assert seen == ["HELD", "HELD", "EXPIRED"]


def test_the_time_that_a_holder_writes_is_never_compared_with_ours(ask: Ask) -> None:
    long_ago, far_ahead = lock("a", "1970-01-01T00:00:00Z"), lock("a", "2999-01-01T00:00:00Z")
    assert states(ask, (long_ago, 0), (far_ahead, 19_000), (far_ahead, 39_001)) == [
        "HELD",
        "HELD",
        "EXPIRED",
    ]


def test_each_renewal_gives_the_holder_its_time_again(ask: Ask) -> None:
    looks = [(lock("a runner", f"renewal {n}"), n * 15_000) for n in range(4)]
    assert states(ask, *looks) == ["HELD"] * 4


def test_a_new_holder_has_its_own_time(ask: Ask) -> None:
    one, other = lock("one", "t"), lock("other", "t")
    assert states(ask, (one, 0), (other, 15_000), (other, 30_000)) == ["HELD"] * 3


def test_a_lock_that_was_given_back_is_free(ask: Ask) -> None:
    one, free = lock("one", "t"), lock("", "t")
    assert states(ask, (free, 0), (one, 1), (free, 2), (one, 21_000)) == [
        "FREE",
        "HELD",
        "FREE",
        "HELD",
    ]


def test_a_holder_gets_its_time_again_after_the_ledger_could_not_be_read(ask: Ask) -> None:
    held = lock("a runner", "t")
    assert states(ask, (held, 0), (None, 19_000), (held, 21_000), (held, 41_001)) == [
        "HELD",
        None,
        "HELD",
        "EXPIRED",
    ]


def test_a_lock_without_a_duration_lasts_20_s(ask: Ask) -> None:
    held = lock("a runner", "t", seconds=None)
    assert states(ask, (held, 0), (held, 20_000), (held, 20_001)) == ["HELD", "HELD", "EXPIRED"]
