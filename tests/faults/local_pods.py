"""Pods whose containers are processes of this machine: what a kubelet does, and nothing else.

Deployments, ReplicaSets, Services, accounts and ledgers are those of a real API server, and so are
the controllers that make pods of them. A JVM without an image and its scripts starts in a fraction
of the time of a container, so that an application can be struck at each of its calls.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from examples.jobs.jars import build
from flink_components.flink.config import WORK_DIR
from flink_components.kube.objects import labels
from flink_components.kube.objects.application_pods import GUARD_JAR
from flink_components.spec.pods import OF_APPLICATIONS
from sandbox.images import distribution
from tests.lifecycle.kubernetes import Kubernetes, until
from tests.local_flink import WORKER, WORKER_MEMORY, LocalFlink, free_ports

Json = dict[str, Any]

FINALIZER = "tests.flink-components/ends-with-its-process"
"""Of each pod: it is there until its process has ended, as with a kubelet."""

SCHEDULER = "tests-flink-components"
"""Of each pod: nobody is called so, and no node gets it."""

REST = "rest"
"""The file in a pod's folder that says where its Flink is."""

_APPLICATION = "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint"
_LOOKS_EVERY_SECONDS = 0.1
_ENDS_SECONDS = 10.0
_BACK_OFF_SECONDS = 10.0
_QUICK = {"poll-ms": 200, "quick-poll-ms": 100, "watch-ms": 200}
_DROPPED = ("taskmanager.memory.process.size", "taskmanager.memory.managed.fraction")
_ANY_PORT = (
    "blob.server.port",
    "metrics.internal.query-service.port",
    "taskmanager.data.port",
    "taskmanager.rpc.port",
)


def log_of(home: Path, pod: str, previous: bool) -> str | None:
    """What the container of a pod has said, or the one before it; None where there is none."""
    path = home / pod / ("previous.log" if previous else "current.log")
    return path.read_text(errors="replace") if path.is_file() else None


@dataclass
class _Pod:
    """A pod with its one process, and what is told of it."""

    name: str
    revision: str
    is_job_manager: bool
    jvm: _Jvm
    restarts: int = 0
    started: str = ""
    ended: Json | None = None
    starts_at: float = 0.0
    ends_since: float | None = None
    ready: bool = False
    arguments: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)


class _Jvm(LocalFlink):
    """The process of a pod; its settings are those of a ConfigMap."""

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._processes.get("container")

    def start(self, pod: _Pod, example: str, log: Path) -> None:
        """Starts it; what it says goes into `log`."""
        self._processes.clear()
        main, heap = (_APPLICATION, "-Xmx384m") if pod.is_job_manager else (WORKER, "-Xmx256m")
        (self.workdir / "container.out").unlink(missing_ok=True)
        (self.workdir / "container.out").symlink_to(log)
        self._start(
            "container",
            distribution(self.version),
            main,
            heap,
            java_options=pod.options,
            class_path=[build()[example]],
            arguments=pod.arguments,
            environment=pod.environment,
        )


