"""Jars that a job has needed, removed from session clusters when no job needs them any more.

The ledger names them before they are uploaded, until the run that needs them is written there, and
from the step after which they are not needed until they are removed: the next run removes what one
that died has left.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from flink_components.flink.errors import FlinkError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.jars import jar_name
from flink_components.lifecycle.ledger import Ledger, records
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.changes import same_cluster
from flink_components.plan.record import RUNS, LeftJar, Phase, Record, Run


def remove_left_jars(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    for_good: bool = False,
    others: Future[set[str]] | None = None,
) -> None:
    """Removes them where no other job's ledger in the namespace names them.

    `for_good`: this job needs none any more, whatever its ledger says. `others` is what was needed
    by other jobs a moment ago, where that was asked for beforehand.
    Best effort: one that can't be removed now is tried again by the next run, as long as it is on
    the cluster that the job is on.
    """
    left = held.record.jars_left
    if not left:
        return
    try:
        needed = others.result() if others is not None else needed_by_others(ledger)
        unused = [
            jar
            for jar in left
            if jar.content not in needed and (for_good or not _needed_here(held.record, jar))
        ]
        if unused and others is not None:
            needed = needed_by_others(ledger)
        kept = [
            jar for jar in unused if jar.content not in needed and not _removed(shop, held, jar)
        ]
        held.note(jars_left=tuple(kept))
    except (KubeError, LifecycleError):
        return


def needed_by_others(ledger: Ledger[Record]) -> set[str]:
    """Contents of the jars that other jobs of the namespace need. Raises KubeError."""
    others = records(ledger.api, ledger.namespace, "job", Record)
    return {
        content
        for other in others
        if other.key != ledger.key and not other.deleted
        for content in other.jars_in_use
    }


def needs_jar(run: Run, content: str, cluster: dict[str, Any]) -> bool:
    """That jar, on that session cluster, is the one of the run."""
    return run.jar == content and same_cluster(run.cluster, cluster)


def announcing(
    shop: Workshop, held: HeldRecord, content: str, cluster: dict[str, Any]
) -> Callable[[], object]:
    """What is to be called before that jar is uploaded there: nobody needs it yet."""

    def announce() -> None:
        held.commit(jars_left=held.record.leaving(content, cluster, shop.clock.now()))

    return announce


def left_by_start(record: Record, run: Run) -> tuple[LeftJar, ...]:
    """What is left once `run` is started: the jar of the run before is, its own is not."""
    old = record.run
    left = record.jars_left
    if old is not None and not old.guarded:
        left = record.leaving(old.jar, old.cluster)
    return tuple(jar for jar in left if not needs_jar(run, jar.content, jar.cluster))


def _needed_here(record: Record, jar: LeftJar) -> bool:
    """By a job that runs, or may have been started: not for the next try of one that is down."""
    run = record.run
    if run is None or record.phase not in RUNS | {Phase.UPGRADING}:
        return False
    return needs_jar(run, jar.content, jar.cluster)


def _removed(shop: Workshop, held: HeldRecord, jar: LeftJar) -> bool:
    """Whether it is gone for good, or there is no sense in another try."""
    try:
        flink = shop.flink(jar.cluster)
        for jar_id in flink.jars():
            if jar_id.endswith("_" + jar_name(jar.content)):
                held.fence()
                flink.delete_jar(jar_id)
    except FlinkError:
        run = held.record.run
        return run is not None and not same_cluster(run.cluster, jar.cluster)
    return jar.since + shop.late_seconds <= shop.clock.now()
