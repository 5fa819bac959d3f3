"""The life of an application by `pulumi up`: created, upgraded, failed, mended, suspended, gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from examples.jobs.check import Report
from flink_components.kube.objects import labels
from flink_components.plan.record import Phase, Record, Run
from tests.cluster.applications import PART_OF, Application, Json, applications
from tests.cluster.permissions import Permission
from tests.cluster.roles import LIFECYCLE, OBJECTS, Roles, Way, all_granted, applied, ways
from tests.cluster.stacks import NewStack
from tests.conformance.lab import Run as EngineRun
from tests.lifecycle.kubernetes import Kubernetes, until

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.timeout(900)]

NAMESPACE = "test-applications"
DEPLOYER, PREVIEWER = "flink-deployer", "flink-previewer"
OF_UP = ("flink-lifecycle", "flink-objects", "flink-applications")
OF_PREVIEW = ("flink-preview", "flink-refresh", "flink-preview-applications")
WIDER = {"parallelism": 2}
# the type of its state is another one
BROKEN = {**WIDER, "config": {"restart-strategy.type": "none"}}
SUSPENDED = {**WIDER, "state": "suspended"}
PUBLIC = "services/counts-rest"
OF_A_REVISION = {
    "deployments/counts-r{}-jobmanager",
    "deployments/counts-r{}-taskmanager",
    "configmaps/counts-r{}-config",
    "configmaps/counts-r{}-guard",
    "services/counts-r{}-rest",
    "services/counts-r{}-rpc",
    "roles/counts-r{}-flink",
    "rolebindings/counts-r{}-flink",
}


def of_revision(number: int) -> set[str]:
    return {name.format(number) for name in OF_A_REVISION}


@dataclass
class Moment:
    """What the engine, the ledger, Kubernetes and the output said after an operation.

    staying: the pods that are not on their way out.
    """

    run: EngineRun
    record: Record
    objects: set[str]
    staying: list[str]
    report: Report

    @property
    def job(self) -> Run:
        assert self.record.run is not None
        return self.record.run

    @property
    def of_revisions(self) -> set[str]:
        """The objects that belong to some revision."""
        return {name for name in self.objects if "/counts-r" in name and name != PUBLIC}


@dataclass
class Story:
    """The moments of an application's life, with the roles of docs/rbac/ and no other rights."""

    application: Application
    roles: Roles
    ways: Mapping[str, Way]
    moments: dict[str, Moment] = field(default_factory=dict)
    part_of: set[str] = field(default_factory=set)
    said: str = ""
    quiet: dict[str, EngineRun] = field(default_factory=dict)
    upgrade: EngineRun = field(default_factory=EngineRun)
    resume: EngineRun = field(default_factory=EngineRun)

    def tell(self, step: str, run: EngineRun, version: str) -> None:
        """Notes a moment in which the job runs, and waits for its output."""
        self.note(step, run, self.application.goes_on(version))

    def note(self, step: str, run: EngineRun, report: Report) -> None:
        app = self.application
        pods = app.found("pods", labels.selector(labels.APPLICATION, app.key))
        names = [pod["metadata"]["name"] for pod in pods]
        self.moments[step] = Moment(run, app.record, app.objects(), names, report)

    def __getitem__(self, step: str) -> Moment:
        return self.moments[step]


def kept(app: Application, revision: int) -> dict[str, Json]:
    """The objects that the JobManager of a revision takes, to make them again by hand."""
    names = {
        "configmaps": [f"counts-r{revision}-config", f"counts-r{revision}-guard"],
        "deployments": [f"counts-r{revision}-jobmanager"],
    }
    return {
        app.path(kind, name): app.kubernetes.call("GET", app.path(kind, name))
        for kind, of_kind in names.items()
        for name in of_kind
    }


def make_again(app: Application, objects: dict[str, Json]) -> None:
    for path, found in objects.items():
        metadata = {name: found["metadata"][name] for name in ("name", "labels")}
        body: Json = {name: value for name, value in found.items() if name != "status"}
        app.kubernetes.call("POST", path.rpartition("/")[0], {**body, "metadata": metadata})