class LocalPods:
    """Runs the pods of one namespace inside a `with` block, and leaves none.

    `home` has a folder for each pod. Images are called `example/<name of an example jar>:<tag>`.
    """

    def __init__(self, kubernetes: Kubernetes, namespace: str, home: Path, version: str) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._path = f"/api/v1/namespaces/{namespace}"
        self._home = home
        self._version = version
        self._address = _address_of_a_node(kubernetes)
        self._pods: dict[str, _Pod] = {}
        self._ports: dict[str, tuple[int, int]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="kubelet")
        self.problems: list[str] = []

    def __enter__(self) -> LocalPods:
        self._home.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all processes, and lets go of the pods."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        for pod in self._pods.values():
            pod.jvm.kill()
        with suppress(AssertionError, requests.RequestException):
            for found in self._kubernetes.call("GET", f"{self._path}/pods")["items"]:
                self._let_go(found["metadata"]["name"])

    # -- the loop ----------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._ended.wait(_LOOKS_EVERY_SECONDS):
            try:
                self._look()
            except (AssertionError, requests.RequestException, OSError) as problem:
                self.problems.append(f"{type(problem).__name__}: {problem}"[:300])

    def _look(self) -> None:
        listed = self._kubernetes.call("GET", f"{self._path}/pods")["items"]
        found = {pod["metadata"]["uid"]: pod for pod in listed}
        for uid in set(self._pods) - set(found):
            self._pods.pop(uid).jvm.kill()
        for uid, pod in found.items():
            if uid not in self._pods:
                if "deletionTimestamp" in pod["metadata"]:
                    self._let_go(pod["metadata"]["name"])
                    continue
                self._pods[uid] = self._made(pod)
            self._step(self._pods[uid], pod)

    def _step(self, pod: _Pod, found: Json) -> None:
        process = pod.jvm.process
        if "deletionTimestamp" in found["metadata"]:
            self._end(pod, process)
        elif process is not None and process.poll() is not None:
            self._has_ended(pod, process.returncode)
        elif process is None and time.monotonic() >= pod.starts_at:
            self._start(pod, found)
        elif process is not None and pod.is_job_manager and self._answers(pod) is not pod.ready:
            pod.ready = not pod.ready
            self._tell(pod)
            self._lead_to(pod)

    def _end(self, pod: _Pod, process: subprocess.Popen[bytes] | None) -> None:
        """As a kubelet does: a polite signal, and another one when that takes too long."""
        now = time.monotonic()
        if pod.ends_since is None:
            pod.ends_since, pod.ready = now, False
            if pod.is_job_manager:
                self._lead_to(pod)
            if process is not None and process.poll() is None:
                process.terminate()
        if now - pod.ends_since > _ENDS_SECONDS:
            pod.jvm.kill()
        if process is None or process.poll() is not None:
            self._let_go(pod.name)

    def _let_go(self, name: str) -> None:
        self._kubernetes.call(
            "PATCH", f"{self._path}/pods/{name}", {"metadata": {"finalizers": None}}
        )

    def _start(self, pod: _Pod, found: Json) -> None:
        folder = self._home / pod.name
        log, current = folder / f"{pod.restarts}.log", folder / "current.log"
        if current.is_symlink():
            _link(folder / "previous.log", current.readlink())
        log.touch()
        _link(current, log)
        pod.started, pod.ready = _now(), False
        image = found["spec"]["containers"][0]["image"]
        pod.jvm.start(pod, image.partition("/")[2].partition(":")[0], log)
        self._tell(pod)

    def _has_ended(self, pod: _Pod, status: int) -> None:
        """The first time it starts again at once, then after a while."""
        code = status if status >= 0 else 128 - status
        times = {"startedAt": pod.started, "finishedAt": _now()}
        pod.ended = {"exitCode": code, "reason": "Completed" if code == 0 else "Error", **times}
        pod.jvm.kill_process("container")
        pod.ready = False
        if pod.is_job_manager:
            self._lead_to(pod)
        if pod.restarts:
            pod.starts_at = time.monotonic() + _BACK_OFF_SECONDS
            folder = self._home / pod.name
            _link(folder / "previous.log", (folder / "current.log").readlink())
            self._tell(pod)
        pod.restarts += 1

    # -- what is told ------------------------------------------------------------------------

    def _tell(self, pod: _Pod) -> None:
        runs = pod.jvm.process is not None
        waits = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
        container = {
            "name": labels.JOB_MANAGER if pod.is_job_manager else labels.TASK_MANAGER,
            "image": "example",
            "imageID": "",
            "ready": pod.ready,
            "restartCount": pod.restarts,
            "state": {"running": {"startedAt": pod.started}} if runs else waits,
            "lastState": {"terminated": pod.ended} if pod.ended else {},
        }
        status = {
            "phase": "Running",
            "podIP": self._address,
            "podIPs": [{"ip": self._address}],
            "conditions": [{"type": "Ready", "status": str(pod.ready)}],
            "containerStatuses": [container],
        }
        self._kubernetes.call("PATCH", f"{self._path}/pods/{pod.name}/status", {"status": status})

    def _lead_to(self, pod: _Pod) -> None:
        """The endpoints of the revision's REST Service: the JobManager, once it answers."""
        name = f"{pod.revision}-rest"
        port = {"name": "rest", "port": self._ports[pod.revision][0]}
        # The API server's proxy leads to nothing else but pods.
        target = {"kind": "Pod", "namespace": self._namespace, "name": pod.name}
        addresses = [{"ip": self._address, "targetRef": target}]
        subsets = [{"addresses": addresses, "ports": [port]}] if pod.ready else []
        body = {"metadata": {"name": name}, "subsets": subsets}
        path = f"{self._path}/endpoints"
        if self._kubernetes.call("GET", f"{path}/{name}") is None:
            if subsets:
                self._kubernetes.call("POST", path, body)
        else:
            self._kubernetes.call("PUT", f"{path}/{name}", body)

    def _answers(self, pod: _Pod) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self._ports[pod.revision][0])) == 0

    # -- a new pod ---------------------------------------------------------------------------

    def _made(self, found: Json) -> _Pod:
        """Its folder, with what the init container would have copied into it."""
        metadata, spec = found["metadata"], found["spec"]
        is_job_manager = metadata["labels"][labels.COMPONENT] == labels.JOB_MANAGER
        revision = metadata["name"].partition(
            "-jobmanager-" if is_job_manager else "-taskmanager-"
        )[0]
        if revision not in self._ports:
            rest, rpc = free_ports(2)
            self._ports[revision] = (rest, rpc)
        folder = self._home / metadata["name"]
        (folder / "conf").mkdir(parents=True)
        (folder / "tmp").mkdir()
        mounted = {volume["name"]: volume for volume in spec["volumes"]}
        settings = self._configure(folder, mounted["flink-conf"]["configMap"]["name"], revision)
        variables = {"$(POD_IP)": self._address, "$(POD_NAME)": metadata["name"], "$$": "$"}
        given = spec["containers"][0]["args"][1:]
        jvm = _Jvm(self._version, folder)
        pod = _Pod(metadata["name"], revision, is_job_manager, jvm)
        pod.arguments = [_replaced(argument, variables) for argument in given]
        if any("high-availability" in option for option in settings):
            account = self._account(folder, spec["serviceAccountName"])
            pod.environment["KUBECONFIG"] = str(self._kubeconfig(folder, account))
        if is_job_manager:
            guard = self._guard(folder, mounted["flink-guard"]["configMap"]["name"])
            account = self._account(folder, spec["serviceAccountName"])
            moved = {
                f"{OF_APPLICATIONS['flink-guard']}/{GUARD_JAR}": str(guard),
                f"conf={WORK_DIR}/conf": f"conf={folder / 'conf'}",
            }
            option = _replaced(settings["env.java.opts.jobmanager"].strip('"'), moved)
            quick = ",".join(f"{name}={value}" for name, value in _QUICK.items())
            pod.options = [f"{option},account={account},{quick}"]
            pod.environment |= {"POD_UID": metadata["uid"], **self._api_server(folder)}
            (folder / REST).write_text(f"http://127.0.0.1:{self._ports[revision][0]}")
        return pod

    def _configure(self, folder: Path, name: str, revision: str) -> Mapping[str, str]:
        """Its settings; what a pod has for itself is shared by all processes of a machine."""
        data = self._kubernetes.call("GET", f"{self._path}/configmaps/{name}")["data"]
        file = next(one for one in data if one.endswith(".yaml"))
        given = dict(line.split(": ", 1) for line in data[file].splitlines())
        rest, rpc = self._ports[revision]
        settings = {
            **{option: value for option, value in given.items() if option not in _DROPPED},
            **dict.fromkeys(_ANY_PORT, "0"),
            **WORKER_MEMORY,
            "jobmanager.rpc.address": "127.0.0.1",
            "jobmanager.rpc.port": str(rpc),
            "rest.port": str(rest),
            "io.tmp.dirs": str(folder / "tmp"),
            "web.upload.dir": str(folder / "upload"),
            "cluster.registration.error-delay": "500",
        }
        text = "".join(f"{option}: {value}\n" for option, value in settings.items())
        (folder / "conf" / file).write_text(text)
        (folder / "conf" / "log4j.properties").write_text(data["log4j-console.properties"])
        return settings

    def _guard(self, folder: Path, name: str) -> Path:
        data = self._kubernetes.call("GET", f"{self._path}/configmaps/{name}")["binaryData"]
        path = folder / GUARD_JAR
        path.write_bytes(base64.b64decode(data[GUARD_JAR]))
        return path

    def _account(self, folder: Path, name: str) -> Path:
        """The mounted account, with a token of the API server's own."""
        account = folder / "account"
        if account.is_dir():
            return account
        account.mkdir()
        path = f"{self._path}/serviceaccounts/{name}/token"
        answer = self._kubernetes.call("POST", path, {"spec": {"expirationSeconds": 86400}})
        (account / "token").write_text(answer["status"]["token"])
        shutil.copy(str(self._kubernetes.api.session.verify), account / "ca.crt")
        return account

    def _kubeconfig(self, folder: Path, account: Path) -> Path:
        """What Flink's own client of Kubernetes would find of that account in a pod."""
        authority = str(account / "ca.crt")
        cluster = {"server": self._kubernetes.api.server, "certificate-authority": authority}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "pod",
            "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
            "clusters": [{"name": "pod", "cluster": cluster}],
            "users": [{"name": "pod", "user": {"token": (account / "token").read_text()}}],
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(config))
        return path

    def _api_server(self, folder: Path) -> dict[str, str]:
        server = urlsplit(self._kubernetes.api.server)
        return {
            "KUBERNETES_SERVICE_HOST": str(server.hostname),
            "KUBERNETES_SERVICE_PORT": str(server.port or 443),
            "FLINK_CONF_DIR": str(folder / "conf"),
        }


