"""Pods: ready or not, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.engine.kubernetes_provider.awaits.progress import (
    Awaited,
    Message,
    Progress,
    View,
    full_name,
)
from sandbox.engine.kubernetes_provider.logs import WARNING
from sandbox.engine.kubernetes_provider.manifests import conditions_of, is_owned_by, pluck, text
from sandbox.engine.kubernetes_provider.values import Manifest


def _check(pod: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once it is scheduled, initialized, and ready or succeeded."""
    name = full_name(pod)
    conditions = conditions_of(pod)
    steps = (("PodScheduled", "scheduled"), ("Initialized", "initialized"), ("Ready", "ready"))
    messages: list[Message] = []
    for kind, word in steps:
        if _is_true(conditions.get(kind)) or (kind == "Ready" and _succeeded(pod)):
            continue
        messages.append(Message(f'Waiting for Pod "{name}" to be {word}'))
        if kind == "PodScheduled":
            trouble = [text(conditions.get(kind), "message")]
        else:
            trouble = [_trouble(pod, conditions.get(kind))]
        return Progress(False, messages, [line for line in trouble if line])
    return Progress(True)


def pod_troubles(pods: Iterable[Manifest], owner_uid: str) -> list[str]:
    """What keeps the pods of this owner from being ready, one text for each pod that says."""
    found = []
    for pod in pods:
        if not is_owned_by(pod, owner_uid):
            continue
        conditions = conditions_of(pod)
        for kind in ("Initialized", "Ready"):
            condition = conditions.get(kind)
            if condition is not None and not _is_true(condition) and not _succeeded(pod):
                trouble = _trouble(pod, condition)
                if trouble:
                    found.append(trouble)
                break
    return found


def warnings(troubles: Iterable[str]) -> list[Message]:
    """These texts as warnings for the row."""
    return [Message(trouble, WARNING) for trouble in troubles]


def _is_true(condition: Mapping[str, Any] | None) -> bool:
    return condition is not None and condition.get("status") == "True"


def _succeeded(pod: Manifest) -> bool:
    return text(pod, "status", "phase") == "Succeeded"


def _trouble(pod: Manifest, condition: Mapping[str, Any] | None) -> str:
    message = text(condition, "message") if text(condition, "reason") else ""
    containers = [
        line
        for status in pluck(pod, "status", "containerStatuses") or []
        if not status.get("ready")
        for line in _container_troubles(status)
    ]
    if not message and not containers:
        return ""
    return f"[Pod {full_name(pod)}]: {message}" + "\n".join(containers)


def _container_troubles(status: Mapping[str, Any]) -> list[str]:
    found = []
    waiting = pluck(status, "state", "waiting")
    if waiting and waiting.get("reason") != "ContainerCreating":
        found.append(f"[{waiting.get('reason', '')}] {waiting.get('message', '')}")
    ended = pluck(status, "state", "terminated")
    if ended and ended.get("reason"):
        if ended.get("message"):
            found.append(f"[{ended['reason']}] {ended['message']}")
        else:
            found.append(
                f'container "{status.get("name")}" completed with exit code {ended.get("exitCode")}'
            )
    last = pluck(status, "lastState", "terminated")
    if last:
        found.append(
            f'container "{status.get("name")}" terminated at {last.get("finishedAt")} '
            f"({last.get('reason')}: exit code {last.get('exitCode')})"
        )
        if last.get("message"):
            found.append(str(last["message"]))
    return found


POD = Awaited(_check)
