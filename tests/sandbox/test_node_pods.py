"""What a pod can count on, on the sandbox's node and any other cluster that is tested on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

pytestmark = pytest.mark.cluster

# Its own for each run: an earlier one takes seconds to go.
NAMESPACE = f"test-node-pods-{uuid.uuid4().hex[:6]}"
IMAGE = "flink:1.20.3"
GREETING = "hello-from-the-pod"
# perl is part of every Debian and Ubuntu image.
SERVER = (
    "-MIO::Socket::INET",
    "-e",
    "$|=1; $s=IO::Socket::INET->new(LocalPort=>8080,Listen=>9) or die; print qq(up\\n);"
    "while($c=$s->accept){while(<$c>){last if /^\\r?$/}"
    f"print $c qq(HTTP/1.0 200 OK\\r\\nConnection: close\\r\\n\\r\\n{GREETING});close $c}}",
)

T = TypeVar("T")


def until(what: str, probe: Callable[[], T | None], seconds: float = 60) -> T:
    deadline = time.monotonic() + seconds
    while (value := probe()) is None:
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return value


def pod(name: str, command: list[str], **spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "main",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}] if "volumes" in spec else [],
    }
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "containers": [container],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 9999,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": 0,
            **spec,
        },
    }


@pytest.fixture(scope="module")
def core(kubeconfig: str) -> Iterator[Any]:
    """The API, with an empty namespace that enforces the restricted standard."""
    load: Any = config.new_client_from_config
    api: Any = client.CoreV1Api(load(kubeconfig))
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.create_namespace({"metadata": {"name": NAMESPACE, "labels": labels}})
    until("the default service account exists", lambda: _service_account(api))
    yield api
    api.delete_namespace(NAMESPACE)


@pytest.fixture(scope="module")
def server(core: Any) -> str:
    """A pod that serves a greeting at port 8080, behind a service of its name."""
    core.create_namespaced_pod(NAMESPACE, pod("server", ["perl", *SERVER]))
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    spec = {"selector": {"app": "server"}, "ports": ports}
    core.create_namespaced_service(NAMESPACE, {"metadata": {"name": "server"}, "spec": spec})
    until("the server runs", lambda: "up" in _log(core, "server") or None)
    return "server"


@pytest.fixture(scope="module")
def caller(core: Any) -> str:
    """Another pod, that waits to run commands."""
    core.create_namespaced_pod(NAMESPACE, pod("caller", ["sleep", "600"]))
    until("the pod runs", lambda: _phase(core, "caller") == "Running" or None)
    return "caller"


def test_a_restricted_pod_writes_to_its_volume_as_the_flink_user(core: Any) -> None:
    _claim(core, "data")
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    script = "id -u > /data/uid && cat /data/uid"
    body = pod("writer", ["sh", "-c", script], volumes=volumes, restartPolicy="Never")
    core.create_namespaced_pod(NAMESPACE, body)
    until("the pod ends", lambda: _phase(core, "writer") in ("Succeeded", "Failed") or None)
    assert _log(core, "writer") == "9999\n"


def test_a_volume_goes_with_its_claim(core: Any) -> None:
    _claim(core, "short")
    volume = until("the claim is bound", lambda: _volume_of(core, "short"))
    core.delete_namespaced_persistent_volume_claim("short", NAMESPACE)
    until("the volume is gone", lambda: _gone(lambda: core.read_persistent_volume(volume)))


def test_a_service_is_found_by_name_and_answers(core: Any, server: str, caller: str) -> None:
    url = f"http://{server}.{NAMESPACE}.svc.cluster.local/"
    assert _run(core, caller, "curl", "-s", url) == GREETING


def test_the_api_servers_proxy_reaches_a_service(core: Any, server: str) -> None:
    answer = core.connect_get_namespaced_service_proxy(f"{server}:http", NAMESPACE)
    assert answer == GREETING


def test_a_pods_token_is_known_to_the_api_server_and_gives_no_rights(
    core: Any, caller: str
) -> None:
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    script = (
        f'curl -s --cacert {folder}/ca.crt -H "Authorization: Bearer $(cat {folder}/token)" '
        f"https://kubernetes.default.svc/api/v1/namespaces/{NAMESPACE}/pods"
    )
    answer = _run(core, caller, "sh", "-c", script)
    assert f'User \\"system:serviceaccount:{NAMESPACE}:default\\" cannot list' in answer


def test_a_privileged_pod_is_refused_where_restricted_ones_are_enforced(
    core: Any,
) -> None:
    body = pod("privileged", ["true"])
    body["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    with pytest.raises(ApiException, match="violates PodSecurity") as refused:
        core.create_namespaced_pod(NAMESPACE, body)
    assert refused.value.status == 403


def test_a_lease_that_changed_meanwhile_is_not_overwritten(core: Any) -> None:
    leases: Any = client.CoordinationV1Api(core.api_client)
    body = {"metadata": {"name": "lock"}, "spec": {"holderIdentity": "first"}}
    seen = leases.create_namespaced_lease(NAMESPACE, body)
    seen.spec.holder_identity = "second"
    leases.replace_namespaced_lease("lock", NAMESPACE, seen)
    with pytest.raises(ApiException) as refused:
        leases.replace_namespaced_lease("lock", NAMESPACE, seen)
    assert refused.value.status == 409


def test_a_network_policy_is_accepted(core: Any) -> None:
    policies: Any = client.NetworkingV1Api(core.api_client)
    spec = {"podSelector": {"matchLabels": {"app": "nobody"}}, "policyTypes": ["Ingress"]}
    body = {"metadata": {"name": "closed"}, "spec": spec}
    assert policies.create_namespaced_network_policy(NAMESPACE, body).metadata.name == "closed"


@pytest.mark.parametrize("archive", ["jobmanager", "taskmanager", "utils"])
def test_java_maps_the_classes_that_the_image_has_archived(
    core: Any, caller: str, archive: str, pytestconfig: pytest.Config
) -> None:
    if pytestconfig.getoption("--kubeconfig"):
        pytest.skip("only the sandbox's own images have class archives")
    dist = f"/opt/flink/lib/flink-dist-{IMAGE.removeprefix('flink:')}.jar"
    path = f"$FLINK_BIN_DIR/bash-java-utils.jar:{dist}" if archive == "utils" else "$FLINK"
    options = f"-Xshare:on -XX:SharedArchiveFile=/opt/class-archives/{archive}.jsa"
    of_flink = "org.apache.flink.configuration.Configuration"
    java = f'java {options} -Xlog:class+load -cp "{path}" {of_flink}'
    script = f". bin/config.sh; FLINK=$(constructFlinkClassPath); {java}"
    said = _run(core, caller, "bash", "-c", script, "/opt/flink/bin/probe")
    assert f"{of_flink} source: shared objects file (top)" in said


def _claim(core: Any, name: str) -> None:
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources}
    body = {"metadata": {"name": name}, "spec": spec}
    core.create_namespaced_persistent_volume_claim(NAMESPACE, body)


def _volume_of(core: Any, claim: str) -> str | None:
    found = core.read_namespaced_persistent_volume_claim(claim, NAMESPACE)
    return found.spec.volume_name if found.status.phase == "Bound" else None


def _phase(core: Any, name: str) -> str:
    return str(core.read_namespaced_pod(name, NAMESPACE).status.phase)


def _log(core: Any, name: str) -> str:
    try:
        return str(core.read_namespaced_pod_log(name, NAMESPACE))
    except ApiException as error:
        if error.status != 400:
            raise
        return ""


def _run(core: Any, name: str, *command: str) -> str:
    return str(
        stream(
            core.connect_get_namespaced_pod_exec, name, NAMESPACE,
            command=list(command), stdin=False, stdout=True, stderr=True, tty=False,
        )
    )  # fmt: skip


def _service_account(core: Any) -> object | None:
    return None if _gone(lambda: core.read_namespaced_service_account("default", NAMESPACE)) else 1


def _gone(read: Callable[[], object]) -> bool | None:
    try:
        read()
    except ApiException as error:
        if error.status != 404:
            raise
        return True
    return None