@contextmanager
def local_pods(
    kubernetes: Kubernetes, namespace: str, home: Path, version: str
) -> Iterator[LocalPods]:
    """A namespace whose pods are local ones; what a killed run has left there goes first."""
    path = f"/api/v1/namespaces/{namespace}"

    def is_gone() -> bool:
        if kubernetes.call("GET", path) is None:
            return True
        kubernetes.give_up_namespace(namespace)
        for pod in kubernetes.call("GET", f"{path}/pods")["items"]:
            name = pod["metadata"]["name"]
            kubernetes.call("PATCH", f"{path}/pods/{name}", {"metadata": {"finalizers": None}})
        return False

    until(f"the end of namespace {namespace}", 60, is_gone)
    with kubernetes.namespace(namespace), LocalPods(kubernetes, namespace, home, version) as pods:
        yield pods


def _address_of_a_node(kubernetes: Kubernetes) -> str:
    """One of this machine at which the API server may reach what is not in a pod."""
    (node, *_) = kubernetes.call("GET", "/api/v1/nodes")["items"]
    found = {one["type"]: one["address"] for one in node["status"]["addresses"]}
    return str(found["InternalIP"])


def _link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _replaced(text: str, by: Mapping[str, str]) -> str:
    for old, new in by.items():
        text = text.replace(old, new)
    return text


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
