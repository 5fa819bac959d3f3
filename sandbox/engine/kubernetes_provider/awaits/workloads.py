"""Deployments, StatefulSets, DaemonSets and Jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.engine.kubernetes_provider.awaits.pods import pod_troubles, warnings
from sandbox.engine.kubernetes_provider.awaits.progress import (
    Awaited,
    Message,
    Progress,
    View,
    full_name,
    integer,
    replicas_text,
)
from sandbox.engine.kubernetes_provider.logs import WARNING
from sandbox.engine.kubernetes_provider.manifests import (
    Kind,
    annotation,
    conditions_of,
    generation_of,
    is_owned_by,
    name_of,
    pluck,
    text,
    uid_of,
)
from sandbox.engine.kubernetes_provider.values import Manifest

_POD = Kind("v1", "Pod")
_CLAIM = Kind("v1", "PersistentVolumeClaim")
_REPLICA_SET = Kind("apps/v1", "ReplicaSet")
_REVISION = "deployment.kubernetes.io/revision"


def _deployment(live: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once it is available, and the ReplicaSet of its revision has all its pods ready."""
    if integer(pluck(live, "status", "observedGeneration")) != generation_of(live):
        return Progress(False, errors=["Minimum number of live Pods was not attained"])
    revision = annotation(live, _REVISION)
    current = next(
        (
            item
            for item in view.all(_REPLICA_SET)
            if is_owned_by(item, uid_of(live)) and annotation(item, _REVISION) == revision
        ),
        None,
    )
    conditions = conditions_of(live)
    available = _is_true(conditions.get("Available"))
    progressing = conditions.get("Progressing")
    rolled_out = revision == "1" or (
        _is_true(progressing) and text(progressing, "reason") == "NewReplicaSetAvailable"
    )
    wanted, ready = _replicas(current)
    pods_ready = current is not None and ready >= wanted
    unbound = _unbound_claims(live, view)
    if available and rolled_out and pods_ready and not unbound:
        return Progress(True, [*_scaled_to_zero(live, wanted), _complete("Deployment")])

    problems = [
        f"[{condition['reason']}] {condition['message']}"
        for condition in (progressing, conditions.get("Available"))
        if condition and not _is_true(condition) and condition.get("message")
    ]
    troubles = pod_troubles(view.all(_POD), uid_of(current)) if current else []
    messages = [*(Message(problem, WARNING) for problem in problems), *warnings(troubles)]
    if current is not None and not pods_ready:
        messages.append(
            Message(f"Waiting for app ReplicaSet to be available ({ready}/{wanted} Pods available)")
        )
    errors = list(problems)
    if unbound:
        names = ",".join(unbound)
        errors.append(f'Failed to bind PersistentVolumeClaim(s): "{names}"')
    if not available:
        errors.append("Minimum number of live Pods was not attained")
    elif not rolled_out or revision == "1":
        errors.append("Minimum number of Pods to consider the application live was not attained")
    else:
        errors.append(
            "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not "
            "become live"
        )
    return Progress(False, messages, [*errors, *troubles])


