"""The JobManager that leads where several stand by: uploaded jars live in its pod alone."""

from __future__ import annotations

from urllib.parse import urlsplit

from flink_components.flink.errors import FlinkError, FlinkUnreachable
from flink_components.flink.high_availability import LEADER_KEY
from flink_components.kube.api import KubeApi, KubeError, NotFound, Unreachable
from flink_components.kube.objects import labels
from flink_components.spec.ref import ClusterRef


def leader_url(api: KubeApi, ref: ClusterRef) -> str:
    """The way to the leader's REST API by the API server's pod proxy, as Flink announces it now.

    Raises FlinkUnreachable while none leads, with status 404 where the cluster itself is gone, and
    FlinkError where the API server does not tell.
    """
    try:
        pod = _leading_pod(api, ref)
        if pod is not None:
            return api.pod_proxy(ref.namespace, pod, int(ref.port))
        api.get("Service", ref.namespace, ref.service)
    except NotFound as error:
        raise FlinkUnreachable(f"the {ref.noun} {ref.key} is gone: {error}", 404) from error
    except Unreachable as error:
        raise FlinkUnreachable(error.message) from error
    except KubeError as error:
        text = f"the leader of the {ref.noun} {ref.key} can't be looked for: {error}"
        raise FlinkError(text, error.status) from error
    raise FlinkUnreachable(
        f"no JobManager of the {ref.noun} {ref.key} r{ref.revision} leads at the moment"
    )


def _leading_pod(api: KubeApi, ref: ClusterRef) -> str | None:
    """The name of the pod at the announced address; None: nobody leads, or no longer."""
    try:
        found = api.get("ConfigMap", ref.namespace, str(ref.leader))
    except NotFound:
        return None
    announced = (found.get("data") or {}).get(LEADER_KEY, "")
    address = urlsplit(announced.partition(",")[2]).hostname
    selector = labels.selector(
        labels.OF_REFERENCES[ref.kind], ref.key, ref.revision, labels.JOB_MANAGER
    )
    for pod in api.list("Pod", ref.namespace, selector) if address else []:
        if (pod.get("status") or {}).get("podIP") == address:
            return str(pod["metadata"]["name"])
    return None
