"""The beginning and the end of a key: creates its ledger, and ends what runs on a delete."""

from contextlib import suppress
from dataclasses import replace

from flink_components.kube.api import KubeError, NotFound
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.guards import with_guards
from flink_components.lifecycle.history import write_down
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.left_jars import remove_left_jars
from flink_components.lifecycle.observing import observe, observe_latest
from flink_components.lifecycle.programs import remove_programs, shelf_of
from flink_components.lifecycle.revisions import put_down, remove_all
from flink_components.lifecycle.settling import settle
from flink_components.lifecycle.starting import arrives_late
from flink_components.lifecycle.stopping import cancel, stop_with_savepoint
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import RUNS, Owner, Phase, Record
from flink_components.spec.base import load
from flink_components.spec.job import OnDelete, StopSpec
from flink_components.spec.ref import ClusterRef


def anchor(
    ledger: Ledger[Record], owner: Owner, adopt: bool = False, previous_key: str | None = None
) -> Record:
    """Creates the ledger, or takes over the one that is there.

    Raises Refused where another stack owns the key and `adopt` is not set.
    """
    if previous_key is not None and previous_key != ledger.key and ledger.read() is None:
        _move(ledger, previous_key, owner, adopt)
    new = Record(key=ledger.key, owner=owner)
    if ledger.create(new):
        return new
    with ledger.lock(f"up of {ledger.key}") as held:
        check_owner(held.record, owner, adopt)
        if held.record.owner != owner or held.record.deleted:
            held.commit(owner=owner, deleted=False)
        return held.record


def check_owner(record: Record, owner: Owner, adopt: bool) -> None:
    """Refuses a key that another stack manages."""
    if adopt or record.owner is None or record.deleted or record.owner.stack == owner.stack:
        return
    raise Refused(
        f"the job {record.key} is managed by the stack {record.owner.stack}: choose another key, "
        f"or take it over with adopt=True and remove it from that stack's program"
    )


def _move(ledger: Ledger[Record], previous_key: str, owner: Owner, adopt: bool) -> None:
    """Gives the record of `previous_key` to the new key; the old ledger says where it went."""
    old = replace(ledger, key=previous_key)
    record = old.read()
    if record is not None and record.of_an_application:
        raise Refused(
            f"{previous_key} is an application, whose pods look for the ledger of that key: keep "
            f"the key, or suspend it and set restore_from of the new one to where it has stopped"
        )
    if record is None:
        raise Refused(
            f"previous_key {previous_key} has no ledger in namespace {ledger.namespace}: "
            f"mend it, or leave it out for a new job"
        )
    with old.lock(f"rename to {ledger.key}") as held:
        check_owner(held.record, owner, adopt)
        if held.record.moved_to not in (None, ledger.key):
            raise Refused(f"{previous_key} was renamed to {held.record.moved_to} before")
        held.commit(moved_to=ledger.key)
        # The next `up` keeps the program that runs under the new key.
        with suppress(KubeError):
            shelf_of(old).remove()
        ledger.create(held.record.model_copy(update={"key": ledger.key, "moved_to": None}))
        held.commit(run=None, open=None)


def release(shop: Workshop, ledger: Ledger[Record], owner: Owner, spec: StopSpec) -> str:
    """What a delete does: `on_delete` on what really runs. In words what was done.

    A key that belongs to another owner by now, or has no ledger, is left alone. The objects of an
    application go with its job.
    """
    if ledger.read() is None:
        return "its ledger is not there, and nothing of it runs"
    return with_guards(shop, ledger, lambda: _release(shop, ledger, owner, spec))


def _release(shop: Workshop, ledger: Ledger[Record], owner: Owner, spec: StopSpec) -> str:
    try:
        with ledger.lock(f"destroy of {ledger.key}") as held:
            record = held.record
            if record.owner != owner or record.moved_to is not None or record.deleted:
                return "the key belongs to another resource now: nothing was done"
            settle(shop, held, spec)
            arrives_late(shop, held)
            done = _end(shop, held, ledger, spec)
            write_down(shop, held, ledger, spec.state_access)
            remove_programs(shop, ledger)
            run = held.record.run
            if held.record.of_an_application and spec.delete_action is not OnDelete.KEEP:
                remove_all(shop, held, ledger)
            elif run is not None and not run.guarded:
                held.note(jars_left=held.record.leaving(run.jar, run.cluster))
            remove_left_jars(shop, held, ledger, for_good=True)
            held.commit(deleted=True, owner=None if spec.delete_action is OnDelete.KEEP else owner)
            return done
    except NotFound:
        return "its namespace is gone: nothing was done"


def _end(shop: Workshop, held: HeldRecord, ledger: Ledger[Record], spec: StopSpec) -> str:
    run = held.record.run
    if run is None:
        return "nothing ran"
    if spec.delete_action is OnDelete.KEEP:
        return f"{run.job_id} runs on, as on_delete says"
    seen = observe_latest(shop, run) if run.guarded else observe(shop, run)
    if run.guarded and not seen.reached and _may_be_given_up(held.record, spec):
        held.commit(open=None, phase=Phase.CANCELLED, since=shop.clock.now())
        put_down(shop, held, ledger.api, load(ClusterRef, run.cluster))
        return "its pods were taken away, since Flink did not answer"
    if not seen.reached:
        raise StepFailed(
            f"the cluster of {held.record.key} can't be reached, so its job can't be stopped: "
            f"{seen.problem}"
        )
    if not seen.active:
        if held.record.phase in (Phase.STABLE, Phase.DEPLOYED, Phase.ROLLED_BACK):
            phase = Phase.FINISHED if seen.state == "FINISHED" else Phase.LOST
            held.commit(phase=phase, since=shop.clock.now())
        elif held.record.phase is Phase.UPGRADING:
            # a stop of ours, whose process died before it said so
            held.commit(phase=Phase.SUSPENDED, since=shop.clock.now())
        return "nothing ran any more"
    if spec.delete_action is OnDelete.SAVEPOINT and not run.stateless:
        try:
            point = stop_with_savepoint(shop, held, spec, run, "deleted")
        except StepFailed as error:
            raise StepFailed(
                f'{error}; mend it, or give up the savepoint with on_delete="cancel" '
                f"(`pulumi up`, then `pulumi destroy`)"
            ) from error
        held.commit(phase=Phase.SUSPENDED, since=shop.clock.now())
        return f"stopped with the savepoint {point.path}"
    cancel(shop, held, spec, run, Phase.CANCELLED, why="deleted")
    return "cancelled"


def _may_be_given_up(record: Record, spec: StopSpec) -> bool:
    """What it did since its restore point is not asked for, or it is not to run anyway."""
    return spec.delete_action is OnDelete.CANCEL or record.phase not in RUNS
