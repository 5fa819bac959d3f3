"""Brings a session job to where its declaration wants it, from wherever it was left."""

from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from flink_components.lifecycle.adopting import adopt
from flink_components.lifecycle.errors import AnswerLost, Refused, StepFailed
from flink_components.lifecycle.history import noted, tidy_savepoints, write_down, writing_down
from flink_components.lifecycle.kept import way_back_to
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.left_checkpoints import (
    checkpoint_directory,
    with_left_checkpoint,
)
from flink_components.lifecycle.left_jars import needed_by_others, needs_jar, remove_left_jars
from flink_components.lifecycle.observing import observe_latest, with_scaling
from flink_components.lifecycle.programs import keep, keeping
from flink_components.lifecycle.rehearsal import Rehearsal
from flink_components.lifecycle.rescaling import rescale
from flink_components.lifecycle.session_cluster import leave_revision
from flink_components.lifecycle.settling import settle
from flink_components.lifecycle.starting import become_stable, start
from flink_components.lifecycle.stopping import cancel, stop_with_savepoint
from flink_components.lifecycle.way_back import NOT_STABLE, way_back
from flink_components.lifecycle.wish import Wish
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.changes import same_cluster
from flink_components.plan.decision import Action, Decision, Seen, Stop
from flink_components.plan.due import decide
from flink_components.plan.record import AcceptedLoss, Phase, Record, RestorePoint, Run, Use
from flink_components.spec.base import load
from flink_components.spec.job import SessionJobSpec, UpgradeMode, WantedState
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
    rehearsal = Rehearsal(shop, wish)
    if spec.state is WantedState.RUNNING and (not before or before.fingerprint != wish.fingerprint):
        rehearsal.begin()
    with ledger.lock(f"up of {spec.key}", changes={"jar_wanted": wish.content}) as held:
        return ensure_held(shop, held, ledger, wish, before, last, stack, rehearsal)


def ensure_held(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    wish: Wish,
    before: Wish | None = None,
    last: Run | None = None,
    stack: str | None = None,
    rehearsal: Rehearsal | None = None,
) -> Record:
    """The same under a lock that is held, and whose record says which jar is wanted."""
    try:
        check_ours(held.record, stack)
        _bring(shop, held, ledger, wish, before, last, rehearsal or Rehearsal(shop, wish))
    finally:
        _leave_unused_jar(held, wish)
        remove_left_jars(shop, held, ledger)
        write_down(shop, held, ledger)
    tidy_savepoints(shop, held, ledger, wish.spec)
    return held.record


def _leave_unused_jar(held: HeldRecord, wish: Wish) -> None:
    """A jar that was uploaded for a start that was refused is needed by nobody."""
    held.note(jar_wanted=None)
    run, cluster = held.record.run, wish.spec.cluster.to_json()
    if run is not None and not needs_jar(run, wish.content, cluster):
        held.note(jars_left=held.record.leaving(wish.content, cluster))


def _bring(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    wish: Wish,
    before: Wish | None,
    last: Run | None,
    rehearsal: Rehearsal,
) -> None:
    if held.record.run is None and last is not None:
        known = held.record.remembering(last)
        held.commit(run=known.run, stable=known.stable, attempts=known.attempts, phase=known.phase)
    settle(shop, held, wish.spec)
    adopt(shop, held, ledger, wish)
    if wish.by_hand is None:
        _note_declaration(held, wish.spec)
    decision, seen = _decide(shop, held, wish.spec, wish.fingerprint, wish)
    if decision.action is Action.RESCALE:
        if rescale(shop, held, wish, decision.revision, rehearsal):
            return
        seen = replace(seen, rescalable=False)
        decision = decide(wish.spec, wish.fingerprint, held.record, seen)
    if decision.action is Action.REFUSE:
        raise Refused(decision.why)
    if decision.action is Action.NOTHING:
        _note_end(shop, held, wish.spec, decision, seen)
    elif decision.action is Action.WAIT:
        _wait(shop, held, wish, way_back_to(ledger, held.record, before))
    elif decision.action is Action.STOP:
        _stand_down(shop, held, ledger, wish.spec, decision)
    else:
        _replace(shop, held, ledger, wish, before, decision, rehearsal)
        return
    run = held.record.run
    if run is not None and run.fingerprint == wish.fingerprint:
        keep(shop, ledger, wish, run.revision, held.record)


def _note_declaration(held: HeldRecord, spec: SessionJobSpec) -> None:
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
    shop: Workshop,
    held: HeldRecord,
    spec: SessionJobSpec,
    fingerprint: str,
    wish: Wish | None = None,
) -> tuple[Decision, Seen]:
    """What a person asks for now counts, though it was done before; not while that still runs."""
    record, run = held.record, held.record.run
    seen = observe_latest(shop, run) if run else Seen(reached=True)
    if run is not None:
        _note_checkpoints(held, run, seen)
        seen = with_left_checkpoint(shop, spec, record, seen)
    if run and wish and wish.only_scales(run):
        seen = with_scaling(shop, run, seen)
    if wish and wish.by_hand is not None and not seen.active:
        record = record.as_never_asked()
    return decide(spec, fingerprint, record, seen), seen


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
    shop: Workshop, held: HeldRecord, spec: SessionJobSpec, decision: Decision, seen: Seen
) -> None:
    """Records that the job is down, and what is left of it."""
    phase = decision.phase or (Phase.FINISHED if seen.state == "FINISHED" else held.record.phase)
    found = decision.restore if decision.restore != held.record.restore else None
    if phase is held.record.phase and found is None:
        return
    reason = decision.why if phase is Phase.LOST else ""
    changes = noted(held, spec, found, _active(held), None, decision.why) if found else {}
    held.note(phase=phase, reason=reason, since=shop.clock.now(), **changes)


