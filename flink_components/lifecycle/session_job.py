"""Brings a session job to where its declaration wants it, from wherever it was left."""

from concurrent.futures import Future
from dataclasses import replace

from flink_components.lifecycle.errors import AnswerLost, Refused, StepFailed
from flink_components.lifecycle.history import noted, tidy_savepoints, write_down, writing_down
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.left_checkpoints import (
    checkpoint_directory,
    with_left_checkpoint,
)
from flink_components.lifecycle.left_jars import needed_by_others, remove_left_jars
from flink_components.lifecycle.observing import observe_latest
from flink_components.lifecycle.places import Place, SessionPlace
from flink_components.lifecycle.settling import settle
from flink_components.lifecycle.starting import become_stable, start
from flink_components.lifecycle.stopping import cancel, stop_with_savepoint
from flink_components.lifecycle.way_back import NOT_STABLE, way_back
from flink_components.lifecycle.wish import Wish
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.decision import Action, Decision, Seen, Stop
from flink_components.plan.due import decide
from flink_components.plan.record import AcceptedLoss, Phase, Record, RestorePoint, Run, Use
from flink_components.spec.job import JobSpec, UpgradeMode, WantedState

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
    place = SessionPlace(shop, ledger, wish, before)
    if spec.state is WantedState.RUNNING and (not before or before.fingerprint != wish.fingerprint):
        place.begin()
    with ledger.lock(f"up of {spec.key}", changes={"jar_wanted": wish.content}) as held:
        return ensure_held(shop, held, ledger, place, last, stack)


def ensure_held(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    place: Place,
    last: Run | None = None,
    stack: str | None = None,
) -> Record:
    """The same under a lock that is held, for a job of any kind.

    That of a session job says by then which jar is wanted.
    """
    try:
        check_ours(held.record, stack)
        _bring(shop, held, ledger, place, last)
    finally:
        place.tidy(held)
        write_down(shop, held, ledger, place.wish.spec.state_access)
    tidy_savepoints(shop, held, ledger, place.wish.spec)
    return held.record


def _bring(
    shop: Workshop, held: HeldRecord, ledger: Ledger[Record], place: Place, last: Run | None
) -> None:
    wish = place.wish
    if held.record.run is None and last is not None:
        known = held.record.remembering(last)
        held.commit(run=known.run, stable=known.stable, attempts=known.attempts, phase=known.phase)
    settle(shop, held, wish.spec)
    place.take_over(held)
    if wish.by_hand is None:
        _note_declaration(held, wish.spec)
    decision, seen = _decide(shop, held, wish.spec, place)
    if decision.action is Action.RESCALE:
        if place.rescale(held, decision):
            return
        seen = replace(seen, rescalable=False)
        decision = wish.numbered(decide(wish.spec, wish.fingerprint, held.record, seen))
    if decision.action is Action.REFUSE:
        raise Refused(decision.why)
    if decision.action is Action.NOTHING:
        _note_end(shop, held, wish.spec, decision, seen)
    elif decision.action is Action.WAIT:
        _wait(shop, held, place)
    elif decision.action is Action.STOP:
        _stand_down(shop, held, place, decision)
    else:
        place.judge(held, decision, seen)
        _replace(shop, held, ledger, place, decision)
        return
    place.stays(held)


def _note_declaration(held: HeldRecord, spec: JobSpec) -> None:
    """A wish that was taken back counts again when it comes back; a stop by hand goes where it
    is declared to go.
    """
    run = held.record.run
    if spec.restore_from is None and held.record.restored_by_hand is not None:
        held.note(restored_by_hand=None)
    if run is None:
        return
    declared = {
        "restart": run.restart if spec.restart else None,
        "asked_from": run.asked_from if spec.restore_from else None,
        "savepoint_dir": spec.savepoint_dir,
        "savepoint_format": spec.savepoint_format.value,
    }
    noted_run = run.model_copy(update=declared)
    if noted_run != run:
        held.note(run=noted_run)


