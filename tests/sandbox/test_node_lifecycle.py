"""The node comes up from any state of the machine, and leaves nothing on it.

Restarts the machine's node, so no test that needs one runs beside: ``pytest --restart-node``.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sandbox.images import DEFAULT_VERSIONS
from sandbox.node import builds, cleanup, layout, lifecycle, network, processes
from sandbox.paths import CACHE, KUBECONFIG, PROJECT, RUN, STATE
from sandbox.progress import SandboxError

T = TypeVar("T")

pytestmark = pytest.mark.node_lifecycle

ELSEWHERE = Path("/srv/another-clone")
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "sleeper"},
    "spec": {
        "containers": [
            {
                "name": "main",
                "image": "flink:1.20.3",
                "command": ["sleep", "600"],
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }
        ],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    },
}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


@pytest.fixture(scope="module")
def clean_machine(restarts_done: Path) -> Iterator[dict[str, Any]]:
    """How the machine is without the node, which is up again afterwards if it was before."""
    was_up = lifecycle.is_held_healthy()
    lifecycle.down()
    yield snapshot()
    lifecycle.up(DEFAULT_VERSIONS) if was_up else lifecycle.down()


@pytest.fixture
def pod(clean_machine: dict[str, Any]) -> str:
    """A pod with a volume that runs on the node."""
    lifecycle.up(DEFAULT_VERSIONS)
    kubectl("delete", "pod,pvc", "--all", "--now")
    until(lambda: kubectl("get", "serviceaccount", "default") != "")
    for item in (CLAIM, POD):
        kubectl("create", "-f", "-", given=json.dumps(item))
    kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/sleeper")
    return "sleeper"


def test_down_leaves_the_machine_as_it_was(pod: str, clean_machine: dict[str, Any]) -> None:
    lifecycle.down()
    assert cleanup.leftovers() == []
    assert snapshot() == clean_machine


def test_a_warm_start_is_ready_within_40_seconds(clean_machine: dict[str, Any]) -> None:
    lifecycle.down()
    start = time.monotonic()
    lifecycle.up(DEFAULT_VERSIONS)
    assert time.monotonic() - start < 40


def test_up_on_a_healthy_node_changes_nothing_within_2_seconds(pod: str) -> None:
    before = running()
    start = time.monotonic()
    lifecycle.up(DEFAULT_VERSIONS)
    assert time.monotonic() - start < 2
    assert running() == before


def test_pods_live_on_when_containerd_and_the_kubelet_are_killed_and_up_again(pod: str) -> None:
    killed("containerd", "kubelet")
    lifecycle.up(DEFAULT_VERSIONS)
    assert kubectl("get", "pod", pod, "-o", "jsonpath={.status.phase}") == "Running"
    until(lambda: kubectl("exec", pod, "--", "echo", "alive") == "alive\n")


def test_objects_live_on_when_the_api_server_and_its_store_are_killed(pod: str) -> None:
    killed("kube-apiserver", "etcd")
    lifecycle.up(DEFAULT_VERSIONS)
    assert kubectl("get", "pvc", "-o", "name") == "persistentvolumeclaim/data\n"


def test_a_node_whose_programs_were_all_killed_is_started_anew(pod: str) -> None:
    killed(*lifecycle.COMPONENTS)
    lifecycle.up(DEFAULT_VERSIONS)
    assert kubectl("get", "pods", "-o", "name") == ""


def test_down_cleans_up_after_a_node_whose_programs_were_all_killed(
    pod: str, clean_machine: dict[str, Any]
) -> None:
    killed(*lifecycle.COMPONENTS)
    lifecycle.down()
    assert cleanup.leftovers() == []
    assert snapshot() == clean_machine


def test_down_cleans_up_after_an_up_that_was_killed(clean_machine: dict[str, Any]) -> None:
    lifecycle.down()
    starting = begin_up()
    starting.send_signal(signal.SIGKILL)
    starting.wait()
    lifecycle.down()
    assert snapshot() == clean_machine


def test_down_ends_an_up_that_is_at_work(clean_machine: dict[str, Any]) -> None:
    lifecycle.down()
    starting = begin_up()
    lifecycle.down()
    assert starting.wait() == -signal.SIGKILL
    assert snapshot() == clean_machine


def test_another_clone_is_told_which_folder_holds_the_node(clean_machine: dict[str, Any]) -> None:
    lifecycle.up(DEFAULT_VERSIONS)
    told = f"held by {PROJECT}: use it from there"
    with pytest.raises(SandboxError, match=told):
        lifecycle.up(DEFAULT_VERSIONS, folder=ELSEWHERE)
    with pytest.raises(SandboxError, match=told):
        lifecycle.down(folder=ELSEWHERE)
    assert lifecycle.is_healthy()


def test_down_by_force_works_from_another_clone(clean_machine: dict[str, Any]) -> None:
    lifecycle.up(DEFAULT_VERSIONS)
    lifecycle.down(force=True, folder=ELSEWHERE)
    assert snapshot() == clean_machine


def test_the_audit_log_is_switched_on_under_running_pods_and_stays(pod: str) -> None:
    lifecycle.up(DEFAULT_VERSIONS, audit=True)
    lifecycle.up(DEFAULT_VERSIONS)
    kubectl("get", "pod", pod)
    events = [json.loads(line) for line in layout.AUDIT_LOG.read_text().splitlines()]
    seen = [event["objectRef"] for event in events if "objectRef" in event]
    assert any(item["resource"] == "pods" and item.get("name") == pod for item in seen)


def test_an_api_server_whose_port_is_taken_for_a_moment_is_started_again(pod: str) -> None:
    killed("kube-apiserver")
    with until(lambda: taking(layout.PORTS["kube-apiserver"])):
        completing = subprocess.Popen([sys.executable, "-m", "sandbox", "up"], cwd=PROJECT)
        log = layout.LOGS / "kube-apiserver.log"
        until(lambda: "address already in use" in log.read_text())
    assert completing.wait() == 0
    kubectl("get", "pod", pod)


def taking(address: tuple[str, int]) -> socket.socket | None:
    """A server at the address; None while another one is, or was an instant ago."""
    try:
        return socket.create_server(address)
    except OSError:
        return None


def begin_up() -> subprocess.Popen[bytes]:
    """Start an `up` of its own process and return when the API server has been started."""
    starting = subprocess.Popen([sys.executable, "-m", "sandbox", "up"], cwd=PROJECT)
    until(lambda: "kube-apiserver" in running())
    return starting


def killed(*components: str) -> None:
    records = running()
    processes.end([records[name] for name in components])


def running() -> dict[str, processes.Record]:
    return processes.Records(layout.PROCESSES).running()


def until(look: Callable[[], T | None], seconds: float = 60) -> T:
    """Waits for something that is true; that."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return seen


