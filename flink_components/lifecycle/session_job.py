"""Brings a session job to where its declaration wants it, from wherever it was left."""

from flink_components.lifecycle.errors import AnswerLost, Refused, StepFailed
from flink_components.lifecycle.jars import ensure_jar, remove_unneeded_jar
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.observing import observe_latest
from flink_components.lifecycle.session_cluster import leave_revision
from flink_components.lifecycle.settling import settle
from flink_components.lifecycle.starting import become_stable, dry_run, start
from flink_components.lifecycle.stopping import cancel, stop_with_savepoint
from flink_components.lifecycle.way_back import NOT_STABLE, way_back
from flink_components.lifecycle.wish import Wish
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.changes import same_cluster
from flink_components.plan.decision import Action, Decision, Seen, Stop, decide
from flink_components.plan.record import AcceptedLoss, Phase, Record, RestorePoint, Run, Use
from flink_components.spec.base import load
from flink_components.spec.job import SessionJobSpec
from flink_components.spec.ref import ClusterRef

__all__ = ["Wish", "ensure"]


def ensure(
    shop: Workshop,
    wish: Wish,
    before: Wish | None = None,
    last: Run | None = None,
    stack: str | None = None,
) -> Record:
    """Brings the job to `wish` and waits until it is stable; the ledger's record afterwards.

    `before` is what ran until now, as it was declared: it runs again where the new one does not
    become stable. `last` stands in for the ledger's own memory where someone deleted that;
    `stack` is who asks, and must be the owner.
    Repeatable: what another call has begun is finished first.

    Raises Locked, Refused (nothing was changed), StepFailed (the ledger says how far it came).
    """
    spec = wish.spec
    ledger = shop.ledger(spec.cluster.connection, spec.namespace, spec.key)
    with ledger.lock(f"up of {spec.key}", changes={"jar_wanted": wish.content}) as held:
        try:
            _check_ours(held.record, stack)
            _bring(shop, held, ledger, wish, before, last)
        finally:
            held.note(jar_wanted=None)
        return held.record


def _bring(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    wish: Wish,
    before: Wish | None,
    last: Run | None,
) -> None:
    if held.record.run is None and last is not None:
        attempts = max(last.attempt, held.record.attempts)
        held.commit(run=last, stable=last, attempts=attempts, phase=Phase.STABLE)
    settle(shop, held, wish.spec)
    decision, seen = _decide(shop, held, wish)
    if decision.action is Action.REFUSE:
        raise Refused(decision.why)
    if decision.action is Action.NOTHING:
        _note_end(shop, held, seen)
    elif decision.action is Action.WAIT:
        _wait(shop, held, wish, before)
    else:
        _replace(shop, held, ledger, wish, before, decision)


def _check_ours(record: Record, stack: str | None) -> None:
    if record.moved_to is not None:
        raise Refused(f"{record.key} was renamed to {record.moved_to}: give that key")
    if record.deleted:
        raise Refused(f"{record.key} was deleted meanwhile: run `pulumi refresh`, then `pulumi up`")
    if stack is not None and record.owner is not None and record.owner.stack != stack:
        raise Refused(
            f"{record.key} is managed by the stack {record.owner.stack} now: remove it from this "
            f"program, or take it back with adopt=True"
        )


def _decide(shop: Workshop, held: HeldRecord, wish: Wish) -> tuple[Decision, Seen]:
    run = held.record.run
    seen = observe_latest(shop, run) if run else Seen(reached=True)
    return decide(wish.spec, wish.fingerprint, held.record, seen), seen


def _active(held: HeldRecord) -> Run:
    if held.record.run is None:
        raise StepFailed(f"the ledger of {held.record.key} has no run")
    return held.record.run


def _note_end(shop: Workshop, held: HeldRecord, seen: Seen) -> None:
    if seen.state == "FINISHED" and held.record.phase is not Phase.FINISHED:
        held.note(phase=Phase.FINISHED, reason="", since=shop.clock.now())


def _replace(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    wish: Wish,
    before: Wish | None,
    decision: Decision,
) -> None:
    """Everything that can be refused comes first; then the stop, the start, and the way back."""
    spec, old = wish.spec, held.record.run
    jar_id = ensure_jar(shop.flink(spec.cluster), spec, wish.content)
    dry_run(shop, spec, jar_id)
    restore = _stop_old(shop, held, spec, decision)
    if decision.gives_up_state:
        _write_accepted_loss(shop, held, spec)
    _start_new(shop, held, wish, before, decision, restore, jar_id)
    if old is not None:
        _tidy(shop, held, ledger, wish, old)


def _tidy(shop: Workshop, held: HeldRecord, ledger: Ledger[Record], wish: Wish, old: Run) -> None:
    """Removes what only the old run needed: its jar, and its cluster where it has moved away."""
    moved = not same_cluster(old.cluster, wish.spec.cluster.to_json())
    if old.jar != wish.content or moved:
        remove_unneeded_jar(shop, held, ledger, old)
    if moved:
        leave_revision(shop, load(ClusterRef, old.cluster))


def _write_accepted_loss(shop: Workshop, held: HeldRecord, spec: SessionJobSpec) -> None:
    loss = spec.accepts_all_loss
    if loss is None:
        return
    entry = AcceptedLoss(
        operator=loss.operator, version=loss.version, reason=loss.reason, at=shop.clock.now()
    )
    held.commit(accepted=(*held.record.accepted, entry), restore=None)


def _stop_old(
    shop: Workshop, held: HeldRecord, spec: SessionJobSpec, decision: Decision
) -> RestorePoint | None:
    """Ends what runs; the point to start from (None: empty)."""
    if decision.stop is None:
        return decision.restore
    run = _active(held)
    if decision.stop is Stop.SAVEPOINT:
        taken = stop_with_savepoint(shop, held, spec, run)
        return decision.restore or taken
    if decision.stop is Stop.CANCEL or decision.restore is not None:
        cancel(shop, held, spec, run, Phase.UPGRADING)
        return decision.restore
    return cancel(shop, held, spec, run, Phase.UPGRADING, Use.REQUIRED)


def _start_new(
    shop: Workshop,
    held: HeldRecord,
    wish: Wish,
    before: Wish | None,
    decision: Decision,
    restore: RestorePoint | None,
    jar_id: str,
) -> None:
    old = held.record.run
    try:
        run = start(shop, held, wish, decision.revision, restore, jar_id, decision.forced)
        become_stable(shop, held, wish, run)
    except AnswerLost:
        raise
    except NOT_STABLE as error:
        failed = _active(held)
        if old is not None and failed == old:
            raise
        way_back(shop, held, wish, before, failed, error)


def _wait(shop: Workshop, held: HeldRecord, wish: Wish, before: Wish | None) -> None:
    """An attempt that another process has started is waited for; one that was stable may stay."""
    run, stable = _active(held), held.record.stable
    try:
        become_stable(shop, held, wish, run)
    except NOT_STABLE as error:
        if stable is not None and stable.attempt == run.attempt:
            raise StepFailed(str(error)) from error
        way_back(shop, held, wish, before, run, error)
