"""Brings a session job to where its declaration wants it, from wherever it was left."""

from dataclasses import dataclass

from flink_components.flink.errors import FlinkError
from flink_components.lifecycle.errors import AnswerLost, Refused, StepFailed, WrongState
from flink_components.lifecycle.jars import ensure_jar, remove_unneeded_jar
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.observing import observe
from flink_components.lifecycle.session_cluster import leave_revision
from flink_components.lifecycle.starting import (
    dry_run,
    start,
    submitted,
    wait_until_stable,
)
from flink_components.lifecycle.stopping import (
    cancel,
    finish_cancel,
    finish_stop,
    latest_checkpoint,
    stop_with_savepoint,
)
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.changes import fingerprint, same_cluster
from flink_components.plan.decision import Action, Decision, Seen, Stop, decide
from flink_components.plan.record import (
    AcceptedLoss,
    Failure,
    Phase,
    Record,
    RestorePoint,
    Run,
    Step,
)
from flink_components.spec.base import load
from flink_components.spec.job import SessionJobSpec, StopSpec
from flink_components.spec.ref import ClusterRef

_ARRIVAL_SECONDS = 10.0


@dataclass(frozen=True)
class Wish:
    """A declared job with what its jar contains (`flink.jar.content`)."""

    spec: SessionJobSpec
    content: str

    @property
    def fingerprint(self) -> str:
        """Names what the job runs."""
        values = {**self.spec.model_dump(mode="json"), "jar_content": self.content}
        return fingerprint(values)


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
    with ledger.lock(f"up of {spec.key}") as held:
        _check_ours(held.record, stack)
        if held.record.run is None and last is not None:
            held.commit(
                run=last, attempts=max(last.attempt, held.record.attempts), phase=Phase.STABLE
            )
        settle(shop, held, spec)
        decision, seen = _decide(shop, held, wish)
        if decision.action is Action.REFUSE:
            raise Refused(decision.why)
        if decision.action is Action.NOTHING:
            _note_end(shop, held, seen)
        elif decision.action is Action.WAIT:
            _become_stable(shop, held, wish, _active(held))
        else:
            _replace(shop, held, ledger, wish, before, decision)
        return held.record


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
    seen = observe(shop, run, settled=True) if run else Seen(reached=True)
    return decide(wish.spec, wish.fingerprint, held.record, seen), seen


def _active(held: HeldRecord) -> Run:
    if held.record.run is None:
        raise StepFailed(f"the ledger of {held.record.key} has no run")
    return held.record.run


def _note_end(shop: Workshop, held: HeldRecord, seen: Seen) -> None:
    if seen.state == "FINISHED" and held.record.phase is not Phase.FINISHED:
        held.commit(phase=Phase.FINISHED, reason="", since=shop.clock.now())


def settle(shop: Workshop, held: HeldRecord, spec: StopSpec) -> None:
    """Finishes a step that was begun and not recorded: its process died, or lost the answer."""
    step, run = held.record.open, held.record.run
    if step is None:
        return
    if run is None or run.job_id != step.job_id:
        held.commit(open=None)
        return
    shop.say(f"an earlier {step.what} of {step.job_id} was left open: looking")
    if step.what == "stop":
        finish_stop(shop, held, spec, run, step)
    elif step.what == "cancel":
        held.fence()
        finish_cancel(shop, held, spec, run)
    else:
        _settle_submit(shop, held, run, step)


def _settle_submit(shop: Workshop, held: HeldRecord, run: Run, step: Step) -> None:
    """The submission arrived, or it does not show up.

    Then the same attempt is tried again, with the same job id, which Flink takes only once.
    """
    if submitted(shop, shop.flink(run.cluster), run.job_id, _ARRIVAL_SECONDS):
        held.commit(open=None, phase=Phase.DEPLOYED)
        return
    held.commit(open=None, unsure=step, phase=Phase.FAILED, attempts=run.attempt - 1)


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
    held.commit(jar_wanted=wish.content)
    try:
        jar_id = ensure_jar(shop.flink(spec.cluster), spec, wish.content)
        dry_run(shop, spec, jar_id)
        restore = _stop_old(shop, held, spec, decision)
        if decision.gives_up_state:
            _write_accepted_loss(shop, held, spec)
        _start_new(shop, held, wish, before, decision, restore, jar_id)
    finally:
        if held.record.jar_wanted is not None:
            held.commit(jar_wanted=None)
    if old is not None:
        _tidy(shop, ledger, wish, old)


