"""Talks to the guards of an application's JobManagers, which wait until the ledger says "go"."""

import uuid

from flink_components.kube.api import KubeApi, Unreachable
from flink_components.lifecycle.standing import job_manager_pods
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.go import PROBE, claim_of, probe, probed_of
from flink_components.plan.record import Phase, Run
from flink_components.spec.ref import ClusterRef

_LONGEST_SECONDS = 0.25


class Probe:
    """A question to the guards of a revision: do you wait, and can you write there?

    `directory`: where savepoints go to; None where nothing is to be written.
    """

    def __init__(
        self, held: HeldRecord, api: KubeApi, ref: ClusterRef, directory: str | None
    ) -> None:
        self._held = held
        self._api = api
        self._ref = ref
        self._nonce = uuid.uuid4().hex
        held.ask(PROBE, probe(self._nonce, ref.revision, directory))

    def answers(self) -> list[str]:
        """Those of pods that are there now: "" where all is well, else what is wrong."""
        answered = probed_of(self._held.seen())
        if answered is None or answered.nonce != self._nonce:
            return []
        there = {pod["metadata"]["uid"] for pod in job_manager_pods(self._api, self._ref)}
        return [answer for pod, answer in answered.answers.items() if pod in there]

    def end(self) -> None:
        """With the next write nobody is asked any more."""
        self._held.stop_asking(PROBE)


def claimed(shop: Workshop, held: HeldRecord, run: Run, seconds: float) -> bool:
    """Waits until a guard has claimed the attempt that the ledger says may start."""

    def read() -> bool:
        try:
            claim = claim_of(held.seen())
        except Unreachable:
            return False
        return claim is not None and claim.is_of(run)

    return poll(shop.clock, read, bool, seconds, longest=_LONGEST_SECONDS)[1]


def withdrawn(held: HeldRecord, run: Run) -> bool:
    """Lets nobody start the attempt any more; False where a guard was quicker, and starts it.

    Both are writes of one object: the later one has seen the earlier.
    """
    held.commit(open=None, phase=Phase.FAILED)
    claim = claim_of(held.annotations)
    if claim is None or not claim.is_of(run):
        return True
    held.commit(phase=Phase.DEPLOYED)
    return False
