"""What the JobManager of an application does alone: it takes its job back, or leaves it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from examples.jobs.check import Report, check
from flink_components.kube.objects import labels
from flink_components.lifecycle.ledger import LEASE_SECONDS
from flink_components.plan.go import GO, Claim, claim_of
from flink_components.plan.record import Record
from tests.cluster.applications import Application, NewApplication, applications
from tests.cluster.ground import volume
from tests.cluster.stacks import ENGINE, PROVIDER, NewStack
from tests.conformance.lab import Run
from tests.lifecycle.kubernetes import Kubernetes, until

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.timeout(900)]

NAMESPACE = "test-applications-alone"
END = 300
KEPT = {"cleanup": "keep"}


@pytest.fixture(scope="module")
def new_application(kubeconfig: str, new_stack: NewStack) -> Iterator[NewApplication]:
    with applications(Kubernetes(kubeconfig), NAMESPACE, new_stack) as new:
        yield new


@dataclass
class TakenBack:
    """An upgrade whose engine and provider were killed between the stop and the new start."""

    killed: Run
    before: Record
    claim: Claim
    alone: Report
    record: Record
    report: Report


@pytest.fixture(scope="module")
def taken_back(new_application: NewApplication) -> TakenBack:
    app = new_application("counts")
    app.up()
    app.written("v1")
    killed = kill_once_stopped(app)
    before = app.record
    claim = until("a JobManager that takes the job back", LEASE_SECONDS + 60, lambda: back(app))
    alone = app.goes_on("v1")
    app.stack.cancel()
    app.up("stateful-v2")
    report, record = app.written("v2"), app.record
    destroyed = app.stack.destroy()
    assert destroyed.ok, destroyed.error
    return TakenBack(killed, before, claim, alone, record, report)


def kill_once_stopped(app: Application) -> Run:
    """An upgrade that is killed once the savepoint of its stop is there."""
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(app.stack.up, app.declare("stateful-v2"))
        until("the stop's savepoint", 240, lambda: stopped(app))
        for what in (PROVIDER, ENGINE):
            for process in app.stack.processes(what):
                app.stack.end(process)
        return run.result(timeout=300)


def stopped(app: Application) -> bool:
    """Its JobManager may take it back, and there is what it would go on from."""
    go = json.loads(app.ledger.annotations()[GO])
    if go["state"] != "stopping":
        return False
    directory = volume(NAMESPACE) / go["directory"].partition("/data/")[2]
    return any(directory.glob("*/_metadata"))


def back(app: Application) -> Claim | None:
    claim = claim_of(app.ledger.annotations())
    return claim if claim is not None and claim.took_back is not None else None


def test_the_old_job_manager_takes_back_a_job_that_nobody_starts(taken_back: TakenBack) -> None:
    assert not taken_back.killed.ok
    assert taken_back.before.run is not None
    assert taken_back.before.run.revision == 1
    assert (taken_back.claim.revision, taken_back.claim.attempt) == (1, 2)
    assert taken_back.alone.ok, str(taken_back.alone)
    assert list(taken_back.alone.versions) == ["v1"]


def test_the_next_up_goes_on_from_there(taken_back: TakenBack) -> None:
    assert taken_back.record.run is not None
    assert taken_back.record.run.attempt == 3
    assert list(taken_back.report.versions) == ["v1", "v2"]
    assert taken_back.report.ok, str(taken_back.report)


def test_a_job_that_has_finished_is_not_run_again(new_application: NewApplication) -> None:
    app = new_application("bounded")
    app.up("stateful-v1", "--end", str(END), **KEPT)
    until("its end", 60, lambda: is_complete(app))
    claim = claim_of(app.ledger.annotations())

    (first,) = app.pods(1, labels.JOB_MANAGER)
    app.kubernetes.call("DELETE", app.path("pods", first), {"gracePeriodSeconds": 0})
    until("the pod's end", 30, lambda: first not in app.pods(1, labels.JOB_MANAGER))
    app.says("guard waiting:", revision=1)
    assert claim is not None
    assert claim_of(app.ledger.annotations()) == claim
    report = check(app.output, END)
    assert report.ok, str(report)
    destroyed = app.stack.destroy()
    assert destroyed.ok, destroyed.error


def test_a_quota_without_room_is_said_before_anything_is_made(
    new_application: NewApplication,
) -> None:
    app = new_application("crowded")
    quotas = f"/api/v1/namespaces/{app.namespace}/resourcequotas"
    quota = {"metadata": {"name": "team"}, "spec": {"hard": {"requests.memory": "1Gi"}}}
    app.kubernetes.call("POST", quotas, quota)
    until("the quota's count", 30, lambda: counted(app, f"{quotas}/team"))
    try:
        run = app.stack.preview(app.declare())
    finally:
        app.kubernetes.call("DELETE", f"{quotas}/team")
    assert not run.ok
    assert (
        "there is no room for the pods of revision 1: quota team leaves 1 GiB of requests.memory, "
        "and they need 2.34 GiB: raise the quota"
    ) in run.said("error", "crowded")
    assert app.objects() == set()


def test_pods_that_no_node_has_room_for_are_said_in_the_preview(
    new_application: NewApplication,
) -> None:
    app = new_application("huge")
    run = app.stack.preview(app.declare(task_manager={"memory": "900Gi", "slots": 2}))
    assert run.ok, run.error
    assert (
        "no node has room for the TaskManager (0.05 CPU, 900 GiB) now: they wait until one has"
    ) in run.said("info", "huge")


def counted(app: Application, quota: str) -> bool:
    return bool(app.kubernetes.call("GET", quota).get("status", {}).get("hard"))


def is_complete(app: Application) -> bool:
    return app.written("v1").records == END
