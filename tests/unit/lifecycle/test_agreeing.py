"""A plan in a file, and what is refused since it is not what would be done now."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flink_components.lifecycle.agreeing import Agreed, PlanFileError, read_plan
from flink_components.lifecycle.errors import StepFailed
from flink_components.lifecycle.planning import plan
from flink_components.plan.plan import Plan
from flink_components.plan.plan_json import as_json, of_stack
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.job_graphs import operator
from tests.unit.doubles.judged_job import NUMBERS, OFFSETS, RULES, SAME, WINDOW, JudgedJob
from tests.unit.doubles.wire import Fault, Killed
from tests.unit.doubles.world import Process, World
from tests.unit.lifecycle.scenarios import running

STACK = "acme/flink/prod"
AGAIN = (
    "make it again with `flink-components plan --out FILE`, or unset flink:plan_file to go on "
    "without one"
)


def planned(world: World, **changes: Any) -> Plan:
    old = world.wish()
    inputs = {**old.spec.model_dump(mode="json"), "jar_content": old.content}
    return plan(Process(world).shop, world.wish(**changes), inputs)


def agreed(world: World, *plans: Plan, untouched: tuple[str, ...] = ()) -> Agreed:
    """What is read from the file of these plans."""
    file = world.folder / "plan.json"
    file.write_text(json.dumps(of_stack(STACK, map(as_json, plans), untouched)))
    return read_plan(file, STACK)


def next_jar(world: World) -> dict[str, str]:
    return {"jar": world.jar(entries="2")}


def test_what_was_planned_is_done(world: World) -> None:
    running(world)
    first = planned(world, **next_jar(world))
    now = planned(world, **next_jar(world))
    assert agreed(world, first).checked(now) is now


def test_ages_sizes_and_numbers_of_checkpoints_do_not_count(world: World) -> None:
    running(world)
    changes = {**next_jar(world), "upgrade_mode": "last_state"}
    world.flink.checkpoint(world.the_job().id)
    first = planned(world, **changes)
    world.advance(600)
    world.flink.checkpoint(world.the_job().id)
    now = planned(world, **changes)
    assert now.text() != first.text()
    assert agreed(world, first).checked(now) is now


def test_another_way_to_restart_is_refused_with_both(world: World) -> None:
    running(world)
    first = planned(world, **next_jar(world))
    world.flink.checkpoint(world.the_job().id)
    now = planned(world, **next_jar(world), upgrade_mode="last_state")
    found = agreed(world, first).checked(now)
    assert found.refused == (
        "plan.json says otherwise (restore: planned new savepoint, now latest checkpoint; order: "
        "planned stop with a savepoint, start, stable, now cancel, and go on from the latest "
        f"completed checkpoint, start, stable): {AGAIN}"
    )
    assert found.text().splitlines()[0] == (
        "payments/fraud  r1 -> r2  REFUSED, NOT AS PLANNED: RESTARTS WITH ITS STATE"
    )
    assert "    planned   payments/fraud  r1 -> r2  RESTARTS WITH ITS STATE" in found.text()
    assert now.restore in found.text()
    assert first.restore in found.text()


def test_another_verdict_is_refused(world: World) -> None:
    job = JudgedJob(world)
    first = job.planned(**job.next(*SAME))
    less = job.next(NUMBERS, OFFSETS, WINDOW, operator("totals", "numbers"), RULES)
    accept = [{"operator": "remember", "version": "2", "reason": "made again"}]
    found = agreed(world, first).checked(job.planned(**less, accept=accept))
    assert found.refused is not None
    assert found.refused.startswith(
        "plan.json says otherwise (verdict: planned full, now partial; dropped: planned none, now "
        "ee80cf1f8a547f701f43246f1b2ac71a)"
    )


def test_a_job_that_is_not_in_it_is_refused(world: World) -> None:
    running(world)
    found = agreed(world).checked(planned(world, **next_jar(world)))
    assert found.refused == f"it is not in the plan of plan.json, and would be changed: {AGAIN}"


def test_a_job_that_was_to_stay_untouched_is_refused(world: World) -> None:
    running(world)
    file = agreed(world, untouched=("payments/fraud",))
    found = file.checked(planned(world, **next_jar(world)))
    assert found.refused is not None
    assert "does: planned nothing, now restarts with state" in found.refused


def test_a_job_that_is_finished_passes_whatever_was_planned(world: World) -> None:
    running(world)
    file = agreed(world, planned(world, **next_jar(world)))
    Process(world).ensure(world.wish(**next_jar(world)), world.wish())
    now = planned(world, **next_jar(world))
    assert now.headline == "RUNS ON"
    assert file.checked(now) is now


@pytest.mark.parametrize("ending", ["/jars/", "/stop"])
def test_a_job_whose_up_was_killed_on_the_way_goes_on_as_planned(world: World, ending: str) -> None:
    running(world)
    file = agreed(world, planned(world, **next_jar(world)))
    victim = Process(world)
    victim.inject(Fault.KILLED_AFTER, lambda call: call.method == "POST" and ending in call.path)
    with pytest.raises(Killed):
        victim.ensure(world.wish(**next_jar(world)), world.wish())
    world.advance(300)
    now = planned(world, **next_jar(world))
    assert file.checked(now) is now


def test_a_job_that_failed_and_stays_down_is_started_again_as_planned(world: World) -> None:
    running(world)
    changes = {"restart": "tuesday"}
    file = agreed(world, planned(world, **changes))
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(StepFailed):
        Process(world).ensure(world.wish(**changes), world.wish())
    now = planned(world, **changes)
    assert (now.headline, now.begun) == ("STARTS AGAIN", True)
    assert file.checked(now) is now


def test_a_job_that_someone_has_suspended_meanwhile_is_refused(world: World) -> None:
    running(world)
    file = agreed(world, planned(world, **next_jar(world)))
    Process(world).ensure(world.wish(state="suspended"), world.wish())
    found = file.checked(planned(world, **next_jar(world)))
    assert found.refused is not None
    assert "does: planned restarts with state, now starts again" in found.refused


def test_a_cluster_that_does_not_answer_now_is_not_what_was_planned(world: World) -> None:
    running(world)
    file = agreed(world, planned(world, **next_jar(world)))
    world.flink.up = False
    found = file.checked(planned(world, **next_jar(world)))
    assert found.refused is not None
    assert "does: planned restarts with state, now unknown" in found.refused


def test_a_refusal_stays_the_refusal_that_it_was(world: World) -> None:
    running(world)
    now = planned(world, **next_jar(world), upgrade_mode="stateless")
    assert agreed(world).checked(now) is now


def _edited(plans: dict[str, Any]) -> str:
    plans["jobs"][0]["decisions"]["does"] = "restarts empty"
    return json.dumps(plans)


def _another_version(plans: dict[str, Any]) -> str:
    return json.dumps({**plans, "schema_version": 2})


def _without_digest(plans: dict[str, Any]) -> str:
    del plans["jobs"][0]["digest"]
    return json.dumps(plans)


def _of_another_stack(plans: dict[str, Any]) -> str:
    return json.dumps({**plans, "stack": "acme/flink/dev"})


def _with(**fields: Any) -> Callable[[dict[str, Any]], str]:
    return lambda plans: json.dumps({**plans, **fields})


def _without(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda plans: json.dumps({key: plans[key] for key in plans if key != name})


def _job(**fields: Any) -> Callable[[dict[str, Any]], str]:
    return lambda plans: json.dumps({**plans, "jobs": [{**plans["jobs"][0], **fields}]})


def _decision(**fields: Any) -> Callable[[dict[str, Any]], str]:
    return lambda plans: _job(decisions={**plans["jobs"][0]["decisions"], **fields})(plans)


def _twice(plans: dict[str, Any]) -> str:
    return json.dumps({**plans, "jobs": plans["jobs"] * 2})


BAD: dict[str, tuple[Callable[[dict[str, Any]], str], str]] = {
    "empty": (lambda _: "", f"PLAN is no plan: it is not JSON: {AGAIN}"),
    "cut": (lambda plans: json.dumps(plans)[:-9], f"PLAN is no plan: it is not JSON: {AGAIN}"),
    "a comment of a pull request": (
        lambda _: "### Flink, 1 job: 1 restarts with state\n",
        f"PLAN is no plan: it is not JSON: {AGAIN}",
    ),
    "nested without end": (lambda _: "[" * 100_000, f"PLAN is no plan: it is not JSON: {AGAIN}"),
    "mappings without end": (
        lambda _: '{"jobs":' * 100_000,
        f"PLAN is no plan: it is not JSON: {AGAIN}",
    ),
    "a job twice": (_twice, f"PLAN was edited: it holds payments/fraud twice: {AGAIN}"),
    "no version": (
        _without("schema_version"),
        f"PLAN is no plan: schema_version: Field required: {AGAIN}",
    ),
    "no stack": (_without("stack"), f"PLAN is no plan: stack: Field required: {AGAIN}"),
    "no jobs": (_without("jobs"), f"PLAN is no plan: jobs: Field required: {AGAIN}"),
    "jobs that are none": (
        _with(jobs="all"),
        f"PLAN is no plan: jobs: Input should be a valid tuple: {AGAIN}",
    ),
    "a job that is none": (
        _with(jobs=["payments/fraud"]),
        "PLAN is no plan: jobs.0: Input should be a valid dictionary or instance of _Job: " + AGAIN,
    ),
    "untouched jobs by number": (
        _with(untouched=[7]),
        f"PLAN is no plan: untouched.0: Input should be a valid string: {AGAIN}",
    ),
    "a key by number": (
        _job(key=7),
        f"PLAN is no plan: jobs.0.key: Input should be a valid string: {AGAIN}",
    ),
    "a decision of another tool": (
        _decision(does="hopes"),
        "PLAN is no plan: jobs.0.decisions.does: Input should be 'nothing', 'waits until stable', "
        "'adopts a running job', 'starts', 'starts again', 'restarts with state', 'restarts empty',"
        " 'gives up its state', 'rescales in place', 'is suspended', 'is cancelled', 'stays down', "
        f"'is deleted', 'refused' or 'unknown': {AGAIN}",
    ),
    "a verdict in words": (
        _decision(verdict="fine"),
        "PLAN is no plan: jobs.0.decisions.verdict: Input should be 'full', 'partial', "
        f"'incompatible' or 'unknown': {AGAIN}",
    ),
    "another digest": (
        _job(digest="0" * 16),
        f"PLAN was edited: the decisions of payments/fraud do not match their digest: {AGAIN}",
    ),
    "of another project": (
        _with(stack="acme/other/prod"),
        "the plan PLAN was made for the stack acme/other/prod, and this is acme/flink/prod: "
        + AGAIN,
    ),
    "of another organization": (
        _with(stack="rival/flink/prod"),
        "the plan PLAN was made for the stack rival/flink/prod, and this is acme/flink/prod: "
        + AGAIN,
    ),
    "no json": (lambda _: "{", f"PLAN is no plan: it is not JSON: {AGAIN}"),
    "not utf-8": (lambda _: "\udcff", f"PLAN is no plan: it is not JSON: {AGAIN}"),
    "a list": (
        lambda _: "[]",
        "PLAN is no plan: the whole: Input should be a valid dictionary or instance of _File: "
        + AGAIN,
    ),
    "nothing": (lambda _: "{}", f"PLAN is no plan: schema_version: Field required: {AGAIN}"),
    "field missing": (
        _without_digest,
        f"PLAN is no plan: jobs.0.digest: Field required: {AGAIN}",
    ),
    "another version": (
        _another_version,
        "the plan PLAN has version 2, and this flink-components reads version 1: use the one that "
        f"made it, or {AGAIN}",
    ),
    "edited": (
        _edited,
        f"PLAN was edited: the decisions of payments/fraud do not match their digest: {AGAIN}",
    ),
    "another stack": (
        _of_another_stack,
        "the plan PLAN was made for the stack acme/flink/dev, and this is acme/flink/prod: "
        + AGAIN,
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_is_no_plan_of_this_stack_is_one_error(world: World, kind: str) -> None:
    running(world)
    made, said = BAD[kind]
    found = planned(world, **next_jar(world))
    file = world.folder / "plan.json"
    text = made(of_stack(STACK, [as_json(found)], []))
    file.write_text(text, errors="surrogateescape")
    with pytest.raises(PlanFileError) as error:
        read_plan(file, STACK)
    assert str(error.value).replace(str(file), "PLAN") == said


def test_a_file_that_is_larger_than_any_plan_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(PlanFileError) as error:
        read_plan(path, STACK)
    assert str(error.value) == f"{path} is no plan: it has more than 64 MiB: {AGAIN}"


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path, what: str) -> None:
    path = tmp_path if what == "folder" else tmp_path / "plan.json"
    why = {"missing": "No such file or directory", "folder": "Is a directory"}[what]
    with pytest.raises(PlanFileError) as error:
        read_plan(path, STACK)
    assert str(error.value) == f"the plan {path} can't be read ({why}): {AGAIN}"
