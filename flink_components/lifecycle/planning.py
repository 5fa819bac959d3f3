"""Looks, without a lock and without changing anything, at what a change would do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flink_components.flink.errors import FlinkError
from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.adopting import to_adopt
from flink_components.lifecycle.describing import describe
from flink_components.lifecycle.errors import LifecycleError, Refused
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.left_checkpoints import with_left_checkpoint
from flink_components.lifecycle.observing import observe, observe_recorded, with_scaling
from flink_components.lifecycle.room import PodsOf, with_room
from flink_components.lifecycle.wish import ApplicationWish, JobWish, Wish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.changes import Change, changes, of_application, plain
from flink_components.plan.decision import Action, Decision, Seen
from flink_components.plan.due import decide
from flink_components.plan.origins import restore_point
from flink_components.plan.outcome import Does
from flink_components.plan.plan import Plan
from flink_components.plan.record import Adopted, Record, Run, Use
from flink_components.spec.base import SpecError, load
from flink_components.spec.job import JobSpec, SessionJobSpec, UpgradeMode


def plan(
    shop: Workshop,
    wish: Wish,
    before: Mapping[str, Any] | None,
    previous_key: str | None = None,
    last: Run | None = None,
) -> Plan:
    """What `up` will do with the job. `before` are its inputs so far, None for a new one.

    `last` is what ran when Pulumi's state was written, for a ledger that someone deleted.
    A cluster that can't be reached makes the plan say what it can't say; it is not an error.
    """
    after = {**wish.spec.model_dump(mode="json"), "jar_content": wish.content}
    changed = changes(_complete(before), after) if before is not None else ()
    return _planned(shop, wish, changed, before, previous_key, last)


def plan_application(
    shop: Workshop,
    wish: ApplicationWish,
    declared: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    last: Run | None = None,
    pods_of: PodsOf | None = None,
) -> Plan:
    """What `up` will do with an application; as `plan`.

    `declared` is all that is declared of it, `before` the same so far, None for a new one.
    `pods_of`: what its pods need, where a new revision of them is made.
    """
    changed = changes(before, declared, of_application) if before is not None else ()
    return _planned(shop, wish, changed, before, None, last, pods_of)


def _planned(
    shop: Workshop,
    wish: Wish | ApplicationWish,
    changed: tuple[Change, ...],
    before: Mapping[str, Any] | None,
    previous_key: str | None,
    last: Run | None,
    pods_of: PodsOf | None = None,
) -> Plan:
    spec, new = wish.spec, before is None
    nothing = Plan(spec.key, None, None, "", changed)
    try:
        ledger = shop.ledger(spec.cluster.connection, spec.namespace, spec.key)
        record = ledger.read() or _record_before(ledger, previous_key)
    except (KubeError, AccessError) as error:
        return _unknown(wish, changed, new, f"the ledger can't be read: {error}")
    except LifecycleError as error:
        return nothing.refusing(str(error))
    deleted = last is not None and (record is None or record.run is None)
    if last is not None:
        record = (record or Record(key=spec.key)).remembering(last)
    record = record.foreseen() if record else None
    try:
        adopting = to_adopt(shop, ledger, wish, record) if isinstance(wish, Wish) else None
    except Refused as error:
        return nothing.refusing(str(error))
    except (FlinkError, KubeError, AccessError) as error:
        return _unknown(wish, changed, new, f"Flink can't be asked: {error}")
    record = adopting or record
    seen = observe_recorded(shop, record) if record and record.run else Seen(reached=True)
    seen = _with_first_checkpoint(shop, spec, record, seen)
    seen = with_left_checkpoint(shop, spec, record, seen)
    if not seen.reached:
        return _unknown(wish, changed, new, f"Flink can't be asked: {seen.problem}")
    if isinstance(wish, Wish) and record and record.run and wish.only_scales(record.run):
        seen = with_scaling(shop, record.run, seen)
    decision = wish.numbered(decide(spec, wish.fingerprint, record, seen))
    decision = _with_open_step(wish, record, seen, decision)
    found = describe(wish, changed, record, seen, decision, before)
    found = _with_state(shop, wish, record, seen, decision, found)
    if isinstance(wish, ApplicationWish) and pods_of is not None:
        found = with_room(ledger.api, wish, decision, pods_of, found)
    if adopting is not None and adopting.adopted is not None:
        found = _with_adoption(found, adopting.adopted)
    if deleted:
        found = replace(found, unfinished="its ledger, which someone deleted, is made again")
    renamed = record is not None and record.key != spec.key
    return replace(found, why=found.why or f"it was {previous_key} so far") if renamed else found


def _with_first_checkpoint(
    shop: Workshop, spec: JobSpec, record: Record | None, seen: Seen
) -> Seen:
    """Where it matters: the first one may be younger than what Flink answers from its cache."""
    from_a_checkpoint = spec.upgrade_mode is UpgradeMode.LAST_STATE or spec.fallback is not None
    run = record.run if record else None
    if run is None or not seen.active or seen.completed or not from_a_checkpoint:
        return seen
    return observe(shop, run, fresh=True)


def _with_open_step(
    wish: JobWish, record: Record | None, seen: Seen, decision: Decision
) -> Decision:
    """A start from what an earlier stop has left, which is in the ledger once that is finished."""
    step, run = (record.open, record.run) if record else (None, None)
    starts = decision.action is Action.START and not decision.forced
    if step is None or run is None or not starts or wish.stateless:
        return decision
    saved = step.what == "stop" or (step.what == "cancel" and step.use is not Use.NOTHING)
    if not saved or step.job_id != run.job_id or seen.checkpoint is None:
        return decision
    return replace(decision, restore=restore_point(seen.checkpoint, run), why="")


def _record_before(ledger: Ledger[Record], previous_key: str | None) -> Record | None:
    """The record that a rename will give to the key."""
    if previous_key in (None, ledger.key):
        return None
    record = replace(ledger, key=previous_key).read()
    if record is None:
        raise Refused(
            f"previous_key {previous_key} has no ledger in namespace {ledger.namespace}: "
            f"mend it, or leave it out for a new job"
        )
    return record


def _complete(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Earlier inputs with their defaults, so that a default is no change."""
    given = {name: inputs[name] for name in SessionJobSpec.model_fields if name in inputs}
    try:
        spec = load(SessionJobSpec, plain(given)).model_dump(mode="json")
    except SpecError:
        return inputs
    return {**spec, "jar_content": inputs.get("jar_content")}


