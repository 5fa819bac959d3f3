"""What the last landed release makes of some declarations: `python -m` this writes it anew.

That belongs to a release, after its lines are in the changelog, and to nothing else: whoever
upgrades the package gets a restart for each file that has changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flink_components.kube.objects import application, session_cluster
from flink_components.kube.objects.application import ApplicationObjects
from flink_components.kube.objects.session_cluster import SessionClusterObjects
from flink_components.plan import changes
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.job import SessionJobSpec

FOLDER = Path(__file__).parent / "landed"
_CHANGELOG = Path(__file__).parents[3] / "CHANGELOG.md"
_SAID = "said.json"

_FULL: dict[str, Any] = {
    "config": {
        "high-availability.type": "kubernetes",
        "high-availability.storageDir": "s3://acme/ha",
        "env.java.opts.all": "-Dx=y",
    },
    "service_account": "flink",
    "plugins": ["flink-s3-fs-hadoop"],
    "env": [{"name": "A", "value": "1"}],
    "volumes": [{"name": "data", "emptyDir": {}}],
    "volume_mounts": [{"name": "data", "mountPath": "/data"}],
    "job_manager": {"replicas": 2},
    "task_manager": {"slots": 4, "managed_memory_fraction": 0.2, "cpu_limit": 2},
    "savepoint_dir": "s3://acme/savepoints",
    "checkpoint_dir": "s3://acme/checkpoints",
    "node_selector": {"pool": "flink"},
}
_STORED: dict[str, Any] = {
    "state_storage": {
        "uri": "s3://acme/flink",
        "s3": {"endpoint": "http://store:9000", "path_style": True},
    }
}
_A_CLUSTER = {"name": "shared", "namespace": "payments"}
_AN_APPLICATION = {
    "name": "fraud",
    "namespace": "payments",
    "key": "payments/fraud",
    "jar": "local:///opt/flink/usrlib/fraud.jar",
    "image": "acme/fraud:4.1.3",
    "savepoint_dir": "s3://acme/savepoints",
}
_FETCHED = {"jar": "https://acme.example/fraud.jar", "jar_sha256": "ab" * 32}
_A_JOB = {
    "name": "fraud",
    "namespace": "payments",
    "key": "payments/fraud",
    "jar": "fraud.jar",
    "entry_class": "org.acme.Fraud",
    "args": ["--from", "payments"],
    "parallelism": 4,
    "config": {"pipeline.max-parallelism": 128},
    "savepoint_dir": "s3://acme/savepoints",
    "cluster": {
        "key": "payments/shared",
        "namespace": "payments",
        "name": "shared",
        "revision": 3,
        "service": "shared-r3-rest",
        "flink_version": "1.20.3",
    },
}

Rendered = dict[str, Any]


def _cluster(version: str, **values: Any) -> Callable[[], Rendered]:
    def render() -> Rendered:
        spec = load(SessionClusterSpec, {**_A_CLUSTER, "flink_version": version, **values})
        objects = session_cluster.render(spec, revision=1)
        return {"fingerprint": session_cluster.fingerprint(spec), **_restarting(objects)}

    return render


def _application(version: str, **values: Any) -> Callable[[], Rendered]:
    def render() -> Rendered:
        spec = load(ApplicationSpec, {**_AN_APPLICATION, "flink_version": version, **values})
        objects = application.render(spec, revision=1)
        return {"fingerprint": application.fingerprint(spec), **_restarting(objects)}

    return render


def _session_job() -> Rendered:
    spec = load(SessionJobSpec, _A_JOB)
    values = {**spec.model_dump(mode="json"), "jar_content": "9f2c"}
    return {"fingerprint": changes.fingerprint(values)}


def _restarting(objects: SessionClusterObjects | ApplicationObjects) -> Rendered:
    return {name: getattr(objects, name) for name in ("config", "job_manager", "task_manager")}


DECLARED: Mapping[str, Callable[[], Rendered]] = {
    "session-cluster-1.15.4": _cluster("1.15.4"),
    "session-cluster-1.20.3": _cluster("1.20.3"),
    "session-cluster-2.3.0": _cluster("2.3.0"),
    "session-cluster-1.15.4-full": _cluster("1.15.4", **_FULL),
    "session-cluster-1.20.3-full": _cluster("1.20.3", **_FULL),
    "session-cluster-2.3.0-full": _cluster("2.3.0", **_FULL),
    "session-cluster-1.20.3-stored": _cluster("1.20.3", **_STORED),
    "application-1.15.4": _application("1.15.4"),
    "application-1.20.3": _application("1.20.3"),
    "application-2.3.0": _application("2.3.0"),
    "application-1.20.3-full": _application("1.20.3", **_FULL, args=["--from", "payments"]),
    "application-1.20.3-fetched": _application("1.20.3", **_FETCHED),
    "application-2.3.0-stored": _application("2.3.0", **_STORED),
    "session-job": _session_job,
}


def landed(name: str) -> Rendered:
    """What the last landed release made of it."""
    found: Rendered = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def newly_said() -> list[str]:
    """The changelog's words on restarts that were not in it when the last release landed."""
    before = json.loads((FOLDER / _SAID).read_text())
    return [line for line in restarts_said(_CHANGELOG.read_text()) if line not in before]


def restarts_said(changelog: str) -> list[str]:
    """What the changelog says in bold of new revisions and restarts."""
    bold = re.findall(r"\*\*(.+?)\*\*", changelog, re.DOTALL)
    lines = (" ".join(text.split()) for text in bold)
    return [line for line in lines if "new revision" in line or "restart" in line]


def write() -> None:
    """Records what is made now."""
    for name, render in DECLARED.items():
        text = json.dumps(render(), indent=1, sort_keys=True)
        (FOLDER / f"{name}.json").write_text(f"{text}\n")
    said = json.dumps(restarts_said(_CHANGELOG.read_text()), indent=1)
    (FOLDER / _SAID).write_text(f"{said}\n")


if __name__ == "__main__":
    write()