def kubectl(*arguments: str, given: str = "") -> str:
    command = [str(builds.kubectl_folder() / "kubectl"), f"--kubeconfig={KUBECONFIG}", *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False).stdout


def snapshot() -> dict[str, Any]:
    """What a node could leave on the machine."""
    folders = ("/run", "/run/containerd/s", "/var/lib/cni/results", "/var/log/containers",
               "/var/lib/kubelet", "/opt/cni", "/etc/cni", "/usr/libexec/kubernetes")  # fmt: skip
    settings = network.SETTINGS
    return {
        "processes": sorted(_processes()),
        "mounts": Path("/proc/self/mounts").read_text().splitlines(),
        "links": _listing(Path("/sys/class/net")),
        "rules": [_rules("iptables-save"), _rules("ip6tables-save")],
        "control groups": sorted(map(str, Path("/sys/fs/cgroup").glob("*/*sandbox*"))),
        "network namespaces": sorted(map(str, Path("/run/netns").glob("*"))),
        "folders": {name: _listing(Path(name)) for name in folders},
        "settings": {
            name: (settings / name).read_text()
            for name in network.CHANGED
            if (settings / name).exists()
        },
    }


def _processes() -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            program = str((folder / "exe").readlink())
            arguments = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if program.startswith(str(CACHE)) and any(str(path) in arguments for path in (STATE, RUN)):
            yield arguments


def _rules(program: str) -> list[str]:
    saved = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    # An empty table that was only looked at counts as no rule; so do counters.
    return [line for line in saved.splitlines() if line.startswith("-A") or " - [" in line]


def _listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
