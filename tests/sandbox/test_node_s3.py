"""The S3 beside the node."""

from __future__ import annotations

import urllib.request

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
    request = urllib.request.Request(f"{s3.ENDPOINT}/one/key", data=b"value", method="PUT")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(request, timeout=5).close()
    s3.ensure(["one", "two"])
    with opener.open(f"{s3.ENDPOINT}/one/key", timeout=5) as answer:
        assert answer.read() == b"value"
    assert processes.Records(layout.PROCESSES).running()["s3"] == record
