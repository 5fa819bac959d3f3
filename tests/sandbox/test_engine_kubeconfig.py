"""Which cluster a kubeconfig means, and how a provider's configuration may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine.kubernetes_provider.kubeconfig import KubeconfigError, connect, find, parse
from sandbox.engine.kubernetes_provider.settings import diff_settings, read_settings
from sandbox.engine.kubernetes_provider.values import UNKNOWN


def config(server: str = "http://one", user: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "clusters": [
            {"name": "one", "cluster": {"server": server}},
            {"name": "two", "cluster": {"server": "http://two"}},
        ],
        "users": [{"name": "me", "user": user or {}}],
        "contexts": [
            {"name": "first", "context": {"cluster": "one", "user": "me", "namespace": "here"}},
            {"name": "second", "context": {"cluster": "two", "user": "me"}},
        ],
        "current-context": "first",
    }


def test_current_context_names_the_server() -> None:
    assert connect(config()).server == "http://one"


def test_chosen_context_wins() -> None:
    assert connect(config(), context="second").server == "http://two"


def test_chosen_cluster_wins() -> None:
    assert connect(config(), cluster="two").server == "http://two"


@pytest.mark.parametrize(
    ("arguments", "namespace"),
    [({}, "here"), ({"context": "second"}, "default"), ({"namespace": "there"}, "there")],
)
def test_namespace(arguments: dict[str, str], namespace: str) -> None:
    assert connect(config(), **arguments).namespace == namespace


@pytest.mark.parametrize(
    ("user", "headers"),
    [
        ({"token": "t"}, {"Authorization": "Bearer t"}),
        ({"username": "u", "password": "p"}, {"Authorization": "Basic dTpw"}),
        ({}, {}),
    ],
)
def test_credentials(user: dict[str, str], headers: dict[str, str]) -> None:
    assert connect(config(user=user)).headers == headers


def test_credentials_of_a_plugin_are_asked_for(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    answer = (
        '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", '
        '"status": {"token": "from-plugin"}}'
    )
    plugin.write_text(f"#!/bin/sh\necho '{answer}'\n")
    plugin.chmod(0o755)
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(plugin),
            "interactiveMode": "Never",
        }
    }
    headers = connect(config(user=user)).headers
    assert list(headers.values()) == ["Bearer from-plugin"]


@pytest.mark.parametrize(
    ("given", "arguments", "reason"),
    [
        (config(), {"context": "none"}, 'context "none" does not exist'),
        ({}, {}, "no configuration has been provided"),
        (config(), {"cluster": "none"}, "names no cluster with a server"),
    ],
)
def test_what_is_missing_is_named(
    given: dict[str, Any], arguments: dict[str, str], reason: str
) -> None:
    with pytest.raises(KubeconfigError, match=reason):
        connect(given, **arguments)


def test_kubeconfig_is_read_from_a_path_or_a_text(tmp_path: Path) -> None:
    text = yaml.safe_dump(config())
    path = tmp_path / "config"
    path.write_text(text)
    assert parse(str(path)) == parse(text) == config()


def test_paths_in_a_kubeconfig_are_relative_to_it(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config(user={"tokenFile": "token"})))
    (tmp_path / "token").write_text("t\n")
    assert connect(parse(str(path))).headers == {"Authorization": "Bearer t"}


def test_text_that_is_no_kubeconfig_is_refused() -> None:
    with pytest.raises(KubeconfigError, match="neither a file nor YAML"):
        parse("/no/such/file")


def test_first_of_several_files_wins(tmp_path: Path) -> None:
    for name, server in (("a", "http://a"), ("b", "http://b")):
        (tmp_path / name).write_text(yaml.safe_dump(config(server)))
    found = find({"KUBECONFIG": f"{tmp_path / 'a'}:{tmp_path / 'b'}:{tmp_path / 'none'}"})
    assert connect(found).server == "http://a"


def test_flags_come_from_the_configuration_before_the_environment() -> None:
    variables = {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
    configured = {"kubernetes:config:enablePatchForce": "false"}
    assert read_settings({}, variables).patch_force
    assert not read_settings(configured, variables).patch_force


def text(server: str) -> str:
    return yaml.safe_dump(config(server))


@pytest.mark.parametrize(
    ("old", "new", "changed", "replaces"),
    [
        ({"kubeconfig": text("http://a")}, {"kubeconfig": text("http://a")}, [], []),
        (
            {"kubeconfig": text("http://a")},
            {"kubeconfig": text("http://b")},
            ["kubeconfig"],
            ["kubeconfig"],
        ),
        (
            {"kubeconfig": text("http://a"), "clusterIdentifier": "x"},
            {"kubeconfig": text("http://b"), "clusterIdentifier": "x"},
            ["kubeconfig"],
            [],
        ),
        (
            {"kubeconfig": text("http://a"), "clusterIdentifier": "x"},
            {"kubeconfig": text("http://a"), "clusterIdentifier": "y"},
            ["clusterIdentifier"],
            ["clusterIdentifier"],
        ),
        ({"kubeconfig": "a"}, {"kubeconfig": UNKNOWN}, ["kubeconfig"], ["kubeconfig"]),
        ({}, {"namespace": "n"}, ["namespace"], []),
    ],
)
def test_provider_is_replaced_only_with_its_cluster(
    old: dict[str, Any], new: dict[str, Any], changed: list[str], replaces: list[str]
) -> None:
    assert diff_settings(old, new) == (changed, replaces)
