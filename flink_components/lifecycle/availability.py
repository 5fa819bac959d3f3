"""What high availability leaves behind: ConfigMaps of Flink's own, which nothing else removes."""

from __future__ import annotations

from flink_components.flink.high_availability import metadata_selector
from flink_components.kube.api import KubeApi
from flink_components.kube.objects import labels
from flink_components.kube.objects.rendering import availability_id
from flink_components.lifecycle.ledger import Held, Ledger
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import ClusterRecord

_PODS_END_WITHIN = 60.0


def remove_metadata(
    shop: Workshop, held: Held[ClusterRecord], ledger: Ledger[ClusterRecord], name: str, number: int
) -> bool:
    """Deletes the metadata of a revision of cluster `name` whose other objects were deleted.

    False where its pods do not end: a JobManager that still leads would write it again.
    """
    api, namespace = ledger.api, ledger.namespace
    names = metadata_of(api, namespace, availability_id(name, number))
    if not names:
        return True
    selector = labels.selector(labels.SESSION_CLUSTER, ledger.key, number)
    _, gone = poll(
        shop.clock,
        lambda: api.list("Pod", namespace, selector),
        lambda pods: not pods,
        _PODS_END_WITHIN,
        pause=0.1,
    )
    if gone:
        held.fence()
        for one in names:
            api.delete("ConfigMap", namespace, one)
    return gone


def metadata_of(api: KubeApi, namespace: str, cluster_id: str) -> list[str]:
    """The ConfigMaps in which Flink keeps what it needs of `cluster_id`, whatever its version."""
    found = api.list("ConfigMap", namespace, metadata_selector(cluster_id))
    names = [str(one["metadata"]["name"]) for one in found]
    return [name for name in names if name.startswith(f"{cluster_id}-")]
