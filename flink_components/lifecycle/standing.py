"""Whether anything of an application's attempt runs, though its Flink does not answer.

An attempt is started once, by the JVM whose claim is in the ledger. Where that JVM is gone, or
never was, and the ledger lets nobody else start, nothing of the attempt runs, nor will.
"""

import json
from dataclasses import dataclass
from typing import Any

from flink_components.kube.access import AccessError
from flink_components.kube.api import Json, KubeApi, KubeError
from flink_components.kube.objects import labels
from flink_components.lifecycle.errors import LifecycleError, StepFailed
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.pods import (
    completed_a_checkpoint,
    end_of_job,
    every_log,
    found_none_to_recover,
    last_exit,
    last_log,
    main_container,
    why_it_ended,
    why_it_failed,
)
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import Workshop
from flink_components.plan.go import GO, Claim, claim_of, seconds_of
from flink_components.plan.record import Record, Run
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef

_FOR_GOOD = (1, 2, 163)
"""Exit statuses of a JobManager that could not start, or whose job has failed."""
_LISTENS_EVERY_SECONDS = 1.0
_ENDS_SECONDS = 15.0


@dataclass(frozen=True)
class Down:
    """Nothing of an attempt runs, and why.

    `ended` is the state in which the job has ended, as far as that is known: FAILED where it has
    completed no checkpoint before its JobManager ended.
    """

    why: str
    ended: str | None = None


def down(shop: Workshop, run: Run) -> Down | None:
    """Why nothing of the attempt runs, nor starts by itself; None where nobody knows.

    It is not known of a session cluster. With high availability a JobManager that starts again
    starts the attempt again, so there it takes that no pod is left, or that the ledger forbids it.
    """
    if not run.guarded:
        return None
    ref = load(ClusterRef, run.cluster)
    try:
        ledger = shop.ledger(ref.connection, ref.namespace, ref.key)
        return _down(ledger.api, ref, run, ledger.annotations())
    except (KubeError, AccessError, LifecycleError):
        return None


def _down(api: KubeApi, ref: ClusterRef, run: Run, annotations: dict[str, str]) -> Down | None:
    claim = claim_of(annotations)
    claimed = claim is not None and claim.is_of(run)
    if _may_start(annotations, run) and (run.ha or not claimed):
        return None
    pods = job_manager_pods(api, ref)
    if not pods:
        return Down("no pod of its JobManager is there")
    if run.ha or claim is None or not claim.pod:
        return None
    if not claimed:
        waits = Down("its JobManager waits, and has not started it", "FAILED")
        return waits if claim.attempt < run.attempt else None
    pod = next((pod for pod in pods if pod["metadata"]["uid"] == claim.pod), None)
    if pod is None:
        return Down("the pod of its JobManager is gone")
    if not _has_ended(pod, claim):
        return None
    why = why_it_ended(api, pod) or "its JobManager has ended"
    return Down(why, _end(last_log(api, pod), run))


def _end(log: str, run: Run) -> str | None:
    """How the job has ended, where nothing that it did can be in a checkpoint of its own."""
    ended = end_of_job(log, run.job_id)
    if ended == "FINISHED":
        return ended
    return "FAILED" if completed_a_checkpoint(log, run.job_id) is False else None


def _may_start(annotations: dict[str, str], run: Run) -> bool:
    try:
        said: Any = json.loads(annotations.get(GO, "{}"))
    except ValueError:
        return True
    return bool(said.get("state") == "go" and said.get("attempt") == run.attempt)


def _has_ended(pod: Json, claim: Claim) -> bool:
    """The JVM that claimed is not the one that runs; all times are by the clock of one node.

    What the API server says of a container may be older than the claim: only a time says more.
    """
    status, at = main_container(pod), claim.seconds
    last = [(status.get(name) or {}).get("terminated") or {} for name in ("state", "lastState")]
    started = ((status.get("state") or {}).get("running") or {}).get("startedAt")
    times = [started, *(ended.get("finishedAt") for ended in last)]
    return bool(at) and any(seconds_of(time) > at for time in times if time)


def job_manager_pods(api: KubeApi, ref: ClusterRef) -> list[Json]:
    """The pods of a revision's JobManager. Raises KubeError."""
    return api.list("Pod", ref.namespace, selector_of(ref, labels.JOB_MANAGER))


def selector_of(ref: ClusterRef, component: str | None = None) -> str:
    """The label selector of a revision, or of a component of it."""
    return labels.selector(labels.APPLICATION, ref.key, ref.revision, component)


def checkpointed(shop: Workshop, ledger: Ledger[Record], run: Run) -> bool | None:
    """Whether an attempt that has just failed had completed a checkpoint, by the log of its
    JobManager; None where nobody knows.
    """
    try:
        claim = claim_of(ledger.annotations())
        if claim is None or claim.attempt < run.attempt:
            return False
        pods = job_manager_pods(ledger.api, load(ClusterRef, run.cluster))
        own = [pod for pod in pods if pod["metadata"]["uid"] == claim.pod]
        logs = [log for pod in own for log in every_log(ledger.api, pod)]
    except KubeError:
        return None
    found = {completed_a_checkpoint(log, run.job_id) for log in logs}
    once = all(main_container(pod).get("restartCount", 0) <= 1 for pod in own)
    whole = once or any(found_none_to_recover(log) for log in logs)
    if True in found:
        return True
    return False if False in found and whole else None


class LastWords:
    """What the JobManager of an attempt that is to start says at its end, where that comes.

    Up to Flink 1.20 the reason is only in its log. It is listened for now and then.
    """

    def __init__(self, shop: Workshop, run: Run) -> None:
        self._shop = shop
        self._run = run
        self._listened_at: float | None = None

    def listen(self) -> None:
        """Raises StepFailed with the root cause once it has ended."""
        now = self._shop.clock.monotonic()
        if self._listened_at is None or now - self._listened_at >= _LISTENS_EVERY_SECONDS:
            self._listened_at = now
            found = self._heard()
            if found:
                raise StepFailed(found)

    def wait(self) -> str:
        """The root cause of a job whose JobManager ends with it; "" where it does not."""
        seconds = _ENDS_SECONDS if self._run.guarded else 0.0
        return poll(self._shop.clock, self._heard, bool, seconds, pause=0.2)[0]

    def _heard(self) -> str:
        found = down(self._shop, self._run)
        if found is not None:
            return found.why
        if not self._run.guarded:
            return ""
        ref = load(ClusterRef, self._run.cluster)
        try:
            api = self._shop.reach.api(ref.connection)
            pods = job_manager_pods(api, ref)
            failed = [pod for pod in pods if self._run.ha and last_exit(pod) in _FOR_GOOD]
            if failed:
                return why_it_ended(api, failed[0])
            # Its JVM may take long to end, and starts again with high availability.
            logs = [log for pod in pods for log in every_log(api, pod)]
            return next(filter(None, (why_it_failed(log, self._run.job_id) for log in logs)), "")
        except (KubeError, AccessError):
            return ""