def _tidy(shop: Workshop, ledger: Ledger[Record], wish: Wish, old: Run) -> None:
    """Removes what only the old run needed: its jar, and its cluster where it has moved away."""
    moved = not same_cluster(old.cluster, wish.spec.cluster.to_json())
    if old.jar != wish.content or moved:
        remove_unneeded_jar(ledger.api, ledger.namespace, shop, old, ledger)
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
    point = cancel(shop, held, spec, run, Phase.UPGRADING)
    if decision.stop is Stop.CANCEL or decision.restore is not None:
        return decision.restore
    if point is None:
        held.commit(phase=Phase.LOST, since=shop.clock.now())
        raise StepFailed(
            f"{run.job_id} was cancelled, and Flink does not say where its latest checkpoint is: "
            f"look below the checkpoint directory for {run.job_id}, and set restore_from"
        )
    return point


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
        run = start(
            shop,
            held,
            wish.spec,
            wish.content,
            wish.fingerprint,
            decision.revision,
            restore,
            jar_id,
        )
        _become_stable(shop, held, wish, run)
    except AnswerLost:
        raise
    except (StepFailed, FlinkError) as error:
        failed = _active(held)
        if old is not None and failed.job_id == old.job_id:
            raise
        _give_up(shop, held, wish, failed, error, restore)
        if decision.stop is None or before is None or old is None:
            raise StepFailed(_left_behind(held, str(error))) from error
        _go_back(shop, held, before, old, restore, str(error))


def _become_stable(shop: Workshop, held: HeldRecord, wish: Wish, run: Run) -> None:
    state = wait_until_stable(shop, wish.spec, run)
    phase = Phase.FINISHED if state == "FINISHED" else Phase.STABLE
    by_hand = wish.spec.restore_from or held.record.restored_by_hand
    held.commit(
        phase=phase,
        reason="",
        since=shop.clock.now(),
        stable_attempt=run.attempt,
        restored_by_hand=by_hand,
    )


def _give_up(
    shop: Workshop,
    held: HeldRecord,
    wish: Wish,
    run: Run,
    error: StepFailed | FlinkError,
    restore: RestorePoint | None,
) -> None:
    """Ends an attempt that is not stable.

    One that has completed a checkpoint of its own may have committed output: there is no
    automatic way back then, and it raises StepFailed.
    """
    reason = str(error)
    failure = Failure(
        revision=run.revision,
        attempt=run.attempt,
        fingerprint=run.fingerprint,
        reason=reason[:500],
        at=shop.clock.now(),
    )
    failures = held.record.with_failure(failure)
    seen = observe(shop, run)
    wrong_state = isinstance(error, WrongState)
    if seen.active and seen.checkpoint is not None and not wrong_state:
        held.commit(open=None, phase=Phase.DEPLOYED, reason=reason, failures=failures)
        raise StepFailed(
            f"{reason}. It has completed a checkpoint of its own, so it may have committed "
            f"output: it runs on as {run.job_id}; mend it and run `pulumi up` again"
        )
    own = None
    if seen.active:
        own = cancel(shop, held, wish.spec, run, Phase.FAILED)
    elif seen.state is not None:
        own = latest_checkpoint(shop, shop.flink(run.cluster), run)
    own = None if wrong_state else own
    by_hand = wish.spec.restore_from if own else held.record.restored_by_hand
    held.commit(
        open=None,
        phase=Phase.FAILED,
        reason=reason,
        since=shop.clock.now(),
        failures=failures,
        restore=own or restore,
        restored_by_hand=by_hand,
    )
    if own is not None:
        raise StepFailed(
            f"{reason}. It had completed a checkpoint of its own, so it may have committed "
            f"output, and the old revision was not started again: mend the job and run "
            f"`pulumi up` again, which goes on from {own.path}"
        )


def _go_back(
    shop: Workshop,
    held: HeldRecord,
    before: Wish,
    old: Run,
    restore: RestorePoint | None,
    reason: str,
) -> None:
    """Runs the old revision again from the hand-over point, and says so; always raises."""
    shop.say(f"not stable ({reason}): the old revision {old.revision} runs again")
    try:
        jar_id = ensure_jar(shop.flink(before.spec.cluster), before.spec, before.content)
        run = start(
            shop,
            held,
            before.spec,
            before.content,
            old.fingerprint,
            old.revision,
            restore,
            jar_id,
        )
        wait_until_stable(shop, before.spec, run)
        held.commit(stable_attempt=run.attempt)
    except AnswerLost:
        raise
    except (Refused, StepFailed, FlinkError) as error:
        held.commit(open=None, phase=Phase.FAILED, reason=str(error), since=shop.clock.now())
        where = f"its state is in {restore.path}" if restore else "it had no state"
        raise StepFailed(
            f"{reason}. The old revision {old.revision} could not be started again either "
            f"({error}), so the job is down; {where}: `pulumi up` goes on from there"
        ) from error
    held.commit(phase=Phase.ROLLED_BACK, reason=reason, since=shop.clock.now())
    origin = f" from {restore.path}" if restore else ""
    raise StepFailed(f"{reason}. The old revision {old.revision} runs again{origin}")


def _left_behind(held: HeldRecord, reason: str) -> str:
    point = held.record.restore
    if point is None:
        return f"{reason}. The job was removed from the cluster; it had no state yet"
    return f"{reason}. The job is down; `pulumi up` goes on from {point.path}"
