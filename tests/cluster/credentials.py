"""Credentials of the API server's own making, and kubeconfigs that hold them in each way."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lifecycle.kubernetes import Kubernetes, until

_REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_EXEC = "client.authentication.k8s.io/v1"


def service_account(kubernetes: Kubernetes, namespace: str, name: str) -> str:
    """A new service account; a token of it."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    kubernetes.call("POST", accounts, {"metadata": {"name": name}})
    return token_of(kubernetes, namespace, name)


def token_of(kubernetes: Kubernetes, namespace: str, name: str) -> str:
    """A token of a service account, good for an hour."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    return str(kubernetes.call("POST", path, {"spec": {}})["status"]["token"])


def bind(
    kubernetes: Kubernetes, namespace: str, role: Mapping[str, str], subject: Mapping[str, str]
) -> None:
    """Gives a role in the namespace to a user or service account."""
    bindings = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings"
    name = {"metadata": {"name": subject["name"]}}
    group = "rbac.authorization.k8s.io"
    body = {**name, "roleRef": {"apiGroup": group, **role}, "subjects": [dict(subject)]}
    kubernetes.call("POST", bindings, body)


def client_certificate(kubernetes: Kubernetes, user: str) -> tuple[str, str]:
    """A certificate of the cluster's own authority and its key, for a user."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user)])
    wanted = x509.CertificateSigningRequestBuilder().subject_name(subject)
    spec = {
        "request": _base64(wanted.sign(key, hashes.SHA256()).public_bytes(_PEM)),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
        "expirationSeconds": 3600,
    }
    path = f"{_REQUESTS}/{user}"
    kubernetes.call("DELETE", path)
    made = kubernetes.call("POST", _REQUESTS, {"metadata": {"name": user}, "spec": spec})
    approved = {"type": "Approved", "status": "True", "reason": "Test"}
    made["status"] = {"conditions": [approved]}
    kubernetes.call("PUT", f"{path}/approval", made)
    certificate = until(
        "the certificate", 30, lambda: kubernetes.call("GET", path)["status"].get("certificate")
    )
    kubernetes.call("DELETE", path)
    secret = key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return str(certificate), _base64(secret)


_PEM = serialization.Encoding.PEM


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def exec_plugin(folder: Path, token: str) -> dict[str, Any]:
    """A user whose token comes from a program, which writes a line to `runs` each time."""
    credential = {"apiVersion": _EXEC, "kind": "ExecCredential", "status": {"token": token}}
    script = folder / "plugin"
    script.write_text(f"#!/bin/sh\necho run >> {folder}/runs\necho '{json.dumps(credential)}'\n")
    script.chmod(0o700)
    return {"exec": {"apiVersion": _EXEC, "command": str(script), "interactiveMode": "Never"}}


def with_user(
    path: Path, like: str, user: Mapping[str, Any], cluster: Mapping[str, Any] | None = None
) -> str:
    """A kubeconfig for the cluster of another one, or for a given one, with another user."""
    given = yaml.safe_load(Path(like).read_text())
    current = given["current-context"]
    (context,) = (one["context"] for one in given["contexts"] if one["name"] == current)
    (its,) = (one for one in given["clusters"] if one["name"] == context["cluster"])
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {**its["cluster"], **(cluster or {})}}],
        "users": [{"name": "u", "user": dict(user)}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "here",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    return str(path)
