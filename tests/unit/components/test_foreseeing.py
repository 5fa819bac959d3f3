"""What is said beforehand of an application, by what is declared now and was before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flink_components.components.foreseeing import application, switch
from flink_components.kube.objects.application import fingerprint
from flink_components.plan.plan import Plan
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from tests.unit.doubles.world import Process, World

DECLARED: dict[str, Any] = {
    "name": "fraud",
    "namespace": "payments",
    "key": "payments/fraud",
    "flink_version": "1.20.3",
    "image": "acme/fraud:4.1.3",
    "jar": "local:///opt/flink/usrlib/fraud.jar",
    "savepoint_dir": "s3://acme/savepoints",
}


def inputs(number: int = 1, **changes: Any) -> dict[str, Any]:
    """The inputs of an ApplicationRevision, as `check` has completed them."""
    declared = {**DECLARED, **changes}
    added = {"number": float(number), "fingerprint": fingerprint(load(ApplicationSpec, declared))}
    return {**declared, **added, "connection": {}, "urn": "urn:…::fraud", "stack": "acme/flink/dev"}


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(World(tmp_path))


def foreseen(process: Process, new: dict[str, Any], before: dict[str, Any] | None = None) -> Plan:
    found = application(new, before, None)
    assert found is not None
    return found(process.shop)


def test_a_new_application_starts(process: Process) -> None:
    plan = foreseen(process, inputs())
    assert (plan.key, plan.new_revision, plan.headline) == ("payments/fraud", 1, "STARTS")
    assert plan.changed == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"image": "acme/fraud:4.2.0"}, ["image  restarts the job"]),
        ({"jar": "local:///opt/flink/usrlib/x.jar"}, ["jar  restarts the job"]),
        ({"args": ["--from", "x"]}, ["args  restarts the job"]),
        ({"parallelism": 4}, ["parallelism  restarts the job"]),
        ({"config": {"a.b": 1}}, ['config["a.b"]  restarts the job']),
        ({"env": [{"name": "A", "value": "1"}]}, ["env.A  restarts the job"]),
        ({"task_manager": {"memory": "2Gi"}}, ["task_manager  restarts the job"]),
        ({"task_manager": {"replicas": 3}}, ["task_manager.replicas  in place"]),
        ({"labels": {"team": "risk"}}, ["labels  in place"]),
        ({"savepoint_dir": "s3://acme/other"}, ["savepoint_dir  in place"]),
        ({"checkpoint_dir": "s3://acme/other"}, ["checkpoint_dir  restarts the job"]),
        ({"deadlines": {"stable": "1 h"}}, ["deadlines  in place"]),
        ({"surge": False}, ["surge  in place"]),
        ({"state": "suspended"}, ["state  starts or stops the job"]),
        ({"surge": True, "cleanup": "on_finish", "args": []}, []),
    ],
)
def test_each_changed_argument_is_named_with_what_it_does(
    process: Process, change: dict[str, Any], expected: list[str]
) -> None:
    plan = foreseen(process, inputs(2, **change), inputs())
    assert [f"{one.field}  {one.kind.value}" for one in plan.changed] == expected


@pytest.mark.parametrize(
    "change",
    [
        {"image": "acme/fraud:4.2.0"},
        {"jar": "local:///opt/flink/usrlib/x.jar"},
        {"args": ["--from", "x"]},
        {"parallelism": 4},
        {"config": {"a.b": 1}},
        {"env": [{"name": "A", "value": "1"}]},
        {"task_manager": {"memory": "2Gi"}},
        {"task_manager": {"replicas": 3}},
        {"labels": {"team": "risk"}},
        {"annotations": {"team": "risk"}},
        {"savepoint_dir": "s3://acme/other"},
        {"checkpoint_dir": "s3://acme/other"},
        {"network_policy": {"enabled": False}},
        {"node_selector": {"pool": "flink"}},
        {"log4j": "rootLogger.level = DEBUG"},
        {"name": "other"},
    ],
)
def test_a_restart_is_said_exactly_where_there_is_a_new_revision(
    process: Process, change: dict[str, Any]
) -> None:
    before, new = inputs(), inputs(2, **change)
    restarts = {one.kind.value for one in foreseen(process, new, before).changed}
    assert restarts == (
        {"restarts the job"} if new["fingerprint"] != before["fingerprint"] else {"in place"}
    )


def test_no_option_that_looks_like_a_secret_is_shown(process: Process) -> None:
    new = inputs(
        2,
        config={"s3.secret-key": "hunter2"},
        env=[{"name": "DB_PASSWORD", "value": "hunter2"}],
    )
    assert "hunter2" not in foreseen(process, new, inputs()).text()


def test_what_is_not_known_yet_is_not_guessed() -> None:
    unnumbered = {name: value for name, value in inputs().items() if name != "number"}
    assert application(unnumbered, None, None) is None


def test_a_switch_without_its_service_is_not_guessed() -> None:
    from pulumi.output import Unknown

    assert switch({"key": "payments/fraud", "service_uid": Unknown()}, None, None) is None
