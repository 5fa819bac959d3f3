"""Starts an application without its program: its ledger and its objects are all that it takes."""

from flink_components.kube.api import KubeError
from flink_components.lifecycle.application_place import ApplicationPlace
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.kept_revisions import make_again, read_kept
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.observing import observe_latest
from flink_components.lifecycle.session_job import ensure_held
from flink_components.lifecycle.wish import ApplicationWish, ByHand
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.decision import Seen
from flink_components.plan.down import finished
from flink_components.plan.record import RUNS, Record, Run
from flink_components.spec.application import ApplicationJobSpec
from flink_components.spec.base import load
from flink_components.spec.job import JobSpec, UpgradeMode
from flink_components.spec.names import plain_or_hashed_name


def resume_application(
    shop: Workshop, held: HeldRecord, ledger: Ledger[Record], run: Run, origin: str | None
) -> Record:
    """Starts the revision that ran last: from `origin`, or where it stopped."""
    declared = declared_by(ledger, run)
    values = {**declared.model_dump(mode="json", exclude_none=True), "restore_from": origin}
    wish = ApplicationWish(
        spec=load(ApplicationJobSpec, {name: v for name, v in values.items() if v is not None}),
        fingerprint=run.fingerprint,
        revision=run.revision,
        task_managers=run.task_managers or 1,
        job_managers=run.job_managers or 1,
        stable_service=plain_or_hashed_name(declared.name, "-rest"),
        ha=bool(run.ha),
        by_hand=ByHand(declared),
    )
    return ensure_held(shop, held, ledger, ApplicationPlace(shop, ledger, wish))


def rollback_application(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    run: Run,
    begun: str | None = None,
    last_state: bool = False,
    may_lose: str = "",
) -> Record:
    """Upgrades to the revision that was stable before, whose objects are made again.

    `begun` is the fingerprint of one whose rollback was left unfinished. The objects of the
    revision that is left stay, without pods. `may_lose` is why state for which the earlier program
    has no operator may be left out. Raises Refused, StepFailed.
    """
    kept = read_kept(ledger)
    target = (kept.of(begun) if begun else None) or kept.before(run)
    if target is None:
        raise Refused(
            f"no revision that was stable before revision {run.revision} of {ledger.key} is kept: "
            f"put the earlier program into its Pulumi program, and run `pulumi up`"
        )
    seen, earlier = observe_latest(shop, run), target.run
    again = earlier.fingerprint == run.fingerprint
    declared = declared_by(ledger, run)
    values = {
        **declared.model_dump(mode="json", exclude_none=True),
        "cluster": earlier.cluster,
        "parallelism": earlier.parallelism,
        "fallback": "last_state" if last_state and run.upgrade_mode == "savepoint" else None,
    }
    spec = load(ApplicationJobSpec, {name: v for name, v in values.items() if v is not None})
    if not again:
        refuse_what_has_no_way(held.record, spec, seen)
    number = str(earlier.revision)
    held.commit(revisions={**held.record.revisions, number: earlier.fingerprint})
    try:
        ref = make_again(shop, ledger.api, target)
    except (KubeError, StepFailed) as error:
        raise Refused(
            f"the objects of revision {number} can't be made again, and nothing was stopped: "
            f"{error}"
        ) from error
    wish = ApplicationWish(
        spec=spec.model_copy(update={"cluster": ref}),
        fingerprint=earlier.fingerprint,
        revision=earlier.revision,
        task_managers=earlier.task_managers or 1,
        job_managers=earlier.job_managers or 1,
        stable_service=plain_or_hashed_name(declared.name, "-rest"),
        ha=bool(earlier.ha),
        by_hand=ByHand(declared, run.rolled_back_from if again else run.revision, may_lose),
    )
    return ensure_held(shop, held, ledger, ApplicationPlace(shop, ledger, wish))


def refuse_what_has_no_way(record: Record, spec: JobSpec, seen: Seen) -> None:
    """Says by hand what would else name a setting of the program. Raises Refused."""
    if finished(record, seen):
        raise Refused(f"{record.key} has finished its bounded work: there is nothing to roll back")
    needs_savepoint = spec.upgrade_mode is UpgradeMode.SAVEPOINT and spec.fallback is None
    has_one = seen.checkpoint is not None and seen.checkpoint.savepoint and not seen.active
    fails = seen.state not in (None, "RUNNING") and record.phase in RUNS
    if needs_savepoint and fails and not has_one:
        raise Refused(
            f"{record.key} is {seen.state}, so it can't take a savepoint: give --last-state to go "
            f"on from its latest completed checkpoint"
        )


def declared_by(ledger: Ledger[Record], run: Run) -> ApplicationJobSpec:
    """The job as its ledger knows it: deadlines and retention are those of a declaration alone."""
    values = {
        "key": ledger.key,
        "namespace": ledger.namespace,
        "name": run.cluster["name"],
        "cluster": run.cluster,
        "savepoint_dir": run.savepoint_dir,
        "savepoint_format": run.savepoint_format,
        "upgrade_mode": run.upgrade_mode,
        "restart": run.restart,
        "parallelism": run.parallelism,
    }
    return load(ApplicationJobSpec, {name: v for name, v in values.items() if v is not None})
