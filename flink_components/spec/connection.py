"""How a cluster is reached, by references only: nothing in here is a secret."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field

from flink_components.spec.base import FieldError, Problem, SpecModel, check

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _variable_name(value: str) -> str:
    if not VARIABLE.fullmatch(value):
        raise FieldError(
            "is not the name of an environment variable",
            "give the name of the variable that holds the secret, not the secret",
            given="a hidden value",
        )
    return value


def _kubeconfig_path(value: str) -> str:
    if "\n" in value or value.lstrip().startswith("{"):
        raise FieldError(
            "is the content of a kubeconfig",
            "write it to a file, and give the path of that",
            given="a hidden value",
        )
    return value


def _rest_url(value: str) -> str:
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise FieldError("is not a URL", "write it like https://flink.example.org:8443/prefix")
    if "@" in parts.netloc:
        raise FieldError(
            "holds a user or password",
            "remove it and use username and password_env",
            given="a hidden value",
        )
    if parts.query or parts.fragment:
        raise FieldError("has a query or a fragment", "end it with the path")
    return value.rstrip("/")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


VariableName = Annotated[str, AfterValidator(_variable_name)]
Path = Annotated[str, Field(min_length=1)]
KubeconfigPath = Annotated[Path, AfterValidator(_kubeconfig_path)]


class Connection(SpecModel):
    """References to what a connection needs; they are resolved in the process that connects.

    Kubernetes is reached by `kubeconfig` and `context` (default: as kubectl would), and Flink
    through its service proxy, or at `rest_url` where that is given.
    """

    kubeconfig: KubeconfigPath | None = Field(default=None, description="path of a kubeconfig file")
    context: Path | None = Field(default=None, description="name of a context in the kubeconfig")
    rest_url: Annotated[str, AfterValidator(_rest_url)] | None = Field(
        default=None, description="URL of Flink's REST API, instead of the service proxy"
    )
    ca_file: Path | None = Field(default=None, description="PEM file that signs rest_url's TLS")
    username: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="user for basic authentication at rest_url"
    )
    password_env: VariableName | None = Field(
        default=None, description="environment variable that holds the password"
    )
    bearer_token_env: VariableName | None = Field(
        default=None, description="environment variable that holds a bearer token"
    )
    client_cert_file: Path | None = Field(default=None, description="PEM client certificate")
    client_key_file: Path | None = Field(default=None, description="PEM key of that certificate")

    @check(
        "rest_url",
        "ca_file",
        "username",
        "password_env",
        "bearer_token_env",
        "client_cert_file",
        "client_key_file",
    )
    def _only_for_a_url(self) -> Iterator[Problem]:
        fields = type(self).model_fields
        for name in fields:
            if name in ("kubeconfig", "context", "rest_url") or getattr(self, name) is None:
                continue
            if self.rest_url is None:
                yield Problem(name, "is only for a rest_url", do="give rest_url, or remove it")

    @check("username", "password_env")
    def _user_and_password(self) -> Iterator[Problem]:
        yield from _both(self, "username", "password_env")

    @check("client_cert_file", "client_key_file")
    def _certificate_and_key(self) -> Iterator[Problem]:
        yield from _both(self, "client_cert_file", "client_key_file")

    @check("username", "bearer_token_env")
    def _one_authentication(self) -> Iterator[Problem]:
        if self.username and self.bearer_token_env:
            yield Problem(
                "bearer_token_env",
                "cannot be used together with username",
                do="keep one of the two",
            )

    @check("rest_url", "username", "bearer_token_env", "ca_file", "client_cert_file")
    def _encrypted(self) -> Iterator[Problem]:
        if self.rest_url is None or not self.rest_url.startswith("http://"):
            return
        for name in ("ca_file", "client_cert_file"):
            if getattr(self, name):
                yield Problem(name, "needs TLS", self.rest_url, "use an https rest_url")
        if (self.username or self.bearer_token_env) and not _is_loopback(self.rest_url):
            yield Problem(
                "rest_url",
                "would send credentials unencrypted",
                self.rest_url,
                "use https",
            )


def _both(connection: Connection, first: str, second: str) -> Iterator[Problem]:
    given = {name: getattr(connection, name) is not None for name in (first, second)}
    if any(given.values()) and not all(given.values()):
        missing, present = sorted(given, key=lambda name: given[name])
        yield Problem(missing, f"is missing beside {present}", do="give both or none")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