def _stand_down(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    spec: SessionJobSpec,
    decision: Decision,
) -> None:
    """Ends the job, and leaves it down; its jar is uploaded again when it resumes."""
    run = _active(held)
    decision, restore = _stop_old(shop, held, spec, run.fingerprint, decision)
    if decision.gives_up_state:
        _write_accepted_loss(shop, held, spec)
    lost = held.record.phase is Phase.LOST
    held.note(
        phase=Phase.LOST if lost else decision.phase,
        reason="",
        since=shop.clock.now(),
        restore=restore or held.record.restore,
        jars_left=held.record.leaving(run.jar, run.cluster),
    )


def _replace(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    wish: Wish,
    before: Wish | None,
    decision: Decision,
    rehearsal: Rehearsal,
) -> None:
    """Everything that can be refused comes first; then the stop, the start, and the way back."""
    spec, old, stable = wish.spec, held.record.run, held.record.stable
    before = way_back_to(ledger, held.record, before)
    with keeping(shop, ledger, wish, decision.revision, held.record):
        jar_id = rehearsal.result().jar_id
        decision, restore = _stop_old(shop, held, spec, wish.fingerprint, decision)
    if decision.gives_up_state:
        _write_accepted_loss(shop, held, spec)
    others = _start_new(shop, held, ledger, wish, before, decision, restore, jar_id)
    remove_left_jars(shop, held, ledger, others=others)
    _leave_clusters(shop, held, wish, old, stable)


def _leave_clusters(shop: Workshop, held: HeldRecord, wish: Wish, *earlier: Run | None) -> None:
    """Removes clusters that only earlier runs of it needed, where it has moved away."""
    left: list[dict[str, Any]] = [wish.spec.cluster.to_json()]
    for run in filter(None, earlier):
        if not any(same_cluster(run.cluster, other) for other in left):
            left.append(run.cluster)
            held.commit()  # what stands in the ledger until now would keep the revision
            leave_revision(shop, load(ClusterRef, run.cluster))


def _write_accepted_loss(shop: Workshop, held: HeldRecord, spec: SessionJobSpec) -> None:
    loss = spec.accepts_all_loss
    if loss is None:
        return
    entry = AcceptedLoss(
        operator=loss.operator, version=loss.version, reason=loss.reason, at=shop.clock.now()
    )
    held.commit(accepted=(*held.record.accepted, entry), restore=None)


def _stop_old(
    shop: Workshop, held: HeldRecord, spec: SessionJobSpec, fingerprint: str, decision: Decision
) -> tuple[Decision, RestorePoint | None]:
    """Ends what runs: the decision as it was carried out, and the point to start from."""
    if decision.stop is None:
        return decision, decision.restore
    run = _active(held)
    if decision.stop is Stop.SAVEPOINT:
        try:
            taken = stop_with_savepoint(shop, held, spec, run, _why(decision))
        except StepFailed as error:
            decision = _fall_back(shop, held, spec, fingerprint, error)
            return _stop_old(shop, held, spec, fingerprint, decision)
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


def _fall_back(
    shop: Workshop, held: HeldRecord, spec: SessionJobSpec, fingerprint: str, error: StepFailed
) -> Decision:
    """What is due from the last state, where a savepoint failed for good and that was allowed.

    A stop that may still complete is no failure for good: its savepoint would be a second truth.
    """
    if spec.fallback is None or held.record.open is not None:
        raise error
    last_state = spec.model_copy(update={"upgrade_mode": UpgradeMode.LAST_STATE, "fallback": None})
    decision, _ = _decide(shop, held, last_state, fingerprint)
    if decision.stop is not Stop.LAST_STATE and decision.restore is None:
        why = f"; and its last state can't serve: {decision.why}" if decision.why else ""
        raise StepFailed(f"{error}{why}") from error
    shop.say(f"{error}: going on from its last state, as fallback says")
    return decision


def _start_new(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    wish: Wish,
    before: Wish | None,
    decision: Decision,
    restore: RestorePoint | None,
    jar_id: str,
) -> Future[set[str]] | None:
    """Starts it, or takes it back; where a jar is left, those that other jobs need are asked for
    while it deploys.
    """
    old = held.record.run
    try:
        run = start(shop, held, wish, decision.revision, restore, jar_id, decision.forced)
        left = bool(held.record.jars_left)
        others = shop.beside(lambda: needed_by_others(ledger)) if left else None
        with writing_down(shop, held, ledger):
            become_stable(shop, held, wish, run)
    except AnswerLost:
        raise
    except NOT_STABLE as error:
        failed = _active(held)
        if old is not None and failed == old:
            raise
        way_back(shop, held, wish, before, failed, error)
    return others


def _wait(shop: Workshop, held: HeldRecord, wish: Wish, before: Wish | None) -> None:
    """An attempt that another process has started is waited for; one that was stable may stay."""
    run, stable = _active(held), held.record.stable
    try:
        become_stable(shop, held, wish, run)
    except NOT_STABLE as error:
        if stable is not None and stable.attempt == run.attempt:
            raise StepFailed(str(error)) from error
        way_back(shop, held, wish, before, run, error)
