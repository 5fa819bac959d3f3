"""The S3 beside the node."""

from __future__ import annotations

import boto3
import pytest

from sandbox.node import layout, processes, s3
from sandbox.progress import SandboxError


def test_without_a_node_there_is_no_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "was_ready", lambda: False)
    with pytest.raises(SandboxError) as error:
        s3.ensure()
    assert str(error.value) == "the node is down: `python -m sandbox up` starts it"


@pytest.mark.cluster
def test_it_is_started_once_and_keeps_what_is_put_there(kubeconfig: str) -> None:
    assert s3.ensure(["one"]) == "http://10.250.0.1:20900"
    record = processes.Records(layout.PROCESSES).running()["s3"]
    client = boto3.client(
        "s3",
        endpoint_url=s3.ENDPOINT,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        region_name="us-east-1",
    )
    client.put_object(Bucket="one", Key="key", Body=b"value")
    s3.ensure(["one", "two"])
    assert client.get_object(Bucket="one", Key="key")["Body"].read() == b"value"
    assert processes.Records(layout.PROCESSES).running()["s3"] == record
