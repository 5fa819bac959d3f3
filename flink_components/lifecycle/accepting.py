"""Losses of state with which a restart may go on; looked at before anything is stopped."""

from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.wish import JobWish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.decision import Decision, Seen
from flink_components.plan.record import AcceptedLoss, Record


def accepted(
    shop: Workshop, wish: JobWish, record: Record, decision: Decision, seen: Seen
) -> tuple[AcceptedLoss, ...]:
    """The losses that are accepted by name. Raises Refused as the plan does.

    Without a job graph nothing is known but of a snapshot that a person names, and Flink itself
    refuses to lose state.
    """
    if wish.spec.job_graph is None and not decision.forced:
        return ()
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
