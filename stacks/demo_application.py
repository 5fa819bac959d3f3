"""The application of the demo: its jars and its state are in the S3 beside the sandbox's node."""

import requests

from examples.jobs.jars import build
from flink_components.kube.access import Access
from flink_components.kube.api import Conflict
from flink_components.spec.connection import Connection
from sandbox.node import s3
from sandbox.paths import KUBECONFIG

NAME = "numbers"
_NAMESPACE = "flink-dev"
_BUCKET = "flink-demo"
_VERSIONS = ("v1", "v2", "v4")
_KEYS = "s3-keys"
_UPLOAD_SECONDS = 30.0


def jar(version: str) -> str:
    """Where the pods get a version of the job from."""
    return f"s3://{_BUCKET}/jars/stateful-{version}.jar"


def prepared() -> dict[str, object]:
    """The entry of `flink:applications`, after all that it names was made."""
    endpoint = s3.ensure([_BUCKET])
    for version in _VERSIONS:
        content = build()[f"stateful-{version}"].read_bytes()
        url = f"{endpoint}/{_BUCKET}/jars/stateful-{version}.jar"
        requests.put(url, data=content, timeout=_UPLOAD_SECONDS).raise_for_status()
    _make_keys()
    return {
        "name": NAME,
        "jar": jar("v1"),
        "args": [
            "--name", NAME, "--output", f"/data/{NAME}", "--rate", "100", "--keys", "10",
            "--checkpoint-interval", "1000",
        ],
        "state_storage": {
            "uri": f"s3://{_BUCKET}/state",
            "s3": {"endpoint": endpoint, "path_style": True, "keys": {"secret": _KEYS}},
        },
        "savepoint_dir": f"s3://{_BUCKET}/state/savepoints",
        "checkpoint_dir": f"s3://{_BUCKET}/state/checkpoints",
        "job_manager": {"cpu": "100m", "memory": "1200Mi"},
        "task_manager": {"cpu": "100m", "memory": "1200Mi"},
    }  # fmt: skip


def _make_keys() -> None:
    """Any keys let a client into this S3; in earnest they are made by whoever owns the bucket."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _KEYS, "namespace": _NAMESPACE},
        "stringData": {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo-demo"},
    }
    try:
        Access().api(Connection(kubeconfig=str(KUBECONFIG))).create("Secret", _NAMESPACE, secret)
    except Conflict:
        return
