"""The roles of docs/rbac.md are enough for a whole life, and none of their rules is too much."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import yaml

from examples.jobs.jars import build
from flink_components import SessionCluster, SessionJob
from sandbox.engine import ensure
from sandbox.engine import environment as engine_environment
from sandbox.paths import PROJECT
from tests.cluster.credentials import token_of, with_user
from tests.cluster.gate import Gate, gate
from tests.cluster.ground import counting, environment, namespace_with_volume
from tests.cluster.permissions import Permission, granted, needed, without
from tests.conformance.lab import Program, Run, Stack
from tests.lifecycle.kubernetes import Kubernetes
from tests.unit.doubles.https import Authority

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

NAMESPACE = "test-rbac"
USER = f"system:serviceaccount:{NAMESPACE}:flink-deployer"
_PATHS = {
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}


@pytest.fixture(scope="module")
def kubernetes(kubeconfig: str) -> Iterator[Kubernetes]:
    """The API server as its administrator, with a namespace for the tests."""
    made = Kubernetes(kubeconfig)
    with namespace_with_volume(made, NAMESPACE):
        yield made


@pytest.fixture(scope="module")
def roles(kubernetes: Kubernetes) -> dict[str, Mapping[str, Any]]:
    """The roles of the page by name, after all that the page shows was applied."""
    (shown,) = (PROJECT / "docs/rbac.md").read_text().split("```yaml\n")[1:]
    text = shown.partition("```")[0].replace("payments", NAMESPACE)
    documents = list(yaml.safe_load_all(text))
    for document in documents:
        kubernetes.call("POST", _PATHS[document["kind"]].format(NAMESPACE), document)
    return {one["metadata"]["name"]: one for one in documents if one["kind"] == "Role"}


@dataclass(frozen=True)
class Way:
    """A gate, and the certificate of the authority that signed its own."""

    gate: Gate
    authority: bytes

    def asked_for(self, by: str) -> set[Permission]:
        """The permissions that the requests of a program needed."""
        found = [needed(one.method, one.path) for one in self.gate.asked if by in one.agent]
        return {permission for permission in found if permission is not None}


@pytest.fixture(scope="module")
def way(kubernetes: Kubernetes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """A gate in front of the API server, which sees what is asked."""
    authority = Authority(tmp_path_factory.mktemp("way"))
    nobody = requests.Session()
    nobody.trust_env, nobody.verify = False, kubernetes.api.session.verify
    with gate(authority.issue("api"), kubernetes.api.server, nobody) as made:
        yield Way(made, authority.cert.read_bytes())


@pytest.fixture(scope="module")
def stack(
    kubernetes: Kubernetes,
    roles: dict[str, Mapping[str, Any]],
    way: Way,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """A stack whose only way to Kubernetes is the page's service account."""
    home = tmp_path_factory.mktemp("limited")
    user = {"token": token_of(kubernetes, NAMESPACE, "flink-deployer")}
    cluster = {
        "server": way.gate.url,
        "certificate-authority-data": base64.b64encode(way.authority).decode(),
    }
    limited = with_user(home / "kubeconfig", kubernetes.kubeconfig, user, cluster)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", limited)
        yield Stack(home / "stack", ensure(), engine_environment(home), "limited")


def declared(jar: str = "stateful-v1", **cluster: Any) -> Program:
    """A program with a cluster and two jobs, one of which ends without a savepoint."""

    def program() -> None:
        env = environment(NAMESPACE)
        main = SessionCluster("main", {"ready_within": "5 min", **cluster}, env=env)
        for name, more in (("counts", {}), ("brief", {"on_delete": "cancel"})):
            given = {"cluster": main, **counting(name, str(build()[jar])), **more}
            SessionJob(name, given, env=env)  # type: ignore[arg-type]

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
def life(stack: Stack, kubernetes: Kubernetes, roles: dict[str, Mapping[str, Any]]) -> Life:
    """A whole life, before whose steps a permission is taken away and given back."""
    found = Life()

    def refused(name: str, attempt: Callable[[], Run]) -> None:
        role, permission = LOST[name]
        with without(kubernetes, roles[role], permission, USER):
            found.refused[name] = attempt()

    first, second = declared(), declared("stateful-v2")
    for name in ("ledger", "objects", "flink"):
        refused(name, lambda: stack.up(first))
    found.whole["create"] = stack.up(first)
    found.whole["preview"] = stack.preview(first)
    for name in ("lock", "submit"):
        refused(name, lambda: stack.up(second))
    labelled = {"labels": {"team": "risk"}, "task_manager": {"replicas": 2}}
    found.whole["in place"] = stack.up(declared(**labelled))
    found.whole["refresh"] = stack.refresh()
    moved = {**labelled, "config": {"heartbeat.timeout": "60000"}, "task_manager": {"replicas": 1}}
    found.whole["upgrade"] = stack.up(declared("stateful-v2", **moved))
    refused("pods", stack.destroy)
    found.whole["destroy"] = stack.destroy()
    return found


@pytest.mark.parametrize("step", ["create", "preview", "in place", "refresh", "upgrade", "destroy"])
def test_the_roles_of_the_page_are_enough(step: str, life: Life) -> None:
    run = life.whole[step]
    assert run.ok, run.error
    assert run.said("warning") == ""


def test_both_jobs_keep_their_state_under_the_roles(life: Life) -> None:
    upgraded = life.whole["upgrade"]
    moved = [upgraded.result(f"{job}-job").outputs for job in ("counts", "brief")]
    assert [job["cluster"]["revision"] for job in moved] == [2, 2]
    assert all(job["restored_from"].startswith("file:/data/savepoints/") for job in moved)


@pytest.mark.parametrize("lost", LOST)
def test_without_a_permission_one_line_says_which(lost: str, life: Life) -> None:
    run = life.refused[lost]
    errors = {who: text for kind, text, who in run.messages if kind == "error" and who}
    assert errors == {who: text.format(user=USER) for who, text in SAYS[lost].items()}


def test_the_life_cycle_asks_for_what_its_role_grants(
    life: Life, way: Way, roles: dict[str, Mapping[str, Any]]
) -> None:
    assert life.whole["destroy"].ok
    asked = way.asked_for(by="python-requests")
    assert asked - granted(roles["flink-lifecycle"]) == {Permission("", "secrets", "list")}
    assert granted(roles["flink-lifecycle"]) - asked == set()


def test_pulumis_provider_asks_for_what_its_role_grants(
    life: Life, way: Way, roles: dict[str, Mapping[str, Any]]
) -> None:
    assert life.whole["destroy"].ok
    asked = way.asked_for(by="pulumi-kubernetes")
    assert asked - granted(roles["flink-objects"]) == set()
    # An object's end is watched only where it is not gone at once.
    for permission in granted(roles["flink-objects"]) - asked:
        assert permission.verb in ("list", "watch")
