"""Whether a cluster that does not answer is gone: none of its jobs runs, and none comes back."""

from flink_components.kube.api import KubeApi
from flink_components.kube.objects import labels
from flink_components.lifecycle.work import Workshop
from flink_components.spec.ref import ClusterRef

_FILES = ("config.yaml", "flink-conf.yaml")
_AVAILABILITY = "high-availability"


class NotProven(Exception):
    """Why nobody knows whether it is gone."""


def options_of_gone(shop: Workshop, ref: ClusterRef) -> dict[str, str]:
    """Flink's options of a revision that has no pod any more, and no high availability.

    Without that a JobManager which Kubernetes starts again knows none of its jobs, and without
    TaskManagers nothing of them runs. A pod on a node that is lost counts as one that is there.
    The uid of its Service shows that this is the Kubernetes cluster on which the job ran.
    Raises NotProven, FlinkError, KubeError, AccessError.
    """
    if ref.connection.rest_url is not None:
        raise NotProven("it is reached by rest_url, so its pods can't be looked at")
    if ref.uid is None:
        raise NotProven("the uid of its Service is not known, so it may be another cluster")
    shop.reach.flink(ref)
    api = shop.reach.api(ref.connection)
    selector = labels.selector(labels.SESSION_CLUSTER, ref.key, ref.revision)
    pods = [pod["metadata"]["name"] for pod in api.list("Pod", ref.namespace, selector)]
    if pods:
        raise NotProven(f"of its pods there are {', '.join(sorted(pods))}")
    options = options_of(api, ref.namespace, selector)
    if options is None:
        raise NotProven("its ConfigMap is gone, so nobody knows whether it is highly available")
    found = {name: value for name, value in options.items() if name.startswith(_AVAILABILITY)}
    kind = found.get(f"{_AVAILABILITY}.type", found.get(_AVAILABILITY, "" if found else "NONE"))
    if kind.upper() != "NONE":
        raise NotProven(f"high availability ({kind or 'of some kind'}) may bring the job back")
    return options


def options_of(api: KubeApi, namespace: str, selector: str) -> dict[str, str] | None:
    """Flink's options by the ConfigMap of a revision; None without one. Raises KubeError."""
    for found in api.list("ConfigMap", namespace, selector):
        for name in _FILES:
            if name in (found.get("data") or {}):
                return _read(found["data"][name])
    return None


def _read(text: str) -> dict[str, str]:
    """The lines of a file of one option each; of nested ones, just that they are there."""
    pairs = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}
