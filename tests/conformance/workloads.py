"""Objects for the tests of waiting: pods that do nothing, or whose image does not exist."""

from __future__ import annotations

from typing import Any

MISSING_IMAGE = "registry.invalid/none:1"

_RESTRICTED = {
    "allow_privilege_escalation": False,
    "capabilities": {"drop": ["ALL"]},
    "run_as_non_root": True,
    "run_as_user": 65535,
    "seccomp_profile": {"type": "RuntimeDefault"},
}


def pod_spec(image: str, **fields: Any) -> dict[str, Any]:
    """A pod with one container that is ended at once when it is told to."""
    return {
        "termination_grace_period_seconds": 0,
        "containers": [
            {
                "name": "main",
                "image": image,
                "image_pull_policy": "IfNotPresent",
                "security_context": _RESTRICTED,
            }
        ],
        **fields,
    }


def template(app: str, image: str, **fields: Any) -> dict[str, Any]:
    """A pod template with the label ``app``."""
    return {"metadata": {"labels": {"app": app}}, "spec": pod_spec(image, **fields)}


def replicated(app: str, image: str, **fields: Any) -> dict[str, Any]:
    """The spec of a Deployment or StatefulSet of one pod."""
    return {
        "replicas": 1,
        "selector": {"match_labels": {"app": app}},
        "template": template(app, image),
        **fields,
    }


def pulumi_annotations(**values: str) -> dict[str, Any]:
    """Metadata with annotations of Pulumi, such as ``skipAwait="true"``."""
    return {"annotations": {f"pulumi.com/{key}": value for key, value in values.items()}}