def check_ours(record: Record, stack: str | None = None) -> None:
    """Refuses a key that was renamed or deleted, or that another stack manages."""
    if record.moved_to is not None:
        raise Refused(f"{record.key} was renamed to {record.moved_to}: give that key")
    if record.deleted:
        raise Refused(f"{record.key} was deleted meanwhile: run `pulumi refresh`, then `pulumi up`")
    if stack is not None and record.owner is not None and record.owner.stack != stack:
        raise Refused(
            f"{record.key} is managed by the stack {record.owner.stack} now: remove it from this "
            f"program, or take it back with adopt=True"
        )


def _decide(
    shop: Workshop, held: HeldRecord, spec: JobSpec, place: Place, falls_back: bool = False
) -> tuple[Decision, Seen]:
    """What a person asks for now counts, though it was done before; not while that still runs.

    `falls_back`: a stop of this very call has failed.
    """
    wish, run = place.wish, held.record.run
    seen = observe_latest(shop, run) if run else Seen(reached=True)
    if run is not None:
        _note_checkpoints(held, run, seen)
        seen = with_left_checkpoint(shop, spec, held.record, place.fenced(held, seen))
    if not falls_back:
        seen = place.with_scaling(held, seen)
    asked_again = wish.by_hand is not None and not falls_back and not seen.active
    record = held.record.as_never_asked() if asked_again else held.record
    decision = wish.numbered(decide(spec, wish.fingerprint, record, seen))
    return place.reconsidered(held, decision, seen), seen


def _note_checkpoints(held: HeldRecord, run: Run, seen: Seen) -> None:
    """Where its checkpoints are: the JobManager that can say so may be lost later."""
    directory = checkpoint_directory(run, seen)
    if directory not in (None, held.record.checkpoints):
        held.note(checkpoints=directory)


def _active(held: HeldRecord) -> Run:
    if held.record.run is None:
        raise StepFailed(f"the ledger of {held.record.key} has no run")
    return held.record.run


def _note_end(
    shop: Workshop, held: HeldRecord, spec: JobSpec, decision: Decision, seen: Seen
) -> None:
    """Records that the job is down, and what is left of it."""
    phase = decision.phase or (Phase.FINISHED if seen.state == "FINISHED" else held.record.phase)
    found = decision.restore if decision.restore != held.record.restore else None
    if phase is held.record.phase and found is None:
        return
    reason = decision.why if phase is Phase.LOST else ""
    changes = noted(held, spec, found, _active(held), None, decision.why) if found else {}
    run = held.record.run
    if run is not None and not run.guarded and phase in (Phase.SUSPENDED, Phase.CANCELLED):
        # one that has failed to start still has its jar there
        changes["jars_left"] = held.record.leaving(run.jar, run.cluster)
    held.note(phase=phase, reason=reason, since=shop.clock.now(), **changes)


def _stand_down(shop: Workshop, held: HeldRecord, place: Place, decision: Decision) -> None:
    """Ends the job, and leaves it down; its jar is uploaded again when it resumes."""
    run = _active(held)
    decision, restore = _stop_old(shop, held, place, decision)
    if decision.gives_up_state:
        _write_accepted_loss(shop, held, place.wish.spec)
    lost = held.record.phase is Phase.LOST
    known = held.record.jars_left
    left = known if run.guarded else held.record.leaving(run.jar, run.cluster)
    held.note(
        phase=Phase.LOST if lost else decision.phase,
        reason="",
        since=shop.clock.now(),
        restore=restore or held.record.restore,
        jars_left=left,
    )


def _replace(
    shop: Workshop, held: HeldRecord, ledger: Ledger[Record], place: Place, decision: Decision
) -> None:
    """Everything that can be refused comes first; then the stop, the start, and the way back."""
    old, stable = held.record.run, held.record.stable
    before = place.before(held)
    with place.keeping(held, decision.revision):
        place.prepare(held)
        decision, restore = _stop_old(shop, held, place, decision)
    place.stopped()
    if decision.gives_up_state:
        _write_accepted_loss(shop, held, place.wish.spec)
    others = _start_new(shop, held, ledger, place, before, decision, restore)
    remove_left_jars(shop, held, ledger, others=others)
    place.arrived(held, old, stable)


