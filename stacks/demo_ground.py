"""What the demo's stack finds: a namespace, an S3 beside the node, and the keys to it."""

import time
from typing import Any

import requests

from examples.jobs.jars import build
from flink_components.kube.access import Access
from flink_components.kube.api import Conflict, KubeApi, KubeError
from flink_components.spec.connection import Connection
from sandbox.node import s3
from sandbox.paths import KUBECONFIG
from sandbox.progress import SandboxError

NAMESPACE = "flink-dev"
_BUCKET = "flink-demo"
_VERSIONS = ("v1", "v2", "v4")
_SECRET = "s3-keys"  # noqa: S105  # its name
# Any keys let a client into this S3; in earnest they are made by whoever owns the bucket.
_KEYS = {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo-demo"}
VARIABLES = {"DEMO_S3_KEY": "demo", "DEMO_S3_SECRET": "demo-demo"}
"""By which this machine is let into the S3."""
_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
_SECONDS = 30.0
_EXISTS, _GONE = 409, 404
_REMOVAL_SECONDS = 60.0


def jar(version: str) -> str:
    """Where the pods get a version of the job from."""
    return f"s3://{_BUCKET}/jars/stateful-{version}.jar"


def prepared() -> dict[str, Any]:
    """The stack's keys that say where all state is, after all that they name was made.

    Raises SandboxError.
    """
    endpoint = s3.ensure([_BUCKET])
    try:
        for version in _VERSIONS:
            content = build()[f"stateful-{version}"].read_bytes()
            url = f"{endpoint}/{_BUCKET}/jars/stateful-{version}.jar"
            requests.put(url, data=content, timeout=_SECONDS).raise_for_status()
        _make_namespace()
    except (requests.RequestException, KubeError) as error:
        raise SandboxError(f"the demo's S3 and namespace can't be made: {error}") from error
    key, secret = VARIABLES
    at = {"endpoint": endpoint, "path_style": True}
    return {
        "flink:create_namespace": False,
        "flink:state_storage": {
            "uri": f"s3://{_BUCKET}/state",
            "s3": {**at, "keys": {"secret": _SECRET}},
        },
        # A checkpoint that a preview reads is not gone a second later.
        "flink:config": {"execution.checkpointing.num-retained": 10},
        "flink:state_access": {"s3": {**at, "access_key_env": key, "secret_key_env": secret}},
    }


def remove() -> None:
    """Removes the namespace, and waits until it is gone. Raises SandboxError."""
    deadline = time.monotonic() + _REMOVAL_SECONDS
    try:
        api = _api()
        url = f"{api.server}/api/v1/namespaces/{NAMESPACE}"
        api.session.delete(url, timeout=_SECONDS)
        while api.session.get(url, timeout=_SECONDS).status_code != _GONE:
            if time.monotonic() > deadline:
                raise SandboxError(f"{NAMESPACE} is not gone after {_REMOVAL_SECONDS:.0f} s")
            time.sleep(0.5)
    except requests.RequestException as error:
        raise SandboxError(f"namespace {NAMESPACE} can't be removed: {error}") from error


def _make_namespace() -> None:
    api = _api()
    namespace = {"metadata": {"name": NAMESPACE, "labels": _RESTRICTED}}
    url = f"{api.server}/api/v1/namespaces"
    made = api.session.post(url, json=namespace, timeout=_SECONDS)
    if made.status_code != _EXISTS:
        made.raise_for_status()
    secret = {"metadata": {"name": _SECRET, "namespace": NAMESPACE}, "stringData": _KEYS}
    try:
        api.create("Secret", NAMESPACE, secret)
    except Conflict:
        return


def _api() -> KubeApi:
    return Access().api(Connection(kubeconfig=str(KUBECONFIG)))
