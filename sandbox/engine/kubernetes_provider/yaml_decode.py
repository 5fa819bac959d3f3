"""The objects in a text of YAML documents, for `pulumi_kubernetes.yaml`."""

from __future__ import annotations

from typing import Any

import yaml

from sandbox.engine.kubernetes_provider.manifests import kind_of


class DecodeError(Exception):
    """The text is not a list of Kubernetes objects; the text says why."""


def decode_yaml(text: str, default_namespace: str) -> list[dict[str, Any]]:
    """Return the objects; those that lie in a namespace and name none get the default one.

    Raises DecodeError if the text is not YAML, or something in it is no object.
    """
    try:
        documents = [item for item in yaml.safe_load_all(text) if item]
    except yaml.YAMLError as error:
        raise DecodeError(f"failed to parse YAML: {error}") from error
    objects = []
    for document in documents:
        if not isinstance(document, dict) or not kind_of(document).kind:
            raise DecodeError(f"not a Kubernetes object, it has no kind: {document!r:.100}")
        items = document["items"] if _is_list(document) else [document]
        for item in items:
            metadata = item.setdefault("metadata", {})
            if default_namespace and kind_of(item).scope is not False:
                metadata.setdefault("namespace", default_namespace)
            objects.append(item)
    return objects


def _is_list(document: dict[str, Any]) -> bool:
    return str(document["kind"]).endswith("List") and isinstance(document.get("items"), list)
