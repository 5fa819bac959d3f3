"""Starts the node's programs in order, each when what it needs answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from sandbox import images
from sandbox.node import (
    certificates,
    cleanup,
    components,
    firewall,
    layout,
    network,
    objects,
    ports,
    processes,
    settings,
    store,
)
from sandbox.node.api import Api, ApiError
from sandbox.node.cgroups import ControlGroups
from sandbox.node.components import Component, Programs
from sandbox.node.kubeconfig import kubeconfig, write_private
from sandbox.node.preparation import Prepared
from sandbox.paths import KUBECONFIG, RUN, STATE
from sandbox.progress import SandboxError, step

_READY = STATE / "ready"
_LOADED = STATE / "images.json"
_API_SECONDS = 60.0
_API_RESTARTS = 5
_RESTART_PAUSE = 1.0
_NODE_SECONDS = 90.0
_CONTAINERD_SECONDS = 20.0


def was_ready() -> bool:
    """Whether a whole start was done since the machine was clean."""
    return _READY.exists()


def has_audit() -> bool:
    """Whether the API server that runs writes an audit log."""
    record = processes.Records(layout.PROCESSES).running().get("kube-apiserver")
    return record is not None and any("--audit-log-path" in part for part in record.command)


def is_as_wanted(prepared: Prepared, audit: bool) -> bool:
    """Whether the running node has these very images, and an audit log if one is wanted."""
    has_images = prepared.archive_names().items() <= _loaded_archives().items()
    return has_images and (has_audit() or not audit)


def start_new(prepared: Prepared, audit: bool) -> None:
    """Start a node on a clean machine and wait until it is Ready."""
    ports.check_free()
    network.check_free()
    with step("node: starting", "node: Ready"):
        _lay_out(prepared.programs)
        _load_images(prepared)
        _note_loaded(store.ImageStore().images())
        _start_all(prepared.programs, audit)
        _READY.touch()


def complete(prepared: Prepared, audit: bool) -> None:
    """Start what is missing of a node that runs in part; load the images that it lacks."""
    with step("node: completing", "node: Ready"):
        _start(components.containerd(prepared.programs))
        _await_containerd(prepared.programs)
        loaded = _loaded_archives()
        for name, archive in prepared.images.items():
            if loaded.get(name) != archive.name:
                store.load(_ctr(prepared.programs), name, archive)
        _note_loaded({**loaded, **prepared.archive_names()})
        _start_all(prepared.programs, audit or has_audit())


def node_is_ready(api: Api) -> bool:
    """Whether the kubelet that runs now has reported its node as Ready."""
    kubelet = processes.Records(layout.PROCESSES).running().get("kubelet")
    if kubelet is None:
        return False
    try:
        node = api.get(f"/api/v1/nodes/{layout.NODE_NAME}")
    except ApiError:
        return False
    # An earlier kubelet's report stays for 40 s. Times in the API are in whole seconds.
    since = time.time() - kubelet.age() - 1
    return any(
        item["type"] == "Ready" and item["status"] == "True" and _seconds(item) >= since
        for item in node.get("status", {}).get("conditions", [])
    )


def _seconds(condition: Mapping[str, str]) -> float:
    reported = datetime.strptime(condition["lastHeartbeatTime"], "%Y-%m-%dT%H:%M:%SZ")
    return reported.replace(tzinfo=timezone.utc).timestamp()


def image_names(api: Api) -> list[str]:
    """Return the names of the images that the kubelet reports, sorted.

    Raises ApiError if the API server does not answer.
    """
    node = api.get(f"/api/v1/nodes/{layout.NODE_NAME}")
    # An image whose name another one has taken over is listed with no names.
    named = [image.get("names") or [] for image in node["status"].get("images", [])]
    return sorted(name for names in named for name in names if "@" not in name)


def _lay_out(programs: Programs) -> None:
    """Make folders, links, certificates and configuration files."""
    for folder in (RUN, STATE, RUN / "tmp", layout.VOLUMES, layout.CONFIG, layout.LOGS):
        folder.mkdir(parents=True, exist_ok=True)
    layout.ETCD_DATA.mkdir(mode=0o700)
    # Volumes can be written by all, so that no user of the machine may come near them.
    STATE.chmod(0o700)
    network.save_settings(cleanup.SETTINGS)
    network.create()
    network.allow_bridged_services()
    firewall.allow_pods()
    _write_certificates()
    (layout.CONFIG / "cni").mkdir()
    for name, text in {
        "containerd.toml": settings.containerd(programs.unpacked, images.PAUSE_IMAGE),
        "cni/10-pods.conflist": settings.pod_network(),
        "kubelet.json": settings.kubelet(),
        "resolv.conf": settings.resolver(),
        "Corefile": settings.corefile(layout.client_config("coredns")),
        "audit.json": settings.audit_policy(),
    }.items():
        (layout.CONFIG / name).write_text(text)


def _write_certificates() -> None:
    authority = certificates.Authority(layout.PKI)
    authority.create()
    for identity in components.IDENTITIES:
        authority.sign(identity)
    service_account = layout.PKI / "service-account.key"
    certificates.new_key(service_account)
    certificates.public_key(service_account, layout.PKI / "service-account.pub")
    for user in components.CLIENTS:
        write_private(layout.client_config(user), _kubeconfig(user))
    write_private(KUBECONFIG, _kubeconfig("admin"))


def _kubeconfig(user: str) -> str:
    certificate, key = (layout.PKI / f"{user}.{ending}" for ending in ("crt", "key"))
    return kubeconfig(user, layout.PKI / "ca.crt", certificate, key)


def _load_images(prepared: Prepared) -> None:
    """Leave containerd running with the wanted images; keep new ones for the next start."""
    kept = store.ImageStore()
    programs = prepared.programs
    _start(components.containerd(programs))
    _await_containerd(programs)
    wanted = prepared.archive_names()
    missing = [name for name, archive in wanted.items() if kept.images().get(name) != archive]
    if not missing:
        return
    for name in missing:
        store.load(_ctr(programs), name, prepared.images[name])
    processes.stop(processes.Records(layout.PROCESSES).running()["containerd"])
    kept.keep({**kept.images(), **wanted})
    _start(components.containerd(programs))
    _await_containerd(programs)


def _note_loaded(archives: Mapping[str, str]) -> None:
    _LOADED.write_text(json.dumps(archives))


def _loaded_archives() -> dict[str, str]:
    archives: dict[str, str] = json.loads(_LOADED.read_text()) if _LOADED.exists() else {}
    return archives


def _start_all(programs: Programs, audit: bool) -> None:
    _start(components.etcd(programs))
    server = components.api_server(programs, audit)
    _start(server)
    api = Api("admin")
    # The port of one that was just ended may be taken for a moment.
    restarts = iter([server] * _API_RESTARTS)
    _await("the API server", _API_SECONDS, lambda: _answers(api), "kube-apiserver", restarts)
    objects.apply(api)
    for component in components.controllers(programs):
        _start(component)
    _await("the node", _NODE_SECONDS, lambda: node_is_ready(api), "kubelet")


def _start(component: Component) -> None:
    """Start a program unless it runs already as it should."""
    records = processes.Records(layout.PROCESSES)
    running = records.running().get(component.name)
    if running and running.command == list(component.command):
        return
    if running:
        processes.end([running])
    records.start(
        component.name,
        component.command,
        log=layout.LOGS / f"{component.name}.log",
        group=ControlGroups().create(),
        env=component.env,
        folder=component.folder,
    )


def _answers(api: Api) -> bool:
    try:
        api.text("/readyz")
    except ApiError:
        return False
    return True


def _ctr(programs: Programs) -> Path:
    return programs.unpacked / "usr/bin/ctr"


def _await_containerd(programs: Programs) -> None:
    def answers() -> bool:
        try:
            store.loaded(_ctr(programs))
        except SandboxError:
            return False
        return True

    _await("containerd", _CONTAINERD_SECONDS, answers, "containerd")


def _await(
    what: str,
    seconds: float,
    is_true: Callable[[], bool],
    component: str,
    restarts: Iterator[Component] | None = None,
) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        log = layout.LOGS / f"{component}.log"
        if component not in processes.Records(layout.PROCESSES).running():
            again = next(restarts, None) if restarts else None
            if again is None:
                said = f"{component} ended while it was starting: {_last_line(log)}"
                raise SandboxError(f"{said} (all of it: {log})")
            time.sleep(_RESTART_PAUSE)
            _start(again)
        if time.monotonic() > deadline:
            raise SandboxError(f"{what} is not ready after {seconds:.0f} s: see {log}")
        time.sleep(0.1)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