def _unknown(wish: JobWish, changed: tuple[Change, ...], new: bool, problem: str) -> Plan:
    headline = "STARTS" if new else "UNKNOWN"
    what = "whether there is a state to restore" if new else "what becomes of the job's state"
    why = f"{what}, since {problem}"
    return Plan(wish.spec.key, None, None, headline, changed, unknown=why, does=Does.UNKNOWN)


def _with_state(
    shop: Workshop,
    wish: JobWish,
    record: Record | None,
    seen: Seen,
    decision: Decision,
    found: Plan,
) -> Plan:
    """What becomes of the state, and whether that is refused."""
    # A refresh needs none of this.
    from flink_components.lifecycle.judging import judged

    try:
        state = judged(shop, wish, record, decision, seen)
    except Refused as error:
        return found.refusing(str(error))
    if state is None:
        return found
    if state.refusal:
        return replace(found, state=state).refusing(state.refusal)
    kept = "WITH PART OF ITS STATE" if state.gives_up else "WITH ITS STATE"
    return replace(found, headline=found.headline.replace("WITH ITS STATE", kept), state=state)


def _with_adoption(plan: Plan, adopted: Adopted) -> Plan:
    """Before anything else that is declared is done to it, the job that runs is taken over."""
    waits = plan.does in (Does.NOTHING, Does.WAITS)
    return replace(
        plan,
        headline="ADOPTS A RUNNING JOB" if waits else plan.headline,
        does=Does.ADOPTS if waits else plan.does,
        unfinished=f"adopts job {adopted.job_id} ({adopted.name}) without a restart",
    )
