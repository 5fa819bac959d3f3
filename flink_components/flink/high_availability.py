"""Flink's high availability by Kubernetes: its options, and the names of what it writes."""

from __future__ import annotations

from flink_components.flink.versions import features, name_for
from flink_components.spec.options import Scalar
from flink_components.spec.version import minor_of

# Before 1.17 the short name is not documented; the class is read by every version.
_FACTORY = "org.apache.flink.kubernetes.highavailability.KubernetesHaServicesFactory"
_SHORT_NAME_SINCE = (1, 17)
LEADER_KEY = "org.apache.flink.k8s.leader.restserver"
"""Where the ConfigMap of a cluster (1.15 and later) names its leader: `<session id>,<URL>`."""


def availability_options(
    storage_dir: str, cluster_id: str, namespace: str, version: str
) -> dict[str, Scalar]:
    """Switches it on: metadata in ConfigMaps of the namespace, the data itself in `storage_dir`."""
    known = minor_of(version) >= _SHORT_NAME_SINCE
    return {
        name_for("high-availability.type", version): "kubernetes" if known else _FACTORY,
        "high-availability.storageDir": storage_dir,
        **cluster_ids(cluster_id, namespace),
    }


def cluster_ids(cluster_id: str, namespace: str) -> dict[str, Scalar]:
    """What keeps the metadata of one revision apart from that of any other."""
    return {
        "high-availability.cluster-id": f"/{cluster_id}",
        "kubernetes.cluster-id": cluster_id,
        "kubernetes.namespace": namespace,
    }


def leader_config_map(cluster_id: str, version: str) -> str:
    """The name of the ConfigMap in which Flink announces its leader."""
    return f"{cluster_id}{features(version).ha_cluster_config_map}"


def metadata_selector(cluster_id: str) -> str:
    """The label selector of the ConfigMaps that a cluster writes, in every version."""
    return f"app={cluster_id},type=flink-native-kubernetes"
