"""The roles of docs/rbac/ are enough for a whole life, and none of their rules is too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from examples.jobs.jars import build
from flink_components import Fleet, SavepointSnapshot, SessionCluster, SessionJob
from sandbox.engine import ensure
from sandbox.engine import environment as engine_environment
from tests.cluster.ground import counting, environment, namespace_with_volume
from tests.cluster.permissions import Permission, granted, without
from tests.cluster.roles import LIFECYCLE, OBJECTS, Roles, Way, all_granted, applied, ways
from tests.conformance.lab import Program, Run, Stack
from tests.lifecycle.kubernetes import Kubernetes

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

NAMESPACE = "test-rbac"
DEPLOYER, PREVIEWER = "flink-deployer", "flink-previewer"
USER = f"system:serviceaccount:{NAMESPACE}:{DEPLOYER}"
OF_PREVIEW = ("flink-preview", "flink-refresh")
JOBS = {"counts": {}, "brief": {"on_delete": "cancel"}}


@dataclass(frozen=True)
class Ground:
    """A namespace with the roles of both files, and the ways of their accounts."""

    kubernetes: Kubernetes
    roles: Roles
    ways: Mapping[str, Way]
    home: Path

    @contextmanager
    def stack(self, account: str) -> Iterator[Stack]:
        """The stack, whose only way to Kubernetes is that of a service account."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KUBECONFIG", self.ways[account].kubeconfig)
            yield Stack(self.home / "stack", ensure(), engine_environment(self.home), "limited")


