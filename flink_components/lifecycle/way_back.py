"""When a new attempt is not stable, it is ended, and the revision before runs again."""

from typing import NoReturn

from flink_components.flink.errors import FlinkError
from flink_components.lifecycle.errors import AnswerLost, Refused, StepFailed, WrongState
from flink_components.lifecycle.history import noted
from flink_components.lifecycle.observing import observe
from flink_components.lifecycle.places import Place
from flink_components.lifecycle.starting import become_stable, start
from flink_components.lifecycle.stopping import cancel
from flink_components.lifecycle.wish import JobWish
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.changes import same_cluster
from flink_components.plan.decision import Seen
from flink_components.plan.origins import restore_point
from flink_components.plan.record import Failure, Phase, Record, RestorePoint, Run, Use
from flink_components.spec.job import WantedState

NotStable = StepFailed | Refused | FlinkError
NOT_STABLE = (StepFailed, Refused, FlinkError)


def way_back(
    shop: Workshop,
    held: HeldRecord,
    place: Place,
    before: Place | None,
    failed: Run,
    error: NotStable,
) -> NoReturn:
    """Ends the attempt `failed` and runs `before` again; always raises StepFailed."""
    reason = str(error).rstrip(".")
    _give_up(shop, held, place, failed, error, reason)
    record, stable = held.record, held.record.stable
    if before is None or stable is None or not _leads_back(record, place.wish, before.wish, failed):
        raise StepFailed(_left_behind(record, reason)) from error
    _go_back(shop, held, before, failed, stable.revision, reason)


def _leads_back(record: Record, wish: JobWish, before: JobWish, failed: Run) -> bool:
    """`before` is what was stable, is something else, and the restore point is its own."""
    stable, point = record.stable, record.restore
    if before.spec.state is not WantedState.RUNNING:
        return False
    if stable is None or stable.fingerprint != before.fingerprint:
        return False
    there, here = wish.spec.cluster.to_json(), before.spec.cluster.to_json()
    forced = point is not None and failed.restored_from != point.path
    if wish.fingerprint == before.fingerprint and same_cluster(there, here) and not forced:
        return False
    return point is None or point.revision in (None, stable.revision)


def _give_up(
    shop: Workshop, held: HeldRecord, place: Place, run: Run, error: NotStable, reason: str
) -> None:
    """Ends an attempt that is not stable.

    One that has completed a checkpoint of its own may have committed output: there is no
    automatic way back then, and it raises StepFailed.
    """
    wish, wrong_state = place.wish, isinstance(error, WrongState)
    seen = observe(shop, run, fresh=True)
    if not seen.active:
        seen = place.put_down(held, run, seen)
    if not seen.reached:
        raise StepFailed(
            f"{reason}; and whether {run.job_id} runs can't be asked ({seen.problem}), so nothing "
            f"more was done: run `pulumi up` again, which looks first"
        ) from error
    failures = held.record.with_failure(Failure.of(run, reason, shop.clock.now()))
    if seen.active and seen.completed and not wrong_state:
        held.commit(open=None, phase=Phase.DEPLOYED, reason=reason, failures=failures)
        raise StepFailed(
            f"{reason}. It has completed a checkpoint of its own, so it may have committed "
            f"output: it runs on as {run.job_id}; mend it and run `pulumi up` again"
        ) from error
    use = Use.NOTHING if wrong_state or run.stateless else Use.OWN
    own: RestorePoint | None = None
    if seen.active:
        own = _cancelled(shop, held, place, run, use)
    elif seen.checkpoint is not None and use is Use.OWN:
        own = restore_point(seen.checkpoint, run)
    held.commit(
        open=None,
        phase=Phase.FAILED,
        reason=reason,
        since=shop.clock.now(),
        failures=failures,
        **(noted(held, wish.spec, own, run, None, "it was not stable") if own else {}),
    )
    if use is Use.OWN and (own is not None or seen.completed):
        _stay_down(held, wish, reason, error)


def _cancelled(
    shop: Workshop, held: HeldRecord, place: Place, run: Run, use: Use
) -> RestorePoint | None:
    """Its latest checkpoint, if it may be of use, once the attempt has ended."""
    try:
        return cancel(shop, held, place.wish.spec, run, Phase.FAILED, use, "it was not stable")
    except StepFailed as error:
        gone = place.put_down(held, run, Seen(reached=False, problem=str(error)))
        if not gone.reached:
            raise
    if gone.checkpoint is None or use is Use.NOTHING:
        return None
    return restore_point(gone.checkpoint, run)


def _stay_down(held: HeldRecord, wish: JobWish, reason: str, error: NotStable) -> NoReturn:
    """The attempt had a checkpoint of its own."""
    held.commit(restored_by_hand=wish.honoured or held.record.restored_by_hand)
    point = held.record.restore
    raise StepFailed(
        f"{reason}. It had completed a checkpoint of its own, so it may have committed output, "
        f"and the old revision was not started again: mend the job and run `pulumi up` again, "
        f"which goes on from {point.path if point else 'nothing: that checkpoint is gone'}"
    ) from error


def _go_back(
    shop: Workshop, held: HeldRecord, before: Place, failed: Run, revision: int, reason: str
) -> NoReturn:
    """Runs the old revision again from the hand-over point, and says so."""
    shop.say(f"not stable ({reason}): the old revision {revision} runs again")
    restore = None if before.wish.stateless else held.record.restore
    try:
        before.prepare_again(held)
        run = start(shop, held, before, revision, restore)
        become_stable(shop, held, before, run, Phase.ROLLED_BACK, reason)
    except AnswerLost:
        raise
    except NOT_STABLE as error:
        held.commit(phase=Phase.FAILED, reason=str(error), since=shop.clock.now())
        where = f"its state is in {restore.path}" if restore else "it had no state"
        raise StepFailed(
            f"{reason}. The old revision {revision} could not be started again either "
            f"({error}); {where}: `pulumi up` goes on from there"
        ) from error
    before.taken_back(held, failed)
    origin = f" from {restore.path}" if restore else ""
    raise StepFailed(f"{reason}. The old revision {revision} runs again{origin}")


def _left_behind(record: Record, reason: str) -> str:
    if record.restore is None:
        return f"{reason}. The job was removed from the cluster; it had no state yet"
    return f"{reason}. The job is down; `pulumi up` goes on from {record.restore.path}"
