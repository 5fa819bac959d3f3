"""Losses of state with which a restart may go on; looked at before anything is stopped."""

from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.wish import ByHand, JobWish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.decision import Decision, Seen
from flink_components.plan.record import AcceptedLoss, Record


def accepted(
    shop: Workshop, wish: JobWish, record: Record, decision: Decision, seen: Seen
) -> tuple[AcceptedLoss, ...]:
    """The losses that are accepted: by name, or of a rollback by hand. Raises Refused as the plan.

    Without a job graph nothing is known but of a snapshot that a person names, and Flink itself
    refuses to lose state.
    """
    if wish.by_hand is not None:
        return _by_hand(wish.by_hand, shop.clock.now())
    # Not loaded by a program whose jobs do not change.
    from flink_components.lifecycle.judging import judged

    found = judged(shop, wish, record, decision, seen)
    if found is None:
        return ()
    if found.refusal:
        raise Refused(f"{found.refusal}\n{found.text()}")
    return tuple(
        AcceptedLoss(
            operator=loss.dropped.label,
            version=loss.by.version,
            reason=loss.by.reason,
            at=shop.clock.now(),
        )
        for loss in found.accepted
    )


def _by_hand(by_hand: ByHand, now: float) -> tuple[AcceptedLoss, ...]:
    if not by_hand.may_lose:
        return ()
    version = f"rollback from revision {by_hand.rolled_back_from}"
    return (AcceptedLoss(operator="*", version=version, reason=by_hand.may_lose, at=now),)
