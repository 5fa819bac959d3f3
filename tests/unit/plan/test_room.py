"""What the quotas of a namespace leave for new pods."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.plan.room import Needs, rooms

GIBI = 1024**3
POD = Needs(pods=1, millicores=500, memory=2 * GIBI)


def quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "team"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used or {}},
    }


def test_what_pods_need_is_added_up() -> None:
    assert str(POD + POD * 2) == "1.5 CPU, 6 GiB, 3 pods"


def test_one_pod_is_one_pod() -> None:
    assert str(POD) == "0.5 CPU, 2 GiB, 1 pod"


@pytest.mark.parametrize(
    ("resource", "hard", "used", "left"),
    [
        ("requests.cpu", "2", "500m", 1500),
        ("cpu", "2", "2500m", -500),
        ("requests.memory", "8Gi", "3Gi", 5 * GIBI),
        ("limits.memory", "1e10", "0", 10_000_000_000),
        ("memory", "1G", "1M", 999_000_000),
        ("pods", "10", "7", 3),
        ("count/pods", "10", "10", 0),
    ],
)
def test_a_quota_leaves_what_is_not_used(resource: str, hard: str, used: str, left: int) -> None:
    (found,) = rooms([quota({resource: hard}, {resource: used})], POD)
    assert found.left == left


def test_a_quota_of_what_pods_do_not_use_is_left_out() -> None:
    assert (
        rooms([quota({"services": "5", "requests.storage": "1Ti", "limits.cpu": "1"})], POD) == ()
    )


def test_limits_of_processors_count_where_all_pods_have_them() -> None:
    limited = Needs(pods=1, millicores=500, memory=GIBI, limited=1000)
    (found,) = rooms([quota({"limits.cpu": "1"})], limited * 2)
    assert (found.needed, found.is_enough) == (2000, False)
    assert rooms([quota({"limits.cpu": "1"})], limited + POD) == ()


def test_a_quota_for_some_pods_only_is_left_out() -> None:
    scoped = quota({"pods": "0"}, scopes=["Terminating"])
    assert rooms([scoped], POD) == ()


def test_as_much_as_is_left_is_enough() -> None:
    found = rooms([quota({"pods": "2", "requests.memory": "4Gi"})], POD * 2)
    assert [one.is_enough for one in found] == [True, True]


def test_a_shortage_names_the_quota_and_both_amounts() -> None:
    (found,) = rooms([quota({"requests.memory": "3Gi"}, {"requests.memory": "1Gi"})], POD * 2)
    assert found.shortage() == "quota team leaves 2 GiB of requests.memory, and they need 4 GiB"
