"""A job runs over every kind of connection, and says in one line what is wrong with one."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.jobs.jars import build
from flink_components import SessionJob
from tests.cluster.credentials import (
    bind,
    client_certificate,
    exec_plugin,
    service_account,
    with_user,
)
from tests.cluster.gate import Gate, gate
from tests.cluster.ground import Ground, cluster_in, namespace_with_volume
from tests.cluster.stacks import NewStack
from tests.conformance.lab import Program, Run
from tests.lifecycle.kubernetes import Kubernetes
from tests.unit.doubles.https import Authority

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

NAMESPACE = "test-connections"
PASSWORD = "correct-horse"
BASIC = "Basic " + base64.b64encode(f"ops:{PASSWORD}".encode()).decode()
TOKEN = "battery-staple"

KINDS = ("basic", "bearer", "exec", "token", "certificate")


@dataclass(frozen=True)
class Ways:
    """Connections by their kind, and what is on the way."""

    connections: Mapping[str, Mapping[str, str]]
    gates: Mapping[str, Gate]
    folder: Path


@pytest.fixture(scope="module")
def ground(kubeconfig: str, new_stack: NewStack) -> Iterator[Ground]:
    kubernetes = Kubernetes(kubeconfig)
    with (
        namespace_with_volume(kubernetes, NAMESPACE),
        cluster_in(NAMESPACE, kubernetes, new_stack("connections-cluster")) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def ways(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    folder, admin = tmp_path_factory.mktemp("ways"), ground.kubernetes.kubeconfig
    authority = Authority(folder)
    users = _users(ground.kubernetes, folder)
    flink = ground.flink.base_url, ground.kubernetes.api.session
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("TEST_FLINK_PASSWORD", PASSWORD)
        patch.setenv("TEST_FLINK_TOKEN", TOKEN)
        gates = {
            kind: stack.enter_context(gate(authority.issue(kind), *flink, wanted))
            for kind, wanted in (("basic", BASIC), ("bearer", f"Bearer {TOKEN}"))
        }
        plain = {"kubeconfig": admin, "ca_file": str(authority.cert)}
        yield Ways(
            {
                "basic": {
                    **plain,
                    "rest_url": gates["basic"].url,
                    "username": "ops",
                    "password_env": "TEST_FLINK_PASSWORD",
                },
                "bearer": {
                    **plain,
                    "rest_url": gates["bearer"].url,
                    "bearer_token_env": "TEST_FLINK_TOKEN",
                },
                **{
                    kind: {"kubeconfig": with_user(folder / f"{kind}.yaml", admin, user)}
                    for kind, user in users.items()
                },
            },
            gates,
            folder,
        )


def _users(kubernetes: Kubernetes, folder: Path) -> dict[str, Mapping[str, object]]:
    """Users of kubeconfigs who may do anything in the namespace, and nothing elsewhere."""
    token = service_account(kubernetes, NAMESPACE, "robot")
    certificate, key = client_certificate(kubernetes, NAMESPACE)
    role = {"kind": "ClusterRole", "name": "cluster-admin"}
    account = {"kind": "ServiceAccount", "name": "robot", "namespace": NAMESPACE}
    bind(kubernetes, NAMESPACE, role, account)
    bind(kubernetes, NAMESPACE, role, {"kind": "User", "name": NAMESPACE})
    return {
        "exec": exec_plugin(folder, token),
        "token": {"token": token},
        "certificate": {"client-certificate-data": certificate, "client-key-data": key},
    }


def jobs(ground: Ground, connections: Mapping[str, Mapping[str, str]]) -> Program:
    """A program with one job by name for each connection."""

    def program() -> None:
        for name, connection in connections.items():
            given = ground.job(name, str(build()["stateful-v1"]))
            given["cluster"] = {**ground.ref, "connection": dict(connection)}
            SessionJob(name, given)  # type: ignore[arg-type]

    return program


@dataclass(frozen=True)
class Life:
    """A life of jobs: what `up`, a preview of the same, and `destroy` said."""

    created: Run
    planned: Run
    destroyed: Run


@pytest.fixture(scope="module")
def life(ground: Ground, ways: Ways, new_stack: NewStack) -> Life:
    stack, program = new_stack("connections"), jobs(ground, ways.connections)
    return Life(stack.up(program), stack.preview(program), stack.destroy())


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_runs_and_ends_over_it(kind: str, life: Life, ground: Ground) -> None:
    assert life.created.ok, life.created.error
    job = life.created.result(f"{kind}-job").outputs
    assert (job["phase"], list(ground.written(kind).versions)) == ("STABLE", ["v1"])
    assert life.planned.ok
    assert not life.planned.changes()
    assert life.planned.said("warning") == ""
    assert life.destroyed.ok, life.destroyed.error
    assert ground.flink.status(job["job_id"]) == "FINISHED"


REFUSED = {
    "wrong-password": (
        "credentials refused (HTTP 401): mend username and password_env, or bearer_token_env, of "
        "the connection"
    ),
    "unset-password": (
        "connection.password_env: the environment variable TEST_FLINK_UNSET is not set"
    ),
    "unknown-authority": (
        "{gate} does not answer: its certificate was not accepted (unable to get local issuer "
        "certificate)"
    ),
    "unknown-token": "{api} does not accept the credentials: log in again, or mend them",
    "no-rights": (
        'leases.coordination.k8s.io is forbidden: User "system:serviceaccount:test-connections:'
        'stranger" cannot create resource "leases" in API group "coordination.k8s.io" in the '
        'namespace "test-connections"'
    ),
}
"""What `up` says of a connection that is not in order."""


@pytest.fixture(scope="module")
def refused(ground: Ground, ways: Ways, new_stack: NewStack) -> Iterator[Run]:
    """An `up` of a job over each connection that is not in order."""
    basic, admin = ways.connections["basic"], ground.kubernetes.kubeconfig
    users = {
        "unknown-token": "not-a-token",
        "no-rights": service_account(ground.kubernetes, NAMESPACE, "stranger"),
    }
    connections = {
        "wrong-password": {**basic, "password_env": "TEST_FLINK_TOKEN"},
        "unset-password": {**basic, "password_env": "TEST_FLINK_UNSET"},
        "unknown-authority": {key: basic[key] for key in basic if key != "ca_file"},
        **{
            kind: {"kubeconfig": with_user(ways.folder / f"{kind}.yaml", admin, {"token": token})}
            for kind, token in users.items()
        },
    }
    stack = new_stack("connections-refused")
    yield stack.up(jobs(ground, connections), continue_on_error=True)
    run = stack.destroy()
    assert run.ok, run.error


@pytest.mark.parametrize("kind", REFUSED)
def test_a_connection_that_is_not_in_order_is_one_line(
    kind: str, refused: Run, ways: Ways, ground: Ground
) -> None:
    addresses = {"gate": ways.gates["basic"].url, "api": ground.kubernetes.api.server}
    said = [text for severity, text, who in refused.messages if severity == "error"]
    assert REFUSED[kind].format(**addresses) in said
    assert PASSWORD not in refused.error
    assert TOKEN not in refused.error
