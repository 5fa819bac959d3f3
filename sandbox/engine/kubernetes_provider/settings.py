"""The provider's own configuration: what `pulumi_kubernetes.Provider` and the environment say."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.engine.kubernetes_provider import kubeconfig
from sandbox.engine.kubernetes_provider.values import Unknown

_PREFIX = "kubernetes:config:"
_CLUSTER_KEYS = ("kubeconfig", "context", "cluster")
_CLUSTER_IDENTIFIER = "clusterIdentifier"


@dataclass(frozen=True)
class Settings:
    """What the provider does where its users may choose."""

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    namespace: str = ""
    server_side_apply: bool = True
    patch_force: bool = False
    upsert_existing: bool = False
    config_map_mutable: bool = False
    secret_mutable: bool = False
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False


def read_settings(configured: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    """Return the settings: the provider's configuration first, then PULUMI_K8S_* variables."""

    def flag(key: str, variable: str, default: bool = False) -> bool:
        value = configured.get(_PREFIX + key, environment.get(variable))
        return default if value is None else value == "true"

    def text(key: str) -> str:
        return configured.get(_PREFIX + key, "")

    return Settings(
        kubeconfig=text("kubeconfig"),
        context=text("context"),
        cluster=text("cluster"),
        namespace=text("namespace"),
        server_side_apply=flag(
            "enableServerSideApply", "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", True
        ),
        patch_force=flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        upsert_existing=flag("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
        config_map_mutable=flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
        secret_mutable=flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        delete_unreachable=flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
        skip_update_unreachable=flag("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
    )


def unsupported(configured: Mapping[str, Any]) -> str:
    """The name of a configured feature that only the real provider has, or ""."""
    return "renderYamlToDirectory" if configured.get("renderYamlToDirectory") else ""


def connect(settings: Settings) -> kubeconfig.Connection:
    """Return the connection of these settings. Raises KubeconfigError if there is none."""
    if settings.kubeconfig:
        config = kubeconfig.parse(settings.kubeconfig)
    else:
        config = kubeconfig.find(os.environ)
    return kubeconfig.connect(config, settings.context, settings.cluster, settings.namespace)


def diff_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return which keys of the provider's configuration change, and which of them replace it.

    It is replaced when the cluster that it talks to changes, unless `clusterIdentifier` says that
    it is the same one (or that it is another).
    """
    changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    identified = new.get(_CLUSTER_IDENTIFIER)
    if identified and old.get(_CLUSTER_IDENTIFIER):
        return changed, [key for key in changed if key == _CLUSTER_IDENTIFIER]
    for key in _CLUSTER_KEYS:
        if isinstance(new.get(key), Unknown):
            return [key], [key]
    before, after = _active(old), _active(new)
    replaced = before is not None and after is not None and before != after
    return changed, [key for key in changed if replaced and key in _CLUSTER_KEYS]


def _active(configured: Mapping[str, Any]) -> Mapping[str, Any] | None:
    given = configured.get("kubeconfig") or ""
    text = given if isinstance(given, str) else json.dumps(given)
    context, cluster = (str(configured.get(key) or "") for key in ("context", "cluster"))
    return kubeconfig.active_cluster(kubeconfig.parse(text) if text else {}, context, cluster)
