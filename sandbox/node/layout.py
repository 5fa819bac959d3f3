"""Names, addresses, ports and folders of the node, all its own."""

from __future__ import annotations

from pathlib import Path

from sandbox.paths import CACHE, RUN, STATE

NODE_NAME = "flink-sandbox"

# The kernel may have no dummy device and the kubelet refuses loopback: an empty bridge carries it.
NODE_LINK = "flinksb0"
NODE_ADDRESS = "10.250.0.1"
"""Where the machine's own services (the API server, DNS, a test's S3 server) are for pods."""

POD_LINK = "flinksb1"
POD_RANGE = "10.251.0.0/16"
SERVICE_RANGE = "10.252.0.0/16"
API_SERVICE_ADDRESS = "10.252.0.1"
POD_NETWORK = "flink-sandbox"
"""Name of the CNI network; its iptables rules carry it in their comment."""

CLUSTER_DOMAIN = "cluster.local"

API_PORT = 16443
PORTS = {
    "etcd clients": ("127.0.0.1", 12379),
    "etcd peers": ("127.0.0.1", 12380),
    "kube-apiserver": (NODE_ADDRESS, API_PORT),
    "kube-controller-manager": ("127.0.0.1", 20257),
    "kube-scheduler": ("127.0.0.1", 20259),
    "kubelet": (NODE_ADDRESS, 20250),
    "kubelet health": ("127.0.0.1", 20248),
    "kube-proxy health": ("127.0.0.1", 20256),
    "kube-proxy metrics": ("127.0.0.1", 20249),
    "coredns": (NODE_ADDRESS, 53),
    "coredns health": ("127.0.0.1", 20253),
    "s3": (NODE_ADDRESS, 20900),
}
"""Every port the node listens on, by what listens there; the S3 only when it is asked for."""

API_SERVER = f"https://{NODE_ADDRESS}:{API_PORT}"

PKI = STATE / "pki"
CONFIG = STATE / "config"
LOGS = STATE / "logs"
AUDIT_LOG = LOGS / "audit.log"
ETCD_DATA = STATE / "etcd"
KUBELET_ROOT = STATE / "kubelet"
VOLUME_PLUGINS = STATE / "volume-plugins"
POD_LOGS = STATE / "pod-logs"
VOLUMES = STATE / "volumes"
"""Data of PersistentVolumeClaims, a folder each."""

PROCESSES = RUN / "processes"
CONTAINERD_STATE = RUN / "containerd"
CONTAINERD_SOCKET = RUN / "containerd.sock"
RUNC_STATE = RUN / "runc"
CNI_STATE = RUN / "cni"

IMAGE_STORE = CACHE / "containerd"
"""containerd's root: unpacked images, kept while the node is down so that a start is quick."""

CGROUP = "flink-components-sandbox"
"""Name of the control group, right below each root, that holds every process of the node."""


def address(listener: str) -> str:
    """Return ``host:port`` of one of PORTS."""
    host, port = PORTS[listener]
    return f"{host}:{port}"


def client_config(user: str) -> Path:
    """Return where the kubeconfig of one component lies."""
    return CONFIG / f"{user}.kubeconfig"
