"""A plan as a person reads it."""

from __future__ import annotations

from flink_components.plan.changes import Change, Kind
from flink_components.plan.plan import Plan


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
