"""What a person does to a job without its program: the same steps, under the same lock."""

from dataclasses import dataclass
from datetime import datetime

from flink_components.kube.api import Json, NotFound
from flink_components.lifecycle.errors import LifecycleError, Locked, Refused
from flink_components.lifecycle.guards import with_guards
from flink_components.lifecycle.history import write_down
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.observing import observe, observe_latest
from flink_components.lifecycle.revisions import rest
from flink_components.lifecycle.savepoints import take_savepoint
from flink_components.lifecycle.settling import settle
from flink_components.lifecycle.stopping import stop_with_savepoint
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Phase, Record, RestorePoint, Run
from flink_components.spec.base import load
from flink_components.spec.job import SavepointFormat, StopSpec
from flink_components.spec.ref import ClusterRef


@dataclass(frozen=True)
class Lock:
    """Who holds the lock of a key, since when, and how many seconds ago it was renewed."""

    holder: str
    since: str
    age: float


def lock_of(ledger: Ledger[Record]) -> Lock | None:
    """The lock of a key, or None where nobody holds it. Raises LifecycleError without a ledger."""
    spec = _lease(ledger)["spec"]
    holder = spec.get("holderIdentity")
    if not holder:
        return None
    renewed = datetime.fromisoformat(spec["renewTime"].replace("Z", "+00:00"))
    age = ledger.clock.now() - renewed.timestamp()
    return Lock(holder.partition(" ")[2], str(spec.get("acquireTime", "")), max(age, 0.0))


def unlock(ledger: Ledger[Record], force: bool = False) -> Lock | None:
    """Takes the lock from its holder, who fails at the next call; None where nobody held it.

    Raises Locked where the holder is alive and `force` is not set.
    """
    lease, lock = _lease(ledger), lock_of(ledger)
    if lock is None:
        return None
    if lock.age <= ledger.lease_seconds and not force:
        raise Locked(
            f"{ledger.key} is locked by {lock.holder}, which is alive (renewed {lock.age:.0f} s "
            f"ago): end that first, or take the lock from it with --force"
        )
    lease["spec"] = {"holderIdentity": "", "leaseDurationSeconds": ledger.lease_seconds}
    ledger.api.replace("Lease", ledger.namespace, ledger.name, lease)
    return lock


def savepoint_by_hand(shop: Workshop, ledger: Ledger[Record], name: str | None) -> RestorePoint:
    """Takes a savepoint while the job runs on. Raises Refused, StepFailed."""
    with ledger.lock(f"savepoint of {ledger.key} by hand") as held:
        run = run_of(held)
        spec = stop_spec(held.record, run, ledger)
        settle(shop, held, spec)
        try:
            return take_savepoint(shop, held, spec, "by hand", name)
        finally:
            write_down(shop, held, ledger)


def suspend_by_hand(shop: Workshop, ledger: Ledger[Record]) -> RestorePoint:
    """Stops the job with a savepoint; the next `up` of its program starts it from there.

    Repeatable: what a process that died has begun is finished.
    Raises Refused where it does not run, StepFailed with Flink's cause.
    """
    return with_guards(shop, ledger, lambda: _suspend(shop, ledger))


def _suspend(shop: Workshop, ledger: Ledger[Record]) -> RestorePoint:
    with ledger.lock(f"suspend of {ledger.key} by hand") as held:
        run = run_of(held)
        spec = stop_spec(held.record, run, ledger)
        settle(shop, held, spec)
        try:
            point = _stopped_before(held) or _stop(shop, held, spec, run)
            held.commit(phase=Phase.SUSPENDED, reason="by hand", since=shop.clock.now())
            if run.guarded:
                rest(held, ledger.api, load(ClusterRef, run.cluster))
            return point
        finally:
            write_down(shop, held, ledger)


def _stopped_before(held: HeldRecord) -> RestorePoint | None:
    """The restore point of a job that a stop of ours has ended, and nothing has started since."""
    stopped = held.record.phase in (Phase.UPGRADING, Phase.SUSPENDED)
    return held.record.restore if stopped else None


def _stop(shop: Workshop, held: HeldRecord, spec: StopSpec, run: Run) -> RestorePoint:
    seen = observe_latest(shop, run) if run.guarded else observe(shop, run)
    if seen.state != "RUNNING":
        state = seen.state or seen.problem or "not known to its JobManager"
        raise Refused(f"{held.record.key} is {state}, so it can't be stopped with a savepoint")
    return stop_with_savepoint(shop, held, spec, run, "suspended by hand")


def stop_spec(record: Record, run: Run, ledger: Ledger[Record]) -> StopSpec:
    """How a job is stopped, as its ledger knows it. Raises Refused where it has no place to."""
    if run.savepoint_dir is None:
        raise Refused(
            f"{record.key} has no savepoint_dir: set it in its program, and run `pulumi up`"
        )
    return StopSpec(
        key=record.key,
        namespace=ledger.namespace,
        savepoint_dir=run.savepoint_dir,
        savepoint_format=SavepointFormat(run.savepoint_format),
    )


def run_of(held: HeldRecord) -> Run:
    """What runs, or ran last. Raises Refused where nothing ever did."""
    if held.record.run is None:
        raise Refused(f"{held.record.key} has never run: start it by `pulumi up`")
    return held.record.run


def _lease(ledger: Ledger[Record]) -> Json:
    try:
        return ledger.api.get("Lease", ledger.namespace, ledger.name)
    except NotFound as error:
        raise LifecycleError(
            f"there is no job {ledger.key} in namespace {ledger.namespace}: "
            f"`flink-components jobs --namespace {ledger.namespace}` lists those that there are"
        ) from error