@pytest.fixture(scope="module")
def story(
    kubeconfig: str, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    kubernetes, folder = Kubernetes(kubeconfig), tmp_path_factory.mktemp("ways")
    with ExitStack() as stack:
        new_application = stack.enter_context(applications(kubernetes, NAMESPACE, new_stack))
        files = ("up.yaml", "preview.yaml")
        roles = {k: v for file in files for k, v in applied(kubernetes, file, NAMESPACE).items()}
        way = stack.enter_context(ways(kubernetes, NAMESPACE, (DEPLOYER, PREVIEWER), folder))
        app = new_application("counts", kubeconfig=way[DEPLOYER].kubeconfig)
        told = Story(app, roles, way)
        created = app.up()
        reader = new_application("counts", kubeconfig=way[PREVIEWER].kubeconfig)
        app.written("v1")
        told.tell("created", created, "v1")
        first = kept(app, 1)
        told.tell("upgraded", app.up(**WIDER), "v1")
        told.part_of = app.objects(PART_OF)
        broken = app.declare("stateful-v4", **BROKEN)
        told.tell("failed", app.stack.up(broken), "v1")
        told.tell("failed again", app.stack.up(broken), "v1")
        mended = app.up("stateful-v2", **WIDER)
        app.written("v2")
        told.tell("mended", mended, "v2")
        same = app.declare("stateful-v2", **WIDER)
        told.quiet["preview"] = app.stack.preview(same)
        told.quiet["refresh"] = app.stack.refresh()
        told.quiet["preview by a reader"] = reader.preview("stateful-v2", **WIDER)
        told.upgrade = reader.preview("stateful-v2")
        make_again(app, first)
        told.said = app.says("guard waiting: revision", revision=1)
        told.tell("made again by hand", mended, "v2")
        suspended = app.up("stateful-v2", **SUSPENDED)
        until("the end of the pods", 60, lambda: not app.pods(app.job.revision))
        told.note("suspended", suspended, app.written("v2"))
        told.resume = reader.preview("stateful-v2", **WIDER)
        told.tell("resumed", app.up("stateful-v2", **WIDER), "v2")
        destroyed = app.stack.destroy()
        told.note("destroyed", destroyed, app.written("v2"))
        yield told


def test_a_new_job_runs_on_pods_of_its_own(story: Story) -> None:
    created = story["created"]
    assert (created.job.revision, created.record.phase) == (1, Phase.STABLE)
    assert created.run.outputs == {
        "job_id": created.job.job_id,
        "revision": 1,
        "state": "STABLE",
        "restored_from": "",
    }
    assert created.of_revisions == of_revision(1)


def test_an_upgrade_goes_on_from_its_savepoint_on_a_new_revision(story: Story) -> None:
    upgraded = story["upgraded"]
    assert (upgraded.job.revision, upgraded.record.phase) == (2, Phase.STABLE)
    assert upgraded.record.restore is not None
    assert upgraded.job.restored_from == upgraded.record.restore.path
    assert upgraded.record.restore.job_id == story["created"].job.job_id


def test_of_the_old_revision_nothing_is_left(story: Story) -> None:
    assert story["upgraded"].of_revisions == of_revision(2)


def test_one_label_finds_all_that_is_there(story: Story) -> None:
    assert of_revision(2) <= story.part_of
    assert PUBLIC in story.part_of
    assert [name for name in story.part_of if name.startswith("leases/")]


@pytest.mark.parametrize("step", ["failed", "failed again"])
def test_after_an_upgrade_that_fails_the_old_revision_runs_again(story: Story, step: str) -> None:
    failed = story[step]
    assert (failed.job.revision, failed.record.phase) == (2, Phase.ROLLED_BACK)
    assert failed.record.restore is not None
    assert failed.job.restored_from == failed.record.restore.path
    assert failed.record.restore.revision == 2
    assert {pod.split("-")[1] for pod in failed.staying} == {"r2"}


@pytest.mark.parametrize("step", ["failed", "failed again"])
def test_the_error_names_flinks_cause(story: Story, step: str) -> None:
    assert "must not be incompatible" in story[step].run.said("error", "counts-switch")


def test_a_mended_program_goes_on_and_leaves_no_litter(story: Story) -> None:
    mended = story["mended"]
    assert mended.record.phase is Phase.STABLE
    assert mended.of_revisions == of_revision(mended.job.revision)


@pytest.mark.parametrize("step", ["preview", "preview by a reader"])
def test_the_same_program_changes_nothing(story: Story, step: str) -> None:
    assert story.quiet[step].ok, story.quiet[step].error
    assert story.quiet[step].changes() == {}


def test_a_refresh_finds_no_drift(story: Story) -> None:
    refreshed = story.quiet["refresh"]
    assert refreshed.ok, refreshed.error
    assert refreshed.result("counts-switch").outputs["drift"] == "none"


def test_an_old_revision_that_is_made_again_by_hand_waits(story: Story) -> None:
    mended, after = story["mended"], story["made again by hand"]
    assert f"revision {mended.job.revision} is told to go" in story.said
    assert after.job == mended.job


def test_a_suspended_job_has_a_savepoint_and_no_pods(story: Story) -> None:
    suspended = story["suspended"]
    assert suspended.record.phase is Phase.SUSPENDED
    assert suspended.record.restore is not None
    assert suspended.record.restore.job_id == story["mended"].job.job_id
    by_hand = [pod for pod in suspended.staying if pod.startswith("counts-r1-")]
    assert suspended.staying == by_hand


def test_it_is_resumed_with_its_state(story: Story) -> None:
    resumed, suspended = story["resumed"], story["suspended"]
    assert suspended.record.restore is not None
    assert resumed.record.phase is Phase.STABLE
    assert resumed.job.restored_from == suspended.record.restore.path


@pytest.mark.parametrize(
    "step",
    [
        "created",
        "upgraded",
        "failed",
        "failed again",
        "mended",
        "made again by hand",
        "suspended",
        "resumed",
        "destroyed",
    ],
)
def test_nothing_is_lost_and_nothing_is_written_twice(story: Story, step: str) -> None:
    assert story[step].report.ok, str(story[step].report)


def test_a_destroy_takes_a_last_savepoint_and_leaves_only_the_ledger(story: Story) -> None:
    destroyed = story["destroyed"]
    assert destroyed.run.ok, destroyed.run.error
    assert (destroyed.record.deleted, destroyed.record.phase) == (True, Phase.SUSPENDED)
    assert destroyed.record.restore is not None
    assert destroyed.record.restore.job_id == story["resumed"].job.job_id
    assert (destroyed.staying, destroyed.objects) == ([], set())


def test_who_may_only_read_sees_what_an_upgrade_and_a_resume_would_do(story: Story) -> None:
    assert story.upgrade.ok, story.upgrade.error
    assert "RESTARTS WITH ITS STATE" in story.upgrade.said("info", "counts")
    assert story.resume.ok, story.resume.error
    assert "STARTS AGAIN" in story.resume.said("info", "counts")


def test_an_up_asks_for_what_its_roles_grant(story: Story) -> None:
    assert story["destroyed"].run.ok
    asked = set().union(*map(story.ways[DEPLOYER].asked_for, (LIFECYCLE, OBJECTS)))
    may = all_granted(story.roles, *OF_UP)
    assert asked - may == {Permission("", "secrets", "list")}
    # Labels of these objects, which change in place, do not change in this story.
    assert all_granted(story.roles, "flink-applications") - asked == {
        Permission("rbac.authorization.k8s.io", resource, "patch")
        for resource in ("roles", "rolebindings")
    }


def test_a_preview_asks_for_what_its_roles_grant(story: Story) -> None:
    assert story.resume.ok
    by_life_cycle, by_objects = map(story.ways[PREVIEWER].asked_for, (LIFECYCLE, OBJECTS))
    may = all_granted(story.roles, *OF_PREVIEW)
    assert by_life_cycle - may == set()
    # Where a dry run is not allowed, the provider says what it knows by itself.
    assert {permission.verb for permission in by_objects - may} <= {"create", "patch"}
    assert all_granted(story.roles, "flink-preview-applications") - by_life_cycle == set()
