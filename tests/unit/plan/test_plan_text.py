"""A plan as a person reads it."""

from __future__ import annotations

import pytest

from flink_components.plan.changes import Change, Kind
from flink_components.plan.plan import Plan, interruption, shown


def test_an_upgrade() -> None:
    plan = Plan(
        key="payments/fraud",
        old_revision=7,
        new_revision=8,
        headline="RESTARTS WITH ITS STATE",
        changed=(
            Change("jar_content", "9f2c1111aa", "77b02222bb", Kind.RESTART),
            Change("parallelism", None, 4, Kind.RESTART),
            Change("description", "a", "b", Kind.IN_PLACE),
        ),
        restore="a savepoint taken by this up",
        unfinished="an earlier stop is finished first",
    )
    assert plan.text() == (
        "payments/fraud  r7 -> r8  RESTARTS WITH ITS STATE\n"
        "    changed   jar_content 9f2c1111… -> 77b02222…  (restarts the job)\n"
        "              parallelism (unset) -> 4  (restarts the job)\n"
        "              description a -> b  (in place)\n"
        "    first     an earlier stop is finished first\n"
        "    from      a savepoint taken by this up"
    )


def test_a_job_that_runs_on() -> None:
    assert Plan("payments/fraud", 7, 7, "RUNS ON").text() == "payments/fraud  r7  RUNS ON"


def test_what_is_not_known_and_what_is_refused() -> None:
    unknown = Plan("payments/fraud", None, None, "UNKNOWN", unknown="Flink can't be asked: x")
    refused = Plan("payments/fraud", 1, 2, "REFUSED", refused="state would be lost")
    assert unknown.text() == "payments/fraud  UNKNOWN\n    unknown   Flink can't be asked: x"
    assert refused.text() == (
        "payments/fraud  r1 -> r2  REFUSED\n    refused   state would be lost"
    )


def test_long_values_are_cut_and_clusters_are_named() -> None:
    plan = Plan(
        key="k",
        old_revision=1,
        new_revision=1,
        headline="RUNS ON",
        changed=(
            Change("cluster", {"key": "a/b", "revision": 1, "service": "s"}, None, Kind.MOVE),
            Change("args", ["x" * 80], ["y"], Kind.RESTART),
        ),
    )
    cluster, args = plan.text().splitlines()[1:]
    assert cluster == "    changed   cluster a/b r1 -> (unset)  (moves the job to another cluster)"
    assert args == f'              args ["{"x" * 57}… -> ["y"]  (restarts the job)'


def test_of_lists_of_objects_only_what_differs_is_shown() -> None:
    data = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    old, new = ({"name": "jar", "configMap": {"name": name}} for name in ("a", "b"))
    changed = (Change("volumes", [data, old], [data, new], Kind.RESTART),)
    (line,) = Plan("k", 1, 2, "RESTARTS", changed=changed).text().splitlines()[1:]
    assert line == (
        '    changed   volumes [{"configMap": {"name": "a"}, "name": "jar"}]'
        ' -> [{"configMap": {"name": "b"}, "name": "jar"}]  (restarts the job)'
    )


@pytest.mark.parametrize(
    ("down", "said"),
    [
        ((), ""),
        ((0.34,), "~340 ms (last time: 340 ms)"),
        ((0.32, 0.34, 0.61), "~340 ms (last three: 320, 340, 610 ms)"),
        ((2.5, 3.5), "~3.0 s (last two: 2.5, 3.5 s)"),
        ((48.0, 51.2, 61.0), "~51 s (last three: 48, 51, 61 s)"),
    ],
)
def test_an_interruption_in_the_unit_that_fits(down: tuple[float, ...], said: str) -> None:
    assert interruption(down) == said


def test_what_happens_after_the_stop() -> None:
    plan = Plan(
        key="payments/fraud",
        old_revision=7,
        new_revision=8,
        headline="RESTARTS WITH ITS STATE",
        restore="a savepoint taken by this up",
        if_it_fails="r7 runs on",
        down=(48.0, 51.0, 61.0),
        stable="every task RUNNING; limit 14 min",
        way_back="r7 again from that savepoint",
    )
    assert plan.text() == (
        "payments/fraud  r7 -> r8  RESTARTS WITH ITS STATE\n"
        "    from      a savepoint taken by this up\n"
        "              if it fails: r7 runs on\n"
        "    down      ~51 s (last three: 48, 51, 61 s)\n"
        "    stable    every task RUNNING; limit 14 min\n"
        "    else      r7 again from that savepoint"
    )


def test_no_value_passes_for_another_line() -> None:
    change = Change("description", "a", "b\n    refused   no\x1b[31m", Kind.IN_PLACE)
    plan = Plan("k", 1, 1, "RUNS ON", changed=(change,))
    assert plan.text().splitlines()[1:] == [
        "    changed   description a -> b\\u000a    refused   no\\u001b[31m  (in place)"
    ]


def test_options_with_the_name_of_a_secret_are_hidden() -> None:
    change = Change("config", {"s3.secret-key": "hunter2", "a": 1}, None, Kind.RESTART)
    assert shown(change) == ('{"a": 1, "s3.secret-key": "[secret]"}', "(unset)")
