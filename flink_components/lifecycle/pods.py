"""What the pods of a cluster's revision wait for, and the last words of one that ended."""

import re
from collections.abc import Iterator
from contextlib import suppress

from flink_components.flink.errors import cause_after, cause_in_log
from flink_components.kube.api import Json, KubeApi, KubeError, NotFound

_NO_PODS = "no pods yet: is a quota or an admission policy in the way?"
_BACK_OFF = "CrashLoopBackOff"
_WAITS_IN_VAIN = (
    _BACK_OFF,
    "CreateContainerConfigError",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
)
_LINES = 5000
_BEGINNING = "Starting StandaloneApplicationClusterEntryPoint"
"""What each version says at its start, at the same level as that a checkpoint is complete."""


def problems(api: KubeApi, namespace: str, selector: str) -> str:
    """What the pods that a selector takes wait for, in a line."""
    try:
        found = api.list("Pod", namespace, selector)
    except KubeError as error:
        return f"the pods can't be listed: {error}"
    if not found:
        return _NO_PODS
    return "; ".join(sorted({pod_problem(pod) for pod in found}))


def pod_problem(pod: Json) -> str:
    """What a pod waits for, in a line."""
    status = pod.get("status") or {}
    for container in _containers(pod):
        waiting = (container.get("state") or {}).get("waiting")
        if waiting:
            detail = waiting.get("message") or ""
            return f"{pod['metadata']['name']}: {waiting.get('reason')} {detail}".strip()
    for condition in status.get("conditions") or []:
        if condition.get("status") == "False" and condition.get("message"):
            return f"{pod['metadata']['name']}: {condition['message']}"
    return f"{pod['metadata']['name']}: {status.get('phase')}"


def in_vain(pod: Json) -> bool:
    """It waits for what does not come by itself: an image, a Secret, a container that crashes."""
    states = (container.get("state") or {} for container in _containers(pod))
    return any((state.get("waiting") or {}).get("reason") in _WAITS_IN_VAIN for state in states)


def backs_off(pod: Json) -> bool:
    """Kubernetes lets a container of it wait before it starts it again: up to five minutes."""
    states = (container.get("state") or {} for container in _containers(pod))
    return any((state.get("waiting") or {}).get("reason") == _BACK_OFF for state in states)


def not_made(api: KubeApi, namespace: str, deployment: str) -> str:
    """Why a Deployment's pods are not even made (a quota, an admission policy); "" where not."""
    try:
        status = api.get("Deployment", namespace, deployment).get("status") or {}
    except NotFound:
        return f"the Deployment {deployment} is not there: someone deleted it"
    for condition in status.get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return f"{deployment}: {condition.get('message') or condition.get('reason')}"
    return ""


def runs(pod: Json) -> bool:
    """All its containers run."""
    found = (pod.get("status") or {}).get("containerStatuses") or []
    return bool(found) and all("running" in (each.get("state") or {}) for each in found)


def main_container(pod: Json) -> Json:
    """The status of the container that runs Flink; empty where there is none yet."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return next((each for each in statuses if each["name"] in ("jobmanager", "taskmanager")), {})


def last_log(api: KubeApi, pod: Json) -> str:
    """The log of the container that ended last in a pod; "" where there is none to be had."""
    status = main_container(pod)
    if not status:
        return ""
    running = "running" in (status.get("state") or {})
    try:
        return api.log(
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            status["name"],
            previous=running or bool(status.get("restartCount")),
            lines=_LINES,
        )
    except KubeError:
        return ""


def every_log(api: KubeApi, pod: Json) -> list[str]:
    """The logs of the container that runs, and of the one before it, as far as they are there."""
    name = main_container(pod).get("name")
    found = []
    for previous in (True, False) if name else ():
        with suppress(KubeError):
            namespace, called = pod["metadata"]["namespace"], pod["metadata"]["name"]
            found.append(api.log(namespace, called, str(name), previous, _LINES))
    return found


def last_exit(pod: Json) -> int | None:
    """The exit status of the container that ended last; None where none has."""
    status = main_container(pod)
    for name in ("state", "lastState"):
        ended = (status.get(name) or {}).get("terminated")
        if ended:
            return int(ended.get("exitCode", 0))
    return None


def why_it_ended(api: KubeApi, pod: Json) -> str:
    """The root cause by its log, or else its exit status; "" where nothing of it has ended."""
    status = last_exit(pod)
    if status is None:
        return ""
    return cause_in_log(last_log(api, pod)) or f"its JobManager ended with exit status {status}"


def end_of_job(log: str, job_id: str) -> str | None:
    """The state in which a job has ended, by its JobManager's log."""
    found = re.findall(rf"Job {job_id} reached (?:globally )?terminal state (\w+)", log)
    return found[-1] if found else None


def why_it_failed(log: str, job_id: str) -> str:
    """Why a job has failed for good, by its JobManager's log; "" where it has not."""
    if end_of_job(log, job_id) != "FAILED":
        return ""
    told = log[log.rindex(f"Job {job_id} reached ") :]
    return cause_after(told) or cause_in_log(log) or f"the job {job_id} has failed"


def completed_a_checkpoint(log: str, job_id: str) -> bool | None:
    """Whether a job has completed one, by its JobManager's log.

    None where the log is not whole, or does not say so much that it would be in it.
    """
    if re.search(rf"Completed checkpoint \d+ for job {job_id}", log):
        return True
    return False if _BEGINNING in log and job_id in log else None


def found_none_to_recover(log: str) -> bool:
    """With high availability: none of the starts before this one had completed a checkpoint."""
    return "Found 0 checkpoints in " in log


def _containers(pod: Json) -> Iterator[Json]:
    status = pod.get("status") or {}
    yield from status.get("initContainerStatuses") or []
    yield from status.get("containerStatuses") or []
