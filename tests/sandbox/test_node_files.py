"""Certificates, kubeconfigs, configuration files, and who holds the node."""

from __future__ import annotations

import base64
import dataclasses
import json
import ssl
import subprocess
from pathlib import Path

import pytest

from sandbox.node import components, holder, layout, settings
from sandbox.node.certificates import Authority, Identity
from sandbox.node.holder import Holder
from sandbox.node.kubeconfig import kubeconfig, write_private
from sandbox.node.store import ImageStore
from sandbox.progress import SandboxError

SERVER = Identity("api", "server", "admins", addresses=("10.1.2.3",), names=("api.local",))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    authority = Authority(folder)
    authority.create()
    authority.sign(SERVER)
    return folder


def test_a_certificate_names_user_group_and_addresses_and_is_signed(signed: Path) -> None:
    show: list[str | Path] = ["openssl", "x509", "-in", signed / "api.crt", "-noout"]
    show += ["-subject", "-nameopt", "RFC2253", "-ext", "subjectAltName"]
    shown = subprocess.run(show, capture_output=True, text=True, check=True).stdout
    assert "subject=CN=server,O=admins" in shown
    assert "IP Address:10.1.2.3, DNS:api.local" in shown
    verify: list[str | Path] = [
        "openssl",
        "verify",
        "-CAfile",
        signed / "ca.crt",
        signed / "api.crt",
    ]
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 0


def test_keys_are_readable_by_their_owner_only(signed: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in signed.glob("*.key")} == {0o600}


def test_certificate_and_key_fit_each_other(signed: Path) -> None:
    ssl.create_default_context().load_cert_chain(signed / "api.crt", signed / "api.key")


def test_a_kubeconfig_holds_all_that_is_needed_to_log_in(tmp_path: Path) -> None:
    for name in ("ca", "crt", "key"):
        (tmp_path / name).write_text(f"the {name}")
    text = kubeconfig("me", tmp_path / "ca", tmp_path / "crt", tmp_path / "key")
    config = json.loads(text)
    assert config["current-context"] == "flink-sandbox"
    assert config["clusters"][0]["cluster"] == {
        "server": "https://10.250.0.1:16443",
        "certificate-authority-data": base64.b64encode(b"the ca").decode(),
    }
    assert config["users"][0] == {
        "name": "me",
        "user": {
            "client-certificate-data": base64.b64encode(b"the crt").decode(),
            "client-key-data": base64.b64encode(b"the key").decode(),
        },
    }


def test_a_private_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    write_private(tmp_path / "config", "secret")
    assert (tmp_path / "config").stat().st_mode & 0o777 == 0o600


def test_containerd_touches_nothing_of_the_machines() -> None:
    lines = settings.containerd(Path("/unpacked"), "pause:1").splitlines()
    assert 'state = "/run/flink-components-sandbox/containerd"' in lines
    assert 'address = "/run/flink-components-sandbox/containerd.sock"' in lines
    assert 'Root = "/run/flink-components-sandbox/runc"' in lines
    assert 'BinaryName = "/unpacked/usr/sbin/runc"' in lines


def test_containers_start_where_the_kernel_lets_no_score_be_lowered() -> None:
    text = settings.containerd(Path("/unpacked"), "pause:1")
    section = text.partition('[plugins."io.containerd.grpc.v1.cri"]\n')[2].partition("\n\n")[0]
    assert "restrict_oom_score_adj = true" in section.splitlines()


def test_pods_may_use_the_whole_machine() -> None:
    kubelet = json.loads(settings.kubelet())
    assert kubelet["enforceNodeAllocatable"] == []
    assert "kubeReserved" not in kubelet
    assert "systemReserved" not in kubelet


def test_the_name_service_listens_at_the_nodes_address_only() -> None:
    corefile = settings.corefile(Path("/config/coredns.kubeconfig"))
    assert corefile.startswith(".:53 {\n    bind 10.250.0.1\n")


def test_every_port_is_the_nodes_own() -> None:
    taken = [port for _, port in layout.PORTS.values()]
    standard = {2379, 2380, 6443, 10248, 10249, 10250, 10256, 10257, 10259}
    assert len(set(taken)) == len(taken)
    assert not standard & set(taken)


def test_the_audit_log_is_off_unless_asked_for() -> None:
    programs = components.Programs(Path("/u"), Path("/k"), Path("/c"))
    assert not any("audit" in part for part in components.api_server(programs, False).command)
    log = "--audit-log-path=/var/lib/flink-components-sandbox/logs/audit.log"
    assert log in components.api_server(programs, True).command


def test_the_holder_is_read_as_it_was_written(tmp_path: Path) -> None:
    me = Holder.this_process(Path("/clone"))
    holder.write(me, tmp_path / "holder.json")
    assert holder.read(tmp_path / "holder.json") == me
    assert me.is_starting()


def test_a_holder_that_ended_is_not_starting() -> None:
    me = Holder.this_process(Path("/clone"))
    assert not dataclasses.replace(me, started=me.started - 1).is_starting()


def test_another_folder_is_refused_at_once_while_the_node_is_changed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        holder.locked(Path("/first"), lock),
        pytest.raises(SandboxError, match="held by /first: use it from there, or end it with"),
        holder.locked(Path("/second"), lock),
    ):
        pass


def test_the_lock_is_free_after_it_was_held(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    for folder in ("/first", "/second"):
        with holder.locked(Path(folder), lock):
            assert lock.read_text() == folder
    assert lock.read_text() == ""


META = "root/io.containerd.metadata.v1.bolt/meta.db"
OVERLAY = "root/io.containerd.snapshotter.v1.overlayfs"


@pytest.fixture
def kept(tmp_path: Path) -> ImageStore:
    """A store in which one image was kept and a pod then ran."""
    for file in (META, f"{OVERLAY}/metadata.db", f"{OVERLAY}/snapshots/1/file"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("kept")
    store = ImageStore(tmp_path)
    store.keep({"flink:1": "1-abc.tar"})
    (tmp_path / META).write_text("with a pod")
    (tmp_path / OVERLAY / "snapshots/2").mkdir()
    (tmp_path / "root/io.containerd.grpc.v1.cri").mkdir()
    return store


def test_what_a_pod_left_in_the_image_store_is_gone_after_a_restore(
    kept: ImageStore, tmp_path: Path
) -> None:
    kept.restore()
    assert (tmp_path / META).read_text() == "kept"
    assert [path.name for path in (tmp_path / OVERLAY / "snapshots").iterdir()] == ["1"]
    assert not (tmp_path / "root/io.containerd.grpc.v1.cri").exists()
    assert kept.images() == {"flink:1": "1-abc.tar"}


def test_a_store_that_was_never_kept_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "root/half").mkdir(parents=True)
    store = ImageStore(tmp_path)
    store.restore()
    assert store.images() == {}
    assert not (tmp_path / "root").exists()
