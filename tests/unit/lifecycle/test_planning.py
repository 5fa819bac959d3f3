"""What a preview says of a job, and what a refresh finds."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.lifecycle.drift import drifted
from flink_components.lifecycle.observing import observe
from flink_components.lifecycle.planning import plan
from flink_components.plan.plan import Plan
from flink_components.plan.record import Phase, Record, Run, Step
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Fault, Killed
from tests.unit.doubles.world import KEY, NAMESPACE, Process, World, calls_to


def run(world: World, **changes: object) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(**changes))
    world.advance(5)


def planned(world: World, before: dict[str, Any] | None = None, **changes: object) -> Plan:
    process = Process(world)
    wish = world.wish(**changes)
    old = None
    if before is not None:
        old = {**world.inputs(), "jar_content": world.wish().content, **before}
    found = plan(process.shop, wish, old)
    assert {call.method for call in process.wire.calls} <= {"GET"}
    return found


def test_a_new_job_starts_empty_and_says_so(world: World) -> None:
    found = planned(world)
    assert (found.headline, found.new_revision) == ("STARTS", 1)
    assert found.restore == "nothing, it starts empty"
    assert found.why == "no state is known"


def test_an_unchanged_job_runs_on_without_listing_defaults_as_changes(world: World) -> None:
    run(world)
    found = planned(world, before={})
    assert (found.headline, found.changed) == ("RUNS ON", ())


def test_a_new_jar_restarts_with_a_savepoint_of_this_up(world: World) -> None:
    run(world)
    found = planned(world, before={}, jar=world.jar(entries="2"))
    assert found.headline == "RESTARTS WITH ITS STATE"
    assert (found.old_revision, found.new_revision) == (1, 2)
    assert [(change.field, change.kind.value) for change in found.changed] == [
        ("jar", "in place"),
        ("jar_content", "restarts the job"),
    ]
    assert found.restore == (
        "a savepoint taken by this up, native, below file:///savepoints/payments/fraud/"
    )


def test_last_state_names_the_checkpoint_as_it_is_now(world: World) -> None:
    run(world)
    newest = world.flink.checkpoint(world.the_job().id)
    found = planned(world, before={}, jar=world.jar(entries="2"), upgrade_mode="last_state")
    assert found.restore == (
        f"its latest completed checkpoint when it is cancelled (now {newest.path})"
    )


def test_what_apply_refuses_the_plan_refuses(world: World) -> None:
    run(world)
    found = planned(world, before={}, jar=world.jar(entries="2"), upgrade_mode="stateless")
    assert found.headline == "REFUSED"
    assert found.refused is not None
    assert found.refused.startswith("the state of the job would be lost")


@pytest.mark.parametrize("runs", [True, False])
def test_a_loss_that_was_accepted_is_in_the_headline(world: World, runs: bool) -> None:
    run(world)
    if not runs:
        Process(world).release(world.wish())
    found = planned(
        world,
        before={},
        jar=world.jar(entries="2"),
        upgrade_mode="stateless",
        version="2",
        accept=[{"operator": "*", "version": "2", "reason": "new"}],
    )
    assert found.headline == "RESTARTS, AND GIVES UP ITS STATE"
    assert found.restore == "nothing, it starts empty"


def test_a_deleted_job_that_comes_back_names_its_savepoint(world: World) -> None:
    run(world)
    Process(world).release(world.wish())
    found = planned(world)
    point = world.record().restore
    assert point is not None
    assert found.headline == "STARTS AGAIN"
    assert found.restore == f"{point.path} (savepoint)"


def test_a_job_whose_ledger_was_deleted_runs_on_and_does_not_start_empty(world: World) -> None:
    run(world)
    last = world.record().run
    (name,) = world.kube.names("Lease", NAMESPACE)
    del world.kube.objects[("Lease", NAMESPACE, name)]
    found = plan(Process(world).shop, world.wish(), None, last=last)
    assert (found.headline, found.restore) == ("RUNS ON", "")
    assert found.unfinished == "its ledger, which someone deleted, is made again"


def test_a_flink_that_does_not_answer_is_unknown_and_no_refusal(world: World) -> None:
    run(world)
    world.flink.up = False
    found = planned(world, before={}, jar=world.jar(entries="2"))
    assert (found.headline, found.refused) == ("UNKNOWN", None)
    assert found.unknown is not None
    assert found.unknown.startswith("what becomes of the job's state, since Flink can't be asked: ")


def test_an_api_server_that_does_not_answer_is_unknown_too(world: World) -> None:
    process = Process(world)
    process.inject(Fault.REFUSED, lambda call: True, times=9)
    found = plan(process.shop, world.wish(), None)
    assert found.unknown == (
        "whether there is a state to restore, since the ledger can't be read: "
        "https://kubernetes.example.org:6443 does not answer: connection refused"
    )


def test_a_step_that_was_left_open_is_said_first(world: World) -> None:
    run(world)
    with Process(world).ledger().lock("test") as held:
        run_ = held.record.run
        assert run_ is not None
        step = Step(what="stop", job_id=run_.job_id, cluster=run_.cluster, since=0.0)
        held.commit(open=step)
    assert planned(world, before={}).unfinished == "an earlier stop is finished first"


def seen_drift(world: World) -> str:
    record = world.record()
    assert record.run is not None
    return drifted(record, observe(Process(world).shop, record.run), world.wish().fingerprint)


def test_a_job_as_it_was_declared_is_no_drift(world: World) -> None:
    run(world)
    assert seen_drift(world) == ""


def test_a_job_that_its_job_manager_forgot_is_lost(world: World) -> None:
    run(world)
    job_id = world.the_job().id
    world.flink.restart()
    assert seen_drift(world) == f"LOST: the JobManager does not know {job_id}"


def test_a_job_that_failed_is_drift_with_flinks_cause(world: World) -> None:
    run(world)
    world.flink.fail(world.the_job().id, "x.Boom: 1")
    assert seen_drift(world) == "FAILED: Boom: 1"


def test_a_job_that_someone_stopped_with_a_savepoint_is_drift_and_goes_on_from_it(
    world: World,
) -> None:
    run(world)
    taken = world.flink.stop_by_hand(world.the_job().id, "file:/mine")
    assert seen_drift(world) == "FINISHED: by someone or something else"
    Process(world).ensure(world.wish(), world.wish())
    assert world.the_job().restored == taken.path


def test_a_stop_by_hand_that_flinks_cache_has_not_yet_is_no_end_of_bounded_work(
    world: World,
) -> None:
    run(world)
    job_id = world.the_job().id
    planned(world, before={})  # what Flink answers then is in its cache
    taken = world.flink.stop_by_hand(job_id, "file:///by-hand")
    found = planned(world, before={})
    assert (found.headline, found.origin.path) == ("STARTS AGAIN", taken.path)


def test_a_first_checkpoint_that_flinks_cache_has_not_yet_is_the_last_state(world: World) -> None:
    run(world)
    world.flink.checkpoint(world.the_job().id)
    world.flink.shows_no_checkpoint_yet(world.the_job().id)
    found = planned(world, before={}, jar=world.jar(entries="2"), upgrade_mode="last_state")
    assert found.headline == "RESTARTS WITH ITS STATE"


def test_a_bounded_job_that_finished_is_no_drift(world: World) -> None:
    run(world)
    world.flink.finish(world.the_job().id)
    assert seen_drift(world) == ""


def test_a_flink_that_does_not_answer_is_no_drift(world: World) -> None:
    run(world)
    world.flink.up = False
    assert seen_drift(world) == ""


def test_a_rolled_back_job_is_drift_from_its_declaration(world: World) -> None:
    run(world)
    world.flink.behaviours["org.acme.Next"] = Behaviour(fails="x.Boom: 1")
    with pytest.raises(Exception, match="runs again"):
        Process(world).ensure(world.wish(entry_class="org.acme.Next"), world.wish())
    wanted = world.wish(entry_class="org.acme.Next").fingerprint
    assert drifted(world.record(), None, wanted) == (
        "revision 1 runs, which is not what was declared"
    )


def a_record(phase: Phase, **changes: Any) -> Record:
    run_ = Run(
        revision=1,
        attempt=1,
        job_id="a" * 32,
        fingerprint="f",
        jar="j",
        cluster={},
        upgrade_mode="savepoint",
    )
    return Record(key=KEY, phase=phase, **{"run": run_, **changes})


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, "LOST: its ledger is not there"),
        (a_record(Phase.STABLE), ""),
        (a_record(Phase.FINISHED), ""),
        (a_record(Phase.CREATED, run=None), "CREATED: it was never started"),
        (a_record(Phase.DEPLOYED), "DEPLOYED: not running"),
        (a_record(Phase.FAILED, reason="Boom: 1"), "FAILED: Boom: 1"),
        (a_record(Phase.SUSPENDED), "SUSPENDED: not running"),
        (
            a_record(
                Phase.UPGRADING, open=Step(what="stop", job_id="a" * 32, cluster={}, since=0.0)
            ),
            "UPGRADING: an earlier stop was not finished",
        ),
    ],
)
def test_the_ledger_alone_says_whether_a_job_is_as_it_was_left(
    record: Record | None, expected: str
) -> None:
    assert drifted(record, None, "f") == expected


def test_a_ledger_of_another_key_is_refused_in_the_plan(world: World) -> None:
    run(world)
    (name,) = world.kube.names("Lease", NAMESPACE)
    lease = world.kube.objects[("Lease", NAMESPACE, name)]
    lease["metadata"]["annotations"]["flink-components/key"] = "other"
    found = planned(world)
    assert found.refused is not None
    assert "belongs to the key 'other'" in found.refused


def test_another_parallelism_is_a_rescale_in_place_under_the_adaptive_scheduler(
    world: World,
) -> None:
    world.flink.adaptive = True
    run(world)
    found = planned(world, before={}, parallelism=4)
    assert found.text() == (
        "payments/fraud  r1 -> r2  RESCALES IN PLACE\n"
        "    changed   parallelism (unset) -> 4  (rescales)\n"
        "    why       default -> 4: Flink restarts it from its latest checkpoint, under the same "
        "job id\n"
        "    from      its latest completed checkpoint, inside Flink: no savepoint is taken\n"
        "    stable    every task RUNNING at the new parallelism, 1 checkpoint; limit 20 s\n"
        "    else      the parallelism that it had"
    )


def test_another_parallelism_is_a_restart_elsewhere_and_the_plan_says_why(world: World) -> None:
    run(world)
    found = planned(world, before={}, parallelism=4)
    assert found.text() == (
        "payments/fraud  r1 -> r2  RESTARTS WITH ITS STATE\n"
        "    changed   parallelism (unset) -> 4  (rescales)\n"
        "    why       it can't be rescaled in place, since that needs Flink 1.18 and "
        "jobmanager.scheduler: adaptive\n"
        "    state     UNKNOWN: there is no job graph (make one with "
        "`flink-components graph JAR -o FILE`, and set job_graph)\n"
        "    from      a savepoint taken by this up, native, below "
        "file:///savepoints/payments/fraud/\n"
        "              if it fails: r1 runs on\n"
        "    stable    every task RUNNING, restored = that savepoint, 1 checkpoint if "
        "checkpointing is on; limit 20 s\n"
        "    else      r1 again from that savepoint, unless r2 has completed a checkpoint"
    )


@pytest.mark.parametrize(
    ("mode", "ending", "kind"), [("savepoint", "/stop", "savepoint"), ("last_state", "", "chk")]
)
def test_a_stop_that_was_left_open_is_what_the_job_starts_from(
    world: World, mode: str, ending: str, kind: str
) -> None:
    run(world)
    world.flink.checkpoint(world.the_job().id)
    changes = {"jar": world.jar(entries="2"), "upgrade_mode": mode}
    victim = Process(world)
    victim.inject(
        Fault.KILLED_AFTER,
        lambda call: call.path.endswith("/stop") if ending else call.method == "PATCH",
    )
    with pytest.raises(Killed):
        victim.ensure(world.wish(**changes), world.wish())
    world.advance(300)
    found = planned(world, before={}, **changes)
    assert found.unfinished.endswith(" is finished first")
    assert f"/{kind}-" in found.restore
    record = Process(world).ensure(world.wish(**changes), world.wish())
    assert record.run is not None
    assert record.run.restored_from is not None
    assert record.run.restored_from in found.restore


def test_a_rescale_that_was_left_open_is_finished_first_and_then_nothing_is_left(
    world: World,
) -> None:
    world.flink.adaptive = True
    run(world)
    victim = Process(world)
    victim.inject(Fault.KILLED_AFTER, calls_to("PUT", "/resource-requirements"))
    with pytest.raises(Killed):
        victim.ensure(world.wish(parallelism=4), world.wish())
    found = planned(world, before={}, parallelism=4)
    assert (found.headline, found.unfinished) == (
        "RUNS ON",
        "an earlier rescale is finished first",
    )