def _stateful_set(live: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once all replicas are, and all are of the revision that was asked for."""
    wanted = integer(pluck(live, "spec", "replicas"))
    status = pluck(live, "status") or {}
    seen = integer(status.get("observedGeneration")) >= generation_of(live)
    ready, revision = integer(status.get("readyReplicas")), text(status, "currentRevision")
    all_ready = seen and wanted == integer(status.get("replicas")) == ready
    by_hand = text(live, "spec", "updateStrategy", "type") == "OnDelete"
    if by_hand and generation_of(live) > 1:
        current = seen
    else:
        current = seen and bool(revision) and revision == text(status, "updateRevision")
        all_ready = all_ready and wanted == integer(status.get("currentReplicas"))
    if all_ready and current:
        return Progress(True, [_complete("StatefulSet")])

    counted = ready if current else min(ready, integer(status.get("updatedReplicas")))
    if generation_of(live) <= 1:
        step = f"[1/2] Waiting for StatefulSet to create Pods {replicas_text(ready, wanted)}"
    elif not all_ready:
        step = "[1/3] Waiting for StatefulSet update to roll out " + replicas_text(counted, wanted)
    else:
        step = "[2/3] Waiting for StatefulSet to update .status.currentRevision"
    errors = []
    if not all_ready:
        errors.append(f"{counted} out of {wanted} replicas succeeded readiness checks")
    if not current:
        errors.append(
            "StatefulSet controller failed to advance from revision "
            f'"{revision}" to revision "{text(status, "updateRevision")}"'
        )
    troubles = pod_troubles(view.all(_POD), uid_of(live))
    return Progress(False, [Message(step), *warnings(troubles)], [*errors, *troubles])


def _daemon_set(live: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once every node that should run an up-to-date pod has one that is available."""
    status = pluck(live, "status") or {}
    wanted = integer(status.get("desiredNumberScheduled"))
    updated = integer(status.get("updatedNumberScheduled"))
    available = integer(status.get("numberAvailable"))
    seen = integer(status.get("observedGeneration")) >= generation_of(live)
    if seen and wanted == updated == available:
        return Progress(True, [_complete("DaemonSet")])
    troubles = pod_troubles(view.all(_POD), uid_of(live))
    line = f"Waiting for DaemonSet to roll out ({available}/{wanted} Pods available)"
    return Progress(False, [Message(line), *warnings(troubles)], [line, *troubles])


def _job(live: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once it is complete; a failure ends the wait."""
    name, status = full_name(live), pluck(live, "status") or {}
    conditions = conditions_of(live)
    failed = conditions.get("Failed")
    if failed and _is_true(failed):
        reason = f"[{failed.get('reason', '')}] {failed.get('message', '')}"
        troubles = pod_troubles(view.all(_POD), uid_of(live))
        return Progress(False, errors=[reason, *troubles], failed=True)
    if _is_true(conditions.get("Complete")):
        return Progress(True)
    if not status.get("startTime"):
        return Progress(False, [Message(f'Waiting for Job "{name}" to start')])
    counts = (
        f"(Active: {integer(status.get('active'))} | Succeeded: "
        f"{integer(status.get('succeeded'))} | Failed: {integer(status.get('failed'))})"
    )
    line = Message(f'Waiting for Job "{name}" to succeed {counts}')
    troubles = pod_troubles(view.all(_POD), uid_of(live))
    # A pod that is not ready is how a job looks while it runs: it matters only at the end.
    shown = [text for text in troubles if "containers with unready status" not in text]
    return Progress(False, [line, *warnings(shown)], troubles)


def job_is_complete(live: Manifest) -> bool:
    """Whether the Job started and completed."""
    return bool(pluck(live, "status", "startTime")) and _is_true(
        conditions_of(live).get("Complete")
    )


def _complete(kind: str) -> Message:
    return Message(f"✅ {kind} initialization complete")


def _is_true(condition: Mapping[str, Any] | None) -> bool:
    return condition is not None and condition.get("status") == "True"


def _replicas(replica_set: Manifest | None) -> tuple[int, int]:
    wanted = pluck(replica_set, "spec", "replicas")
    return (
        1 if wanted is None else integer(wanted),
        integer(pluck(replica_set, "status", "readyReplicas")),
    )


def _scaled_to_zero(live: Manifest, wanted: int) -> list[Message]:
    if wanted:
        return []
    return [Message(f'Replicas scaled to 0 for Deployment "{name_of(live)}"', WARNING)]


def _unbound_claims(live: Manifest, view: View) -> list[str]:
    volumes = pluck(live, "spec", "template", "spec", "volumes") or []
    names = {text(volume, "persistentVolumeClaim", "claimName") for volume in volumes} - {""}
    return [
        name_of(claim)
        for claim in (view.all(_CLAIM) if names else ())
        if name_of(claim) in names and text(claim, "status", "phase") != "Bound"
    ]


DEPLOYMENT = Awaited(_deployment, (_REPLICA_SET, _POD, _CLAIM))
STATEFUL_SET = Awaited(_stateful_set, (_POD,))
DAEMON_SET = Awaited(_daemon_set, (_POD,))
JOB = Awaited(_job, (_POD,))