def _write_accepted_loss(shop: Workshop, held: HeldRecord, spec: JobSpec) -> None:
    loss = spec.accepts_all_loss
    if loss is None:
        return
    entry = AcceptedLoss(
        operator=loss.operator, version=loss.version, reason=loss.reason, at=shop.clock.now()
    )
    held.commit(accepted=(*held.record.accepted, entry), restore=None)


def _stop_old(
    shop: Workshop, held: HeldRecord, place: Place, decision: Decision
) -> tuple[Decision, RestorePoint | None]:
    """Ends what runs: the decision as it was carried out, and the point to start from."""
    if decision.stop is None:
        return decision, decision.restore
    spec, run = place.wish.spec, _active(held)
    if decision.stop is Stop.SAVEPOINT:
        try:
            taken = stop_with_savepoint(shop, held, spec, run, _why(decision))
        except StepFailed as error:
            decision = _fall_back(shop, held, place, error)
            return _stop_old(shop, held, place, decision)
        return decision, decision.restore or taken
    if decision.stop is Stop.CANCEL or decision.restore is not None:
        cancel(shop, held, spec, run, Phase.UPGRADING, why=_why(decision))
        return decision, decision.restore
    point = cancel(shop, held, spec, run, Phase.UPGRADING, Use.REQUIRED, _why(decision))
    return decision, point


def _why(decision: Decision) -> str:
    """Why a job is stopped, for its history."""
    if decision.action is Action.STOP and decision.phase is not None:
        return decision.phase.value.lower()
    return f"before revision {decision.revision}"


def _fall_back(shop: Workshop, held: HeldRecord, place: Place, error: StepFailed) -> Decision:
    """What is due from the last state, where a savepoint failed for good and that was allowed.

    A stop that may still complete is no failure for good: its savepoint would be a second truth.
    """
    spec = place.wish.spec
    if spec.fallback is None or held.record.open is not None:
        raise error
    last_state = spec.model_copy(update={"upgrade_mode": UpgradeMode.LAST_STATE, "fallback": None})
    decision, _ = _decide(shop, held, last_state, place, falls_back=True)
    if decision.stop is not Stop.LAST_STATE and decision.restore is None:
        why = f"; and its last state can't serve: {decision.why}" if decision.why else ""
        raise StepFailed(f"{error}{why}") from error
    shop.say(f"{error}: going on from its last state, as fallback says")
    return decision


def _start_new(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    place: Place,
    before: Place | None,
    decision: Decision,
    restore: RestorePoint | None,
) -> Future[set[str]] | None:
    """Starts it, or takes it back; where a jar is left, those that other jobs need are asked for
    while it deploys.
    """
    old = held.record.run
    try:
        run = start(shop, held, place, decision.revision, restore, decision.forced)
        left = bool(held.record.jars_left)
        others = shop.beside(lambda: needed_by_others(ledger)) if left else None
        with writing_down(shop, held, ledger, place.wish.spec.state_access):
            become_stable(shop, held, place, run)
    except AnswerLost:
        raise
    except NOT_STABLE as error:
        failed = _active(held)
        if old is not None and failed == old:
            raise
        way_back(shop, held, place, before, failed, error)
    return others


def _wait(shop: Workshop, held: HeldRecord, place: Place) -> None:
    """An attempt that another process has started is waited for; one that was stable may stay."""
    run, stable, before = _active(held), held.record.stable, place.before(held)
    try:
        become_stable(shop, held, place, run)
    except NOT_STABLE as error:
        if stable is not None and stable.attempt == run.attempt:
            raise StepFailed(str(error)) from error
        way_back(shop, held, place, before, run, error)