@pytest.fixture(scope="module")
def ground(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    kubernetes, home = Kubernetes(kubeconfig), tmp_path_factory.mktemp("limited")
    with namespace_with_volume(kubernetes, NAMESPACE):
        files = ("up.yaml", "preview.yaml")
        roles = {k: v for file in files for k, v in applied(kubernetes, file, NAMESPACE).items()}
        with ways(kubernetes, NAMESPACE, (DEPLOYER, PREVIEWER), home) as made:
            yield Ground(kubernetes, roles, made, home)


def declared(jar: str = "stateful-v1", **cluster: Any) -> Program:
    """A program with a cluster, two jobs of a fleet on it, and a snapshot of one of them."""

    def program() -> None:
        env = environment(NAMESPACE)
        main = SessionCluster("main", {"ready_within": "5 min", **cluster}, env=env)
        fleet = Fleet("payments", {"max_in_flight": 2, "stop_after_failures": 2})
        jobs = {}
        for name, more in JOBS.items():
            given = {"cluster": main, "fleet": fleet, **counting(name, str(build()[jar])), **more}
            jobs[name] = SessionJob(name, given, env=env)  # type: ignore[arg-type]
        SavepointSnapshot("kept", {"job": jobs["counts"], "on_delete": "dispose"})

    return program


@dataclass
class Life:
    """What was said while permissions came and went."""

    refused: dict[str, Run] = field(default_factory=dict)
    whole: dict[str, Run] = field(default_factory=dict)


LOST = {
    "ledger": ("flink-lifecycle", Permission("coordination.k8s.io", "leases", "create")),
    "objects": ("flink-objects", Permission("apps", "deployments", "create")),
    "flink": ("flink-lifecycle", Permission("", "services/proxy", "get")),
    "lock": ("flink-lifecycle", Permission("coordination.k8s.io", "leases", "update")),
    "submit": ("flink-lifecycle", Permission("", "services/proxy", "create")),
    "pods": ("flink-lifecycle", Permission("", "pods", "list")),
}
SAYS = {
    "ledger": {
        "main-anchor": 'leases.coordination.k8s.io is forbidden: User "{user}" cannot create '
        'resource "leases" in API group "coordination.k8s.io" in the namespace "test-rbac"',
    },
    "objects": {
        f"main-{part}": 'resource "urn:pulumi:test::limited::flink-components:index:SessionCluster'
        f'$kubernetes:apps/v1:Deployment::main-{part}" was not successfully created by the '
        'Kubernetes API server: deployments.apps is forbidden: User "{user}" cannot create '
        'resource "deployments" in API group "apps" in the namespace "test-rbac"'
        for part in ("jobmanager", "taskmanager")
    },
    "flink": {
        "main-switch": "session cluster test-rbac/main r1 can't be asked: the API server refused "
        'the way to Flink: services "main-r1-rest:8081" is forbidden: User "{user}" cannot get '
        'resource "services/proxy" in API group "" in the namespace "test-rbac"',
    },
    "lock": {
        f"{job}-job": f'leases.coordination.k8s.io "{lease}" is forbidden: User "{{user}}" cannot '
        'update resource "leases" in API group "coordination.k8s.io" in the namespace "test-rbac"'
        for job, lease in (
            ("counts", "job-test-rbac-counts-e064f442-ledger"),
            ("brief", "job-test-rbac-brief-4d6e67ab-ledger"),
        )
    },
    "submit": {
        f"{job}-job": 'the API server refused the way to Flink: services "main-r1-rest:8081" is '
        'forbidden: User "{user}" cannot create resource "services/proxy" in API group "" in the '
        'namespace "test-rbac"'
        for job in ("counts", "brief")
    },
    "pods": {
        "main-anchor": 'pods is forbidden: User "{user}" cannot list resource "pods" in API group '
        '"" in the namespace "test-rbac"',
    },
}
"""What is said without each of these permissions, by the resource that says it."""


@pytest.fixture(scope="module")
def life(ground: Ground) -> Life:
    """A whole life, before whose steps a permission is taken away and given back."""
    found = Life()
    first, second = declared(), declared("stateful-v2")
    labelled = {"labels": {"team": "risk"}, "task_manager": {"replicas": 2}}
    moved = {**labelled, "config": {"heartbeat.timeout": "60000"}, "task_manager": {"replicas": 1}}
    upgrade = declared("stateful-v2", **moved)
    with ground.stack(PREVIEWER) as stack:
        found.whole["preview of all"] = stack.preview(first)
    with ground.stack(DEPLOYER) as stack:

        def refused(name: str, attempt: Callable[[], Run]) -> None:
            role, permission = LOST[name]
            with without(ground.kubernetes, ground.roles[role], permission, USER):
                found.refused[name] = attempt()

        for name in ("ledger", "objects", "flink"):
            refused(name, lambda: stack.up(first))
        found.whole["create"] = stack.up(first)
        found.whole["preview"] = stack.preview(first)
        for name in ("lock", "submit"):
            refused(name, lambda: stack.up(second))
        found.whole["in place"] = stack.up(declared(**labelled))
        found.whole["refresh"] = stack.refresh()
    with ground.stack(PREVIEWER) as stack:
        found.whole["preview of the same"] = stack.preview(declared(**labelled), refresh=True)
        found.whole["preview of the jobs"] = stack.preview(declared("stateful-v2", **labelled))
        found.whole["preview of the upgrade"] = stack.preview(upgrade)
    with ground.stack(DEPLOYER) as stack:
        found.whole["upgrade"] = stack.up(upgrade)
        refused("pods", stack.destroy)
        found.whole["destroy"] = stack.destroy()
    return found


STEPS = ("create", "preview", "in place", "refresh", "upgrade", "destroy")
PREVIEWS = tuple(f"preview of {what}" for what in ("all", "the same", "the jobs", "the upgrade"))


@pytest.mark.parametrize("step", [*STEPS, *PREVIEWS])
def test_the_roles_of_the_page_are_enough(step: str, life: Life) -> None:
    run = life.whole[step]
    assert run.ok, run.error
    assert run.said("warning") == ""


def test_both_jobs_keep_their_state_under_the_roles(life: Life) -> None:
    upgraded = life.whole["upgrade"]
    moved = [upgraded.result(f"{job}-job").outputs for job in JOBS]
    assert [job["cluster"]["revision"] for job in moved] == [2, 2]
    assert all(job["restored_from"].startswith("file:/data/savepoints/") for job in moved)


def test_who_may_only_read_may_refresh_in_a_preview_too(life: Life) -> None:
    assert set(life.whole["preview of the same"].changes().values()) == {"refresh"}


@pytest.mark.parametrize("lost", LOST)
def test_without_a_permission_one_line_says_which(lost: str, life: Life) -> None:
    run = life.refused[lost]
    errors = {who: text for kind, text, who in run.messages if kind == "error" and who}
    assert errors == {who: text.format(user=USER) for who, text in SAYS[lost].items()}


def test_the_life_cycle_asks_for_what_its_role_grants(life: Life, ground: Ground) -> None:
    assert life.whole["destroy"].ok
    asked = ground.ways[DEPLOYER].asked_for(by=LIFECYCLE)
    assert asked - granted(ground.roles["flink-lifecycle"]) == {Permission("", "secrets", "list")}
    assert granted(ground.roles["flink-lifecycle"]) - asked == set()


def test_pulumis_provider_asks_for_what_its_role_grants(life: Life, ground: Ground) -> None:
    assert life.whole["destroy"].ok
    asked = ground.ways[DEPLOYER].asked_for(by=OBJECTS)
    assert asked - granted(ground.roles["flink-objects"]) == set()
    # An object's end is watched only where it is not gone at once.
    for permission in granted(ground.roles["flink-objects"]) - asked:
        assert permission.verb in ("list", "watch")


def test_a_preview_asks_for_what_its_roles_grant(life: Life, ground: Ground) -> None:
    assert life.whole["preview of the upgrade"].ok
    by_life_cycle, by_objects = map(ground.ways[PREVIEWER].asked_for, (LIFECYCLE, OBJECTS))
    may = all_granted(ground.roles, *OF_PREVIEW)
    assert by_life_cycle - may == set()
    # Where a dry run is not allowed, the provider says what it knows by itself.
    assert {permission.verb for permission in by_objects - may} <= {"create", "patch"}
    assert may - by_life_cycle - by_objects == set()


def test_a_preview_may_change_nothing(ground: Ground) -> None:
    granted_verbs = {one.verb for name in OF_PREVIEW for one in granted(ground.roles[name])}
    assert granted_verbs <= {"get", "list", "watch"}
