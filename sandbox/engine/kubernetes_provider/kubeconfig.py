"""How to reach the cluster: by a kubeconfig given as a path, as text, or found as kubectl does."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class KubeconfigError(Exception):
    """The kubeconfig does not say how to reach a cluster; the text says what is wrong."""


@dataclass(frozen=True)
class Connection:
    """The address of an API server and how to prove who we are."""

    server: str
    tls: ssl.SSLContext | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    namespace: str = "default"


def parse(text: str) -> dict[str, Any]:
    """Read a kubeconfig given as a path (``~`` is understood) or as its own text.

    Raises KubeconfigError if it is neither.
    """
    path = Path(text).expanduser() if "\n" not in text and len(text) < 4096 else None
    try:
        if path is not None and path.is_file():
            return _with_absolute_paths(_load(path.read_text()), path.parent)
        return _load(text)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"couldn't read the kubeconfig: {error}") from error


def find(variables: Mapping[str, str]) -> dict[str, Any]:
    """Read the kubeconfig files of KUBECONFIG, or else ``~/.kube/config``; {} if there is none.

    Of entries with one name in several files, the first counts.
    """
    named = variables.get("KUBECONFIG", "")
    paths = [Path(part) for part in named.split(os.pathsep) if part]
    merged: dict[str, Any] = {}
    for path in paths or [Path("~/.kube/config").expanduser()]:
        if not path.is_file():
            continue
        config = parse(str(path))
        for key in ("clusters", "users", "contexts"):
            merged.setdefault(key, []).extend(config.get(key) or [])
        if config.get("current-context"):
            merged.setdefault("current-context", config["current-context"])
    return merged


def active_cluster(
    config: Mapping[str, Any], context: str = "", cluster: str = ""
) -> Mapping[str, Any] | None:
    """The cluster that a context (default: the current one) names, or None if there is none."""
    chosen = _entry(config, "contexts", context or str(config.get("current-context") or ""))
    return _entry(config, "clusters", cluster or str((chosen or {}).get("cluster") or ""))


def connect(
    config: Mapping[str, Any], context: str = "", cluster: str = "", namespace: str = ""
) -> Connection:
    """Return the connection that the kubeconfig describes.

    ``context``, ``cluster`` and ``namespace`` override what the kubeconfig says. Without any
    kubeconfig, the service account of the pod is used where there is one.

    Raises KubeconfigError if there is no such context, or a part of it cannot be used.
    """
    if not config and (_IN_CLUSTER / "token").is_file():
        return _in_cluster(namespace)
    name = context or str(config.get("current-context") or "")
    chosen = _entry(config, "contexts", name)
    if chosen is None:
        raise KubeconfigError(
            f'context "{name}" does not exist'
            if name
            else "invalid configuration: no configuration has been provided"
        )
    target = active_cluster(config, context, cluster)
    if target is None or not target.get("server"):
        raise KubeconfigError(f'context "{name}" names no cluster with a server')
    user_name = str(chosen.get("user") or "")
    user = _entry(config, "users", user_name) or {}
    server = str(target["server"]).rstrip("/")
    try:
        tls = _tls(target, user) if server.startswith("https") else None
    except (OSError, ValueError) as error:
        raise KubeconfigError(f"the certificates of context {name!r}: {error}") from error
    return Connection(
        server=server,
        tls=tls,
        headers=_credentials(config, name, user),
        namespace=namespace or str(chosen.get("namespace") or "default"),
    )


def _load(text: str) -> dict[str, Any]:
    loaded = yaml.safe_load(text)
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise KubeconfigError("couldn't read the kubeconfig: it is neither a file nor YAML")
    return loaded


def _entry(config: Mapping[str, Any], section: str, name: str) -> dict[str, Any] | None:
    for item in config.get(section) or []:
        if item.get("name") == name:
            return dict(item.get(section.removesuffix("s")) or {})
    return None


def _with_absolute_paths(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    for section, key in (("clusters", "cluster"), ("users", "user")):
        for item in config.get(section) or []:
            values = item.get(key) or {}
            for name in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
                if values.get(name):
                    values[name] = str(folder / values[name])
    return config


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority = _content(cluster, "certificate-authority")
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority:
        context.load_verify_locations(cadata=authority)
    else:
        context.load_default_certs()
    certificate, key = _content(user, "client-certificate"), _content(user, "client-key")
    if certificate and key:
        # The standard library takes these from files only; they are gone once it has read them.
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in ("certificate", "key")]
            for path, text in zip(paths, (certificate, key), strict=True):
                path.touch(mode=0o600)
                path.write_text(text)
            context.load_cert_chain(str(paths[0]), str(paths[1]))
    return context


def _content(entry: Mapping[str, Any], name: str) -> str:
    inline = entry.get(f"{name}-data")
    if inline:
        return base64.b64decode(inline).decode()
    return Path(entry[name]).read_text() if entry.get(name) else ""


def _credentials(
    config: Mapping[str, Any], context: str, user: Mapping[str, Any]
) -> dict[str, str]:
    if user.get("exec") or user.get("auth-provider"):
        return _from_plugin(config, context)
    token = user.get("token")
    if not token and user.get("tokenFile"):
        try:
            token = Path(user["tokenFile"]).read_text().strip()
        except OSError as error:
            raise KubeconfigError(f"the token of context {context!r}: {error}") from error
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}


def _from_plugin(config: Mapping[str, Any], context: str) -> dict[str, str]:
    # The official client knows these; it takes a second to import, so only here.
    from kubernetes import client
    from kubernetes.config import ConfigException, load_kube_config_from_dict

    loaded: Any = client.Configuration()
    load: Callable[..., None] = load_kube_config_from_dict
    try:
        load(dict(config), context=context, client_configuration=loaded, persist_config=False)
    except ConfigException as error:
        raise KubeconfigError(f"the credentials of context {context!r}: {error}") from error
    return {header["key"]: header["value"] for header in loaded.auth_settings().values()}


def _in_cluster(namespace: str) -> Connection:
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    context = ssl.create_default_context(cafile=str(_IN_CLUSTER / "ca.crt"))
    token = (_IN_CLUSTER / "token").read_text().strip()
    return Connection(
        server=f"https://{host}:{port}",
        tls=context,
        headers={"Authorization": f"Bearer {token}"},
        namespace=namespace or (_IN_CLUSTER / "namespace").read_text().strip(),
    )
