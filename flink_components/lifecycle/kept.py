"""Kept programs as jobs that can be started again."""

from typing import Any

from flink_components.kube.api import KubeError
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.programs import shelf_of
from flink_components.lifecycle.wish import Wish
from flink_components.plan.programs import Program
from flink_components.plan.record import Record
from flink_components.spec.base import SpecError, load
from flink_components.spec.job import ClaimMode, SessionJobSpec, WantedState


def declared_by(ledger: Ledger[Record], program: Program) -> SessionJobSpec:
    """The job as it was declared. Raises LifecycleError where that was edited by hand."""
    shelf = shelf_of(ledger)
    where = f"the program of {ledger.key} (Secret {shelf.namespace}/{shelf.name})"
    try:
        spec = load(SessionJobSpec, program.spec)
    except SpecError:
        # Without the cause, whose text may hold what the Secret holds.
        raise LifecycleError(
            f"{where} can't be read: it was edited by hand, or kept by another version of "
            f"flink-components; run `pulumi up`"
        ) from None
    same_key = (spec.key, spec.namespace) == (ledger.key, ledger.namespace)
    if not same_key or Wish(spec, program.content).fingerprint != program.fingerprint:
        raise LifecycleError(f"{where} was edited by hand: run `pulumi up`")
    return spec


def to_run(declared: SessionJobSpec, **changes: Any) -> SessionJobSpec:
    """What is declared, but running, and with nothing that was asked for once."""
    values = {
        **declared.model_dump(mode="json", exclude_none=True),
        "state": WantedState.RUNNING.value,
        "restore_from": None,
        "claim_mode": ClaimMode.NO_CLAIM.value,
        "accept": (),
        **changes,
    }
    return load(SessionJobSpec, values)


def way_back_to(ledger: Ledger[Record], record: Record, before: Wish | None) -> Wish | None:
    """What runs again where an upgrade fails: `before`, as the program says that it was.

    Where something else was stable since, after a rollback by hand, it is that, if it was kept.
    """
    stable = record.stable
    if before is None or stable is None or before.fingerprint == stable.fingerprint:
        return before
    try:
        program = shelf_of(ledger).read().of(stable.fingerprint)
        if program is None or before.spec.state is not WantedState.RUNNING:
            return before
        declared = declared_by(ledger, program)
        spec = to_run(declared, cluster=stable.cluster, restart=stable.restart)
    except (KubeError, LifecycleError, SpecError):
        return before
    return Wish(spec, program.content)
