"""How the API server and Flink are reached from here: references become sessions, once each."""

import json
import os
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from flink_components.flink.errors import FlinkError, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.kube.api import KubeApi, NotFound, Unreachable
from flink_components.kube.leader import leader_url
from flink_components.spec.connection import Connection
from flink_components.spec.ref import ClusterRef

_POOL = 64
"""Connections kept open to one server: as many as the provider process has threads."""
_loading = threading.Lock()
_loaded = threading.Event()


def load_client() -> None:
    """Loads what reads a kubeconfig, which takes a third of a second.

    Two threads that load a package and a module in it at once can stop each other for good, which
    Python ends by an error: one loads it for all. Once it is there no lock is asked for, which a
    forked process may have got as one that is held for good.
    """
    if _loaded.is_set():
        return
    with _loading:
        import_module("kubernetes.config.kube_config")
        _loaded.set()


class AccessError(Exception):
    """A reference leads nowhere: a kubeconfig, context, file or variable that is not there."""


class Access:
    """Opens connections and keeps them for the life of the process. Safe between threads.

    `environ` is where names of variables are looked up; `new_session` makes what carries requests.
    """

    def __init__(
        self,
        environ: "os._Environ[str] | dict[str, str]" = os.environ,
        new_session: Callable[[], requests.Session] | None = None,
    ) -> None:
        self._environ = environ
        self._new_session = new_session or _pooled
        self._mutex = threading.Lock()
        self._apis: dict[str, KubeApi] = {}
        self._plain: dict[str, requests.Session] = {}
        self._checked: set[tuple[str, str, str]] = set()

    def api(self, connection: Connection | None) -> KubeApi:
        """The API server of a kubeconfig and context; without a reference, the ambient one."""
        kubeconfig = connection.kubeconfig if connection else None
        context = connection.context if connection else None
        name = json.dumps([kubeconfig, context])
        with self._mutex:
            if name not in self._apis:
                self._apis[name] = self._open_api(kubeconfig, context)
            return self._apis[name]

    def flink(self, ref: ClusterRef) -> FlinkClient:
        """Flink's REST API of a cluster: by its plain URL, or by the API server's service proxy.

        Where JobManagers stand by, it is the one that leads, by the pod proxy. The uid of the
        Service that Pulumi made is compared first, so that objects and jobs can't be on different
        clusters. Raises FlinkUnreachable, AccessError.
        """
        connection = ref.connection
        if connection is not None and connection.rest_url is not None:
            return FlinkClient(
                connection.rest_url, self._plain_session(connection), ref.flink_version
            )
        api = self.api(connection)
        self._check_uid(api, ref)
        if ref.leader is not None:
            return FlinkClient(lambda: leader_url(api, ref), api.session, ref.flink_version)
        base = api.service_proxy(ref.namespace, ref.service, int(ref.port))
        return FlinkClient(base, api.session, ref.flink_version)

    def _check_uid(self, api: KubeApi, ref: ClusterRef) -> None:
        if not ref.uid:
            return
        seen = (api.server, f"{ref.namespace}/{ref.service}", ref.uid)
        if seen in self._checked:
            return
        where = f"the Service {ref.namespace}/{ref.service}"
        try:
            found = api.get("Service", ref.namespace, ref.service)
        except NotFound as error:
            raise FlinkUnreachable(
                f"{where} of session cluster {ref.key} is not on {api.server}: the connection "
                f"leads to another Kubernetes cluster, or someone deleted it",
                404,
            ) from error
        except Unreachable as error:
            raise FlinkUnreachable(error.message) from error
        if found["metadata"]["uid"] != ref.uid:
            raise FlinkError(
                f"{where} on {api.server} is not the one that was created for session cluster "
                f"{ref.key} (uid {found['metadata']['uid']}, expected {ref.uid}): the connection "
                f"leads to another Kubernetes cluster; mend `connection`"
            )
        self._checked.add(seen)

    def _open_api(self, kubeconfig: str | None, context: str | None) -> KubeApi:
        load_client()
        from kubernetes.client import Configuration
        from kubernetes.config.kube_config import load_kube_config

        path = self._kubeconfig(kubeconfig)
        configuration = Configuration()
        try:
            load_kube_config(  # type: ignore[no-untyped-call]
                config_file=path,
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
        except Exception as error:
            # A file that is no kubeconfig fails in the loader wherever it is first surprised.
            missing = _missing_context(path, context) if context else ""
            raise _unusable(path, missing or _reason(error)) from error
        if configuration.host.startswith("https:") and not _has_credentials(configuration):
            raise _unusable(path, "its user has no credentials, or its exec plugin gave none")
        return KubeApi(configuration.host, _kube_session(self._new_session(), configuration))

    def _kubeconfig(self, kubeconfig: str | None) -> str | None:
        """The file that is named, or, where it is not on this machine, the ambient one."""
        if kubeconfig is not None and Path(kubeconfig).expanduser().exists():
            return str(Path(kubeconfig).expanduser())
        ambient = self._environ.get("KUBECONFIG")
        if kubeconfig is not None and not ambient:
            raise _unusable(kubeconfig, "it is not on this machine")
        return ambient

    def _plain_session(self, connection: Connection) -> requests.Session:
        name = connection.model_dump_json()
        with self._mutex:
            if name not in self._plain:
                self._plain[name] = self._open_plain(connection)
            return self._plain[name]

    def _open_plain(self, connection: Connection) -> requests.Session:
        session = self._new_session()
        if connection.ca_file is not None:
            session.verify = self._file(connection.ca_file, "connection.ca_file")
        if connection.client_cert_file is not None and connection.client_key_file is not None:
            session.cert = (
                self._file(connection.client_cert_file, "connection.client_cert_file"),
                self._file(connection.client_key_file, "connection.client_key_file"),
            )
        if connection.username is not None and connection.password_env is not None:
            session.auth = (
                connection.username,
                self._variable(connection.password_env, "connection.password_env"),
            )
        if connection.bearer_token_env is not None:
            name = connection.bearer_token_env
            session.auth = _Header(
                lambda: f"Bearer {self._variable(name, 'connection.bearer_token_env')}"
            )
        return session

    def _file(self, path: str, field: str) -> str:
        full = Path(path).expanduser()
        if not full.is_file():
            raise AccessError(f"{field}: there is no file {path}")
        return str(full)

    def _variable(self, name: str, field: str) -> str:
        value = self._environ.get(name)
        if not value:
            raise AccessError(f"{field}: the environment variable {name} is not set")
        return value


def _unusable(path: str | None, reason: str) -> AccessError:
    where = f"the kubeconfig {path}" if path else "the ambient kubeconfig"
    return AccessError(
        f"{where} can't be used: {reason}; mend connection.kubeconfig or connection.context, "
        f"or set KUBECONFIG"
    )


def _missing_context(path: str | None, context: str) -> str:
    """Says that the file has no such context; "" where that is not what is wrong."""
    from kubernetes.config import list_kube_config_contexts

    try:
        contexts, _ = list_kube_config_contexts(path)  # type: ignore[no-untyped-call]
    except Exception:
        return ""
    there = [found["name"] for found in contexts]
    return "" if context in there else f"it has no context {context}, only {', '.join(there)}"


def _reason(error: Exception) -> str:
    from kubernetes.config import ConfigException
    from yaml import YAMLError

    if isinstance(error, YAMLError):
        return "it is not YAML"
    if isinstance(error, ConfigException | OSError):
        return str(error).splitlines()[0]
    return "it is not a kubeconfig"


def _has_credentials(configuration: Any) -> bool:
    return bool(configuration.api_key or configuration.cert_file)


class _Header(requests.auth.AuthBase):
    """An Authorization header that is asked for at each request, so that tokens can be renewed."""

    def __init__(self, value: Callable[[], str | None]) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        value = self._value()
        if value:
            request.headers["Authorization"] = value
        return request


def _pooled() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    adapter = HTTPAdapter(pool_connections=_POOL, pool_maxsize=_POOL)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _kube_session(session: requests.Session, configuration: Any) -> requests.Session:
    session.verify = configuration.ssl_ca_cert or True if configuration.verify_ssl else False
    if configuration.cert_file:
        session.cert = (configuration.cert_file, configuration.key_file)
    if configuration.proxy:
        session.proxies = {"https": configuration.proxy, "http": configuration.proxy}
    session.auth = _Header(lambda: _token(configuration))
    return session


def _token(configuration: Any) -> str | None:
    """The token with its "Bearer"; clients before 37 keep it under another name."""
    names = ("BearerToken", "authorization")
    found = (configuration.get_api_key_with_prefix(name) for name in names)
    return next(filter(None, found), None)
