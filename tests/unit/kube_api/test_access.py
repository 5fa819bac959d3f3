"""References to clusters become connections, or one clear line."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flink_components.flink.errors import FlinkError, FlinkUnreachable
from flink_components.kube.access import Access, AccessError
from flink_components.kube.api import KubeError, Unreachable
from flink_components.spec.base import load
from flink_components.spec.connection import Connection
from flink_components.spec.ref import ClusterRef
from tests.unit.doubles.https import Authority, Server, serving

POD = "/api/v1/namespaces/n/pods/p"
SERVICE = "/api/v1/namespaces/n/services/etl-r1-rest"
PROXY = f"{SERVICE}:8081/proxy"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def server(authority: Authority) -> Iterator[Server]:
    with serving(authority.issue("server")) as made:
        made.answers[POD] = {"metadata": {"name": "p"}}
        yield made


def kubeconfig(folder: Path, server: str, ca: Path | None, user: dict[str, Any]) -> str:
    cluster: dict[str, Any] = {"server": server}
    if ca is not None:
        cluster["certificate-authority-data"] = base64.b64encode(ca.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "here",
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return str(path)


def connection(**values: Any) -> Connection:
    return load(Connection, values)


def ref(**values: Any) -> ClusterRef:
    return load(
        ClusterRef,
        {
            "key": "n/etl",
            "namespace": "n",
            "name": "etl",
            "revision": 1,
            "service": "etl-r1-rest",
            "flink_version": "1.20.3",
            **values,
        },
    )


def test_a_token(server: Server, authority: Authority, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, server.url, authority.cert, {"token": "hush"})
    found = Access({}).api(connection(kubeconfig=path)).get("Pod", "n", "p")
    assert found == {"metadata": {"name": "p"}}
    assert server.authorizations == ["Bearer hush"]


def test_a_client_certificate(authority: Authority, tmp_path: Path) -> None:
    client = authority.issue("alice")
    user = {"client-certificate": str(client.cert), "client-key": str(client.key)}
    with serving(authority.issue("server"), clients=authority.cert) as server:
        server.answers[POD] = {"metadata": {}}
        path = kubeconfig(tmp_path, server.url, authority.cert, user)
        Access({}).api(connection(kubeconfig=path)).get("Pod", "n", "p")
    assert (server.clients, server.authorizations) == (["alice"], [None])


def plugin(folder: Path, answer: str) -> dict[str, Any]:
    script = folder / "plugin"
    script.write_text(f"#!/bin/sh\necho run >> {folder}/runs\ncat <<'E'\n{answer}\nE\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(script),
            "interactiveMode": "Never",
        }
    }


def credential(token: str, expires: str | None = None) -> str:
    status = {"token": token} | ({"expirationTimestamp": expires} if expires else {})
    return json.dumps(
        {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": status,
        }
    )


def test_an_exec_plugin(server: Server, authority: Authority, tmp_path: Path) -> None:
    user = plugin(tmp_path, credential("fresh"))
    path = kubeconfig(tmp_path, server.url, authority.cert, user)
    Access({}).api(connection(kubeconfig=path)).get("Pod", "n", "p")
    assert server.authorizations == ["Bearer fresh"]


def test_a_token_of_an_exec_plugin_that_has_expired_is_asked_for_again(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    user = plugin(tmp_path, credential("old", "2020-01-01T00:00:00Z"))
    path = kubeconfig(tmp_path, server.url, authority.cert, user)
    api = Access({}).api(connection(kubeconfig=path))
    plugin(tmp_path, credential("new", "2020-01-01T00:00:00Z"))
    api.get("Pod", "n", "p")
    assert server.authorizations == ["Bearer new"]


def test_an_exec_plugin_that_fails_is_one_line(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(tmp_path / "not-there"),
            "interactiveMode": "Never",
        }
    }
    path = kubeconfig(tmp_path, server.url, authority.cert, user)
    with pytest.raises(AccessError) as error:
        Access({}).api(connection(kubeconfig=path))
    assert str(error.value) == (
        f"the kubeconfig {path} can't be used: its user has no credentials, or its exec plugin "
        f"gave none; mend connection.kubeconfig or connection.context, or set KUBECONFIG"
    )


def test_a_connection_is_opened_once(server: Server, authority: Authority, tmp_path: Path) -> None:
    user = plugin(tmp_path, credential("fresh"))
    path = kubeconfig(tmp_path, server.url, authority.cert, user)
    access = Access({})
    assert access.api(connection(kubeconfig=path)) is access.api(connection(kubeconfig=path))
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_context_by_name(server: Server, authority: Authority, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, server.url, authority.cert, {"token": "hush"})
    api = Access({}).api(connection(kubeconfig=path, context="here"))
    assert api.server == server.url


def test_the_ambient_kubeconfig_serves_where_none_is_named(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    path = kubeconfig(tmp_path, server.url, authority.cert, {"token": "hush"})
    assert Access({"KUBECONFIG": path}).api(None).server == server.url


def test_the_ambient_kubeconfig_serves_where_the_named_one_is_on_another_machine(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    path = kubeconfig(tmp_path, server.url, authority.cert, {"token": "hush"})
    access = Access({"KUBECONFIG": path})
    assert access.api(connection(kubeconfig="/home/alice/kubeconfig")).server == server.url


def test_a_kubeconfig_that_is_not_there() -> None:
    with pytest.raises(AccessError) as error:
        Access({}).api(connection(kubeconfig="/nowhere/kubeconfig"))
    assert str(error.value) == (
        "the kubeconfig /nowhere/kubeconfig can't be used: it is not on this machine; mend "
        "connection.kubeconfig or connection.context, or set KUBECONFIG"
    )


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", None, {"token": "hush"})
    with pytest.raises(AccessError) as error:
        Access({}).api(connection(kubeconfig=path, context="prod"))
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"the kubeconfig {path} can't be used: ")
    assert "prod" in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "just words", "[1, 2]", "apiVersion: v1"])
def test_a_file_that_is_no_kubeconfig_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(AccessError) as error:
        Access({}).api(connection(kubeconfig=str(path)))
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"the kubeconfig {path} can't be used: ")


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", None, {"token": "hush"})
    with pytest.raises(Unreachable) as error:
        Access({}).api(connection(kubeconfig=path)).get("Pod", "n", "p")
    assert str(error.value) == "https://127.0.0.1:1 does not answer: Connection refused"


def test_a_certificate_that_is_not_trusted(server: Server, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, server.url, None, {"token": "hush"})
    reason = r"its certificate was not accepted \(unable to get local issuer certificate\)"
    with pytest.raises(Unreachable, match=f"^{server.url} does not answer: {reason}$"):
        Access({}).api(connection(kubeconfig=path)).get("Pod", "n", "p")


def test_flink_is_reached_through_the_service_proxy(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    path = kubeconfig(tmp_path, server.url, authority.cert, {"token": "hush"})
    server.answers[f"{PROXY}/jars"] = {"files": []}
    flink = Access({}).flink(ref(connection={"kubeconfig": path}))
    assert flink.jars() == []
    assert server.authorizations == ["Bearer hush"]


def test_the_uid_of_the_service_is_compared_once(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    path = kubeconfig(tmp_path, server.url, authority.cert, {"token": "hush"})
    server.answers[SERVICE] = {"metadata": {"uid": "u-1"}}
    access = Access({})
    access.flink(ref(uid="u-1", connection={"kubeconfig": path}))
    access.flink(ref(uid="u-1", connection={"kubeconfig": path}))
    assert len(server.authorizations) == 1


def test_another_clusters_service_of_the_same_name_is_refused(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    path = kubeconfig(tmp_path, server.url, authority.cert, {"token": "hush"})
    server.answers[SERVICE] = {"metadata": {"uid": "u-2"}}
    with pytest.raises(FlinkError) as error:
        Access({}).flink(ref(uid="u-1", connection={"kubeconfig": path}))
    assert str(error.value) == (
        f"the Service n/etl-r1-rest on {server.url} is not the one that was created for session "
        f"cluster n/etl (uid u-2, expected u-1): the connection leads to another Kubernetes "
        f"cluster; mend `connection`"
    )


def test_a_service_that_is_not_there_says_so(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    path = kubeconfig(tmp_path, server.url, authority.cert, {"token": "hush"})
    with pytest.raises(FlinkUnreachable, match=r"^the Service n/etl-r1-rest of session cluster"):
        Access({}).flink(ref(uid="u-1", connection={"kubeconfig": path}))


def test_a_plain_url_with_a_ca_and_basic_authentication(
    server: Server, authority: Authority
) -> None:
    server.answers["/flink/jars"] = {"files": []}
    plain = {
        "rest_url": f"{server.url}/flink",
        "ca_file": str(authority.cert),
        "username": "alice",
        "password_env": "FLINK_PASSWORD",
    }
    Access({"FLINK_PASSWORD": "hush"}).flink(ref(connection=plain)).jars()
    assert server.authorizations == ["Basic " + base64.b64encode(b"alice:hush").decode()]


def test_a_bearer_token_is_read_from_the_environment_at_each_request(
    server: Server, authority: Authority
) -> None:
    server.answers["/jars"] = {"files": []}
    plain = {
        "rest_url": server.url,
        "ca_file": str(authority.cert),
        "bearer_token_env": "TOKEN",
    }
    environ = {"TOKEN": "one"}
    flink = Access(environ).flink(ref(connection=plain))
    flink.jars()
    environ["TOKEN"] = "two"
    flink.jars()
    assert server.authorizations == ["Bearer one", "Bearer two"]


def test_a_plain_url_with_a_client_certificate(authority: Authority) -> None:
    client = authority.issue("bob")
    with serving(authority.issue("server"), clients=authority.cert) as server:
        server.answers["/jars"] = {"files": []}
        plain = {
            "rest_url": server.url,
            "ca_file": str(authority.cert),
            "client_cert_file": str(client.cert),
            "client_key_file": str(client.key),
        }
        Access({}).flink(ref(connection=plain)).jars()
    assert server.clients == ["bob"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"ca_file": "/nowhere/ca.pem"}, "connection.ca_file: there is no file /nowhere/ca.pem"),
        (
            {"username": "alice", "password_env": "FLINK_PASSWORD"},
            "connection.password_env: the environment variable FLINK_PASSWORD is not set",
        ),
        (
            {"bearer_token_env": "TOKEN"},
            "connection.bearer_token_env: the environment variable TOKEN is not set",
        ),
    ],
)
def test_a_reference_that_leads_nowhere(changed: dict[str, str], expected: str) -> None:
    plain = {"rest_url": "https://127.0.0.1:1", **changed}
    with pytest.raises(AccessError) as error:
        Access({}).flink(ref(connection=plain)).jars()
    assert str(error.value) == expected


def test_secrets_do_not_show_in_what_a_failed_connection_says(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    path = kubeconfig(tmp_path, server.url, authority.cert, {"token": "hush"})
    api = Access({}).api(connection(kubeconfig=path))
    with pytest.raises(KubeError) as error:
        api.get("Pod", "n", "other")
    assert "hush" not in str(error.value)
