"""A session cluster that is gone with all its pods: its job goes on on another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flink_components.kube.objects import labels
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.planning import plan
from flink_components.plan.record import Phase
from sandbox.images import DEFAULT_VERSIONS
from tests.lifecycle.conftest import CONFIG, NAMESPACE, make_job
from tests.lifecycle.kubernetes import Kubernetes, until
from tests.local_flink import LocalFlink

pytestmark = pytest.mark.cluster

VERSION = DEFAULT_VERSIONS[-1]
IDENTITY = labels.identity(labels.SESSION_CLUSTER, f"{NAMESPACE}/gone", 1)
NOT_TO_BE_SCHEDULED = {
    "nodeSelector": {"there-is": "no-such-node"},
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "main",
            "image": "flink",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
}


def named(name: str, **content: Any) -> dict[str, Any]:
    """An object of revision 1 of the cluster."""
    return {"metadata": {"name": name, "labels": IDENTITY}, **content}


def what_is_left(kubernetes: Kubernetes, config: str) -> dict[str, Any]:
    """A cluster of which just the Service and the configuration are there, as its jobs know it."""
    ours = f"/api/v1/namespaces/{NAMESPACE}"
    spec = {"selector": IDENTITY, "ports": [{"name": "rest", "port": 8081}]}
    service = named("gone-r1-rest", spec=spec)
    uid = kubernetes.call("POST", f"{ours}/services", service)["metadata"]["uid"]
    endpoints = f"{ours}/endpoints/gone-r1-rest"
    until("the Service's endpoints", 30, lambda: kubernetes.call("GET", endpoints))
    data = {"config.yaml": config}
    kubernetes.call("POST", f"{ours}/configmaps", named("gone-r1-config", data=data))
    return {
        "key": f"{NAMESPACE}/gone",
        "namespace": NAMESPACE,
        "name": "gone",
        "revision": 1,
        "service": "gone-r1-rest",
        "uid": uid,
        "flink_version": VERSION,
        "connection": {"kubeconfig": kubernetes.kubeconfig},
    }


def test_its_job_goes_on_on_another_one_once_no_pod_of_it_is_left(
    kubernetes: Kubernetes, tmp_path: Path
) -> None:
    checkpoints = (tmp_path / "checkpoints").as_uri()
    config = {**CONFIG, "state.checkpoints.dir": checkpoints}
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
    with LocalFlink(VERSION, tmp_path / "first", config=config) as flink:
        job = make_job(flink, kubernetes, "homeless", tmp_path)
        wish = job.wish(upgrade_mode="last_state")
        first = job.up(wish).run
        assert first is not None
        job.written("v1", 50)
    gone = what_is_left(kubernetes, f"execution.checkpointing.dir: {checkpoints}\n")
    with job.ledger.lock("test") as held:
        held.commit(run=first.model_copy(update={"cluster": gone}))

    with LocalFlink(VERSION, tmp_path / "second", config=config) as flink:
        moved = make_job(flink, kubernetes, "homeless", tmp_path)
        goes = moved.wish(upgrade_mode="last_state")
        kubernetes.call("POST", pods, named("gone-taskmanager", spec=NOT_TO_BE_SCHEDULED))
        with pytest.raises(Refused, match=r"nobody .* pods there are gone-taskmanager"):
            moved.up(goes, wish)

        kubernetes.call("DELETE", f"{pods}/gone-taskmanager", {"gracePeriodSeconds": 0})
        until("the end of the pod", 30, lambda: not kubernetes.call("GET", pods)["items"])
        found = plan(moved.shop, goes, wish.spec.model_dump(mode="json"))
        assert (found.headline, found.refused) == ("STARTS AGAIN", None)
        assert "the job is lost with its cluster: it goes on from its latest" in found.why
        assert f"/{first.job_id}/chk-" in found.restore

        record = moved.up(goes, wish)
        assert record.phase is Phase.STABLE
        assert f"/{first.job_id}/chk-" in str(moved.run.restored_from)
        report = moved.goes_on()
        assert report.ok, str(report)
