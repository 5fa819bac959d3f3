"""Brings an application to where its declaration wants it, from wherever it was left."""

from flink_components.lifecycle.application_place import ApplicationPlace
from flink_components.lifecycle.guards import with_guards
from flink_components.lifecycle.session_job import ensure_held
from flink_components.lifecycle.wish import ApplicationWish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Record, Run


def ensure_application(
    shop: Workshop,
    wish: ApplicationWish,
    before: ApplicationWish | None = None,
    last: Run | None = None,
    stack: str | None = None,
) -> Record:
    """Brings the job to `wish` and waits until it is stable; the ledger's record afterwards.

    The objects of its revision are there by now. As `session_job.ensure`, whose steps these are:
    `before` is what was declared until now, `last` what ran as far as Pulumi knows.

    Raises Locked, Refused (nothing was changed), StepFailed (the ledger says how far it came).
    """
    spec = wish.spec
    ledger = shop.ledger(spec.cluster.connection, spec.namespace, spec.key)

    def bring() -> Record:
        place = ApplicationPlace(shop, ledger, wish, before)
        with ledger.lock(f"up of {spec.key}") as held:
            return ensure_held(shop, held, ledger, place, last, stack)

    return with_guards(shop, ledger, bring)
