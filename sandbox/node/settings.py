"""The configuration files of the node's programs, as text."""

from __future__ import annotations

import json
from pathlib import Path

from sandbox.node import layout


def containerd(unpacked: Path, pause_image: str) -> str:
    """Return containerd's configuration: own root, state and socket, nothing of the machine's."""
    options = {
        "BinaryName": str(unpacked / "usr/sbin/runc"),
        "Root": str(layout.RUNC_STATE),
        "SystemdCgroup": False,
    }
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    unused = ("aufs", "btrfs", "devmapper", "zfs")
    sections: dict[str, dict[str, object]] = {
        "": {
            "version": 2,
            "root": str(layout.IMAGE_STORE / "root"),
            "state": str(layout.CONTAINERD_STATE),
            "disabled_plugins": [
                *(f"io.containerd.snapshotter.v1.{name}" for name in unused),
                "io.containerd.internal.v1.opt",
            ],
        },
        "grpc": {"address": str(layout.CONTAINERD_SOCKET)},
        cri: {
            "sandbox_image": pause_image,
            # A container of a machine without CAP_SYS_RESOURCE may not lower its score.
            "restrict_oom_score_adj": True,
            "netns_mounts_under_state_dir": True,
            "stream_server_address": "127.0.0.1",
            "stream_server_port": "0",
        },
        f"{cri}.containerd": {"snapshotter": "overlayfs", "default_runtime_name": "runc"},
        f"{cri}.containerd.runtimes.runc": {"runtime_type": "io.containerd.runc.v2"},
        f"{cri}.containerd.runtimes.runc.options": options,
        f"{cri}.cni": {
            "bin_dir": str(unpacked / "usr/lib/cni"),
            "conf_dir": str(layout.CONFIG / "cni"),
        },
    }
    return "".join(_section(name, values) for name, values in sections.items())


def _section(name: str, values: dict[str, object]) -> str:
    head = f"[{name}]\n" if name else ""
    # What is used here of TOML's values is written as in JSON.
    return head + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()) + "\n"


def pod_network() -> str:
    """Return the CNI network: a bridge that is the pods' gateway, with ports of the host mapped."""
    bridge = {
        "type": "bridge",
        "bridge": layout.POD_LINK,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(layout.CNI_STATE),
            "ranges": [[{"subnet": layout.POD_RANGE}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    network = {"cniVersion": "0.4.0", "name": layout.POD_NETWORK, "plugins": [bridge, portmap]}
    return json.dumps(network, indent=2) + "\n"


def kubelet() -> str:
    """Return the kubelet's configuration; pods may use the whole machine."""
    host, port = layout.PORTS["kubelet"]
    health_host, health_port = layout.PORTS["kubelet health"]
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": host,
        "port": port,
        "healthzBindAddress": health_host,
        "healthzPort": health_port,
        "tlsCertFile": str(layout.PKI / "kubelet.crt"),
        "tlsPrivateKeyFile": str(layout.PKI / "kubelet.key"),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.PKI / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{layout.CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.CGROUP}",
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "clusterDNS": [layout.NODE_ADDRESS],
        "clusterDomain": layout.CLUSTER_DOMAIN,
        "resolvConf": str(layout.CONFIG / "resolv.conf"),
        "podLogsDir": str(layout.POD_LOGS),
        "volumePluginDir": str(layout.VOLUME_PLUGINS),
    }
    return json.dumps(config, indent=2) + "\n"


def resolver() -> str:
    """Return the resolv.conf of pods that ask for the node's name service."""
    return f"nameserver {layout.NODE_ADDRESS}\n"


def corefile(kubeconfig: Path) -> str:
    """Return CoreDNS's configuration: the cluster's names, the machine's resolver for the rest."""
    host, port = layout.PORTS["coredns"]
    return f""".:{port} {{
    bind {host}
    errors
    health {layout.address("coredns health")}
    kubernetes {layout.CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {kubeconfig}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }}
    forward . /etc/resolv.conf
    cache 5
    loadbalance
}}
"""


def audit_policy() -> str:
    """Return an audit policy that records who did what to which object, once per request."""
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    }
    return json.dumps(policy, indent=2) + "\n"
