"""Talks to the guards of an application's JobManagers, which wait until the ledger says "go"."""

import uuid
from collections.abc import Callable
from typing import TypeVar

from flink_components.kube.api import Unreachable
from flink_components.lifecycle.errors import LeftToGuard
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.go import PROBE, Probed, claim_of, is_stopping, probe, probed_of
from flink_components.plan.record import Phase, Record, Run

T = TypeVar("T")

_LONGEST_SECONDS = 0.25
_GUARD_SECONDS = 60.0


class Probe:
    """A question to the guards of a revision: does one wait, and can it write there?

    `directory`: where savepoints go to; None where nothing is to be written.
    """

    def __init__(self, held: HeldRecord, revision: int, directory: str | None) -> None:
        self._held = held
        self._id = uuid.uuid4().hex
        held.ask(PROBE, probe(self._id, revision, directory))

    def answer(self) -> Probed | None:
        """None while nobody has answered. Raises KubeError, LockLost."""
        answered = probed_of(self._held.seen())
        return answered if answered is not None and answered.id == self._id else None


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


def with_guards(shop: Workshop, ledger: Ledger[Record], work: Callable[[], T]) -> T:
    """Does work under the lock; where only a guard can go on, once more when that has."""
    try:
        return work()
    except LeftToGuard as error:
        shop.say(f"{error}: waiting for it")
        poll(shop.clock, ledger.annotations, lambda found: not is_stopping(found), _GUARD_SECONDS)
        return work()
