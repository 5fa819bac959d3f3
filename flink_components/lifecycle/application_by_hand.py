"""Resumes an application without its program: its objects and its ledger are all that it takes."""

from flink_components.lifecycle.application_place import ApplicationPlace
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.session_job import ensure_held
from flink_components.lifecycle.wish import ApplicationWish, ByHand
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Record, Run
from flink_components.spec.application import ApplicationJobSpec
from flink_components.spec.base import load
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
