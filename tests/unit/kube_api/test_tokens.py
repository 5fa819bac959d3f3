"""A kubeconfig's token reaches the API server, whichever Kubernetes client is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.config import kube_config

from flink_components.kube.access import Access
from flink_components.spec.connection import Connection
from tests.unit.doubles.https import Authority, Server, serving

POD = "/api/v1/namespaces/n/pods/p"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(Authority(tmp_path).issue("server")) as made:
        made.answers[POD] = {"metadata": {"name": "p"}}
        yield made


@pytest.mark.parametrize("name", ["authorization", "BearerToken"])
def test_a_token_is_sent_whatever_name_the_client_keeps_it_under(
    name: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(client_configuration: Any, **_: Any) -> None:
        client_configuration.host = server.url
        client_configuration.ssl_ca_cert = str(tmp_path / "ca.pem")
        client_configuration.api_key = {name: "Bearer hush"}

    monkeypatch.setattr(kube_config, "load_kube_config", load)
    Access({}).api(Connection()).get("Pod", "n", "p")
    assert server.authorizations == ["Bearer hush"]
