"""The programs that make up the node, and how each is started."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.node import layout
from sandbox.node.certificates import Identity
from sandbox.paths import PROJECT, RUN, STATE

_CA = layout.PKI / "ca.crt"
_SERVICE_ACCOUNT_KEY = layout.PKI / "service-account.key"

IDENTITIES = (
    Identity("admin", "flink-sandbox-admin", "system:masters"),
    Identity("etcd", "etcd", addresses=("127.0.0.1",)),
    Identity(
        "kube-apiserver",
        "system:kube-apiserver",
        addresses=(layout.NODE_ADDRESS, layout.API_SERVICE_ADDRESS),
        names=("kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    ),
    Identity("kube-controller-manager", "system:kube-controller-manager"),
    Identity("kube-scheduler", "system:kube-scheduler"),
    Identity("kube-proxy", "system:kube-proxy"),
    Identity(
        "kubelet",
        f"system:node:{layout.NODE_NAME}",
        "system:nodes",
        addresses=(layout.NODE_ADDRESS,),
        names=(layout.NODE_NAME,),
    ),
    Identity("coredns", "system:coredns"),
    Identity("provisioner", "system:sandbox-provisioner"),
)

CLIENTS = ("kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "coredns")
"""Identities that read a kubeconfig."""


@dataclass(frozen=True)
class Programs:
    """Folders the programs lie in."""

    unpacked: Path
    kubernetes: Path
    coredns: Path


@dataclass(frozen=True)
class Component:
    """One program of the node."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: Path = STATE


def containerd(programs: Programs) -> Component:
    """Return containerd, which also serves while images are imported."""
    binaries = ":".join(str(programs.unpacked / part) for part in ("usr/bin", "usr/sbin"))
    return Component(
        "containerd",
        (
            str(programs.unpacked / "usr/bin/containerd"),
            "--config",
            str(layout.CONFIG / "containerd.toml"),
        ),
        env={"PATH": f"{binaries}:/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(RUN / "tmp")},
    )


def etcd(programs: Programs) -> Component:
    """Return the store of the API server; nothing in it outlives the node, so no fsync."""
    certificate, key = layout.PKI / "etcd.crt", layout.PKI / "etcd.key"
    clients = f"https://{layout.address('etcd clients')}"
    peers = f"https://{layout.address('etcd peers')}"
    return Component(
        "etcd",
        (
            str(programs.unpacked / "usr/bin/etcd"),
            "--name=sandbox",
            f"--data-dir={layout.ETCD_DATA}",
            f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=sandbox={peers}",
            f"--cert-file={certificate}",
            f"--key-file={key}",
            f"--trusted-ca-file={_CA}",
            "--client-cert-auth",
            f"--peer-cert-file={certificate}",
            f"--peer-key-file={key}",
            f"--peer-trusted-ca-file={_CA}",
            "--peer-client-cert-auth",
            "--unsafe-no-fsync",
            "--logger=zap",
        ),
    )


def api_server(programs: Programs, audit: bool) -> Component:
    """Return the API server, bound to the node's address only."""
    host, port = layout.PORTS["kube-apiserver"]
    certificate, key = layout.PKI / "kube-apiserver.crt", layout.PKI / "kube-apiserver.key"
    audit_flags = (
        f"--audit-policy-file={layout.CONFIG / 'audit.json'}",
        f"--audit-log-path={layout.AUDIT_LOG}",
    )
    return Component(
        "kube-apiserver",
        (
            str(programs.kubernetes / "kube-apiserver"),
            f"--advertise-address={host}",
            f"--bind-address={host}",
            f"--secure-port={port}",
            "--allow-privileged=true",
            "--anonymous-auth=false",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--client-ca-file={_CA}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--etcd-servers=https://{layout.address('etcd clients')}",
            f"--etcd-cafile={_CA}",
            f"--etcd-certfile={certificate}",
            f"--etcd-keyfile={key}",
            f"--kubelet-certificate-authority={_CA}",
            f"--kubelet-client-certificate={certificate}",
            f"--kubelet-client-key={key}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--service-cluster-ip-range={layout.SERVICE_RANGE}",
            f"--service-account-issuer=https://kubernetes.default.svc.{layout.CLUSTER_DOMAIN}",
            f"--service-account-key-file={layout.PKI / 'service-account.pub'}",
            f"--service-account-signing-key-file={_SERVICE_ACCOUNT_KEY}",
            "--shutdown-delay-duration=0s",
            *(audit_flags if audit else ()),
        ),
    )


def controllers(programs: Programs) -> list[Component]:
    """Return what runs against the API server, kubelet included."""
    own = programs.kubernetes
    manager_host, manager_port = layout.PORTS["kube-controller-manager"]
    scheduler_host, scheduler_port = layout.PORTS["kube-scheduler"]
    kubelet = Component(
        "kubelet",
        (
            str(own / "kubelet"),
            f"--config={layout.CONFIG / 'kubelet.json'}",
            f"--kubeconfig={layout.client_config('kubelet')}",
            f"--root-dir={layout.KUBELET_ROOT}",
            f"--hostname-override={layout.NODE_NAME}",
            f"--node-ip={layout.NODE_ADDRESS}",
        ),
        env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    manager = Component(
        "kube-controller-manager",
        (
            str(own / "kube-controller-manager"),
            f"--kubeconfig={layout.client_config('kube-controller-manager')}",
            f"--bind-address={manager_host}",
            f"--secure-port={manager_port}",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--flex-volume-plugin-dir={layout.VOLUME_PLUGINS}",
            f"--root-ca-file={_CA}",
            f"--service-account-private-key-file={_SERVICE_ACCOUNT_KEY}",
            f"--cluster-signing-cert-file={_CA}",
            f"--cluster-signing-key-file={layout.PKI / 'ca.key'}",
        ),
    )
    scheduler = Component(
        "kube-scheduler",
        (
            str(own / "kube-scheduler"),
            f"--kubeconfig={layout.client_config('kube-scheduler')}",
            f"--bind-address={scheduler_host}",
            f"--secure-port={scheduler_port}",
            "--leader-elect=false",
        ),
    )
    proxy = Component(
        "kube-proxy",
        (
            str(own / "kube-proxy"),
            f"--kubeconfig={layout.client_config('kube-proxy')}",
            f"--hostname-override={layout.NODE_NAME}",
            "--proxy-mode=iptables",
            f"--cluster-cidr={layout.POD_RANGE}",
            f"--healthz-bind-address={layout.address('kube-proxy health')}",
            f"--metrics-bind-address={layout.address('kube-proxy metrics')}",
            f"--nodeport-addresses={layout.NODE_ADDRESS}/32",
            "--iptables-localhost-nodeports=false",
            "--oom-score-adj=0",
            # The machine's own limits of connection tracking stay as they are.
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0s",
            "--conntrack-tcp-timeout-close-wait=0s",
        ),
        env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    coredns = Component(
        "coredns", (str(programs.coredns / "coredns"), "-conf", str(layout.CONFIG / "Corefile"))
    )
    provisioner = Component(
        "provisioner", (sys.executable, "-m", "sandbox.node.provisioner"), folder=PROJECT
    )
    return [kubelet, manager, scheduler, proxy, coredns, provisioner]
