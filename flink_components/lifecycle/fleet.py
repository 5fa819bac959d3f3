"""Looks at the jobs of a fleet all at once: what is as declared, what is in trouble, what is left.

Nothing is locked and nothing is changed.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flink_components.flink.errors import FlinkError
from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.drift import drifted
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.ledger import records
from flink_components.lifecycle.wish import JobWish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.changes import same_cluster
from flink_components.plan.record import RUNS, Phase, Record, Run
from flink_components.spec.connection import Connection

_DOWN = frozenset({Phase.FAILED, Phase.LOST})


@dataclass(frozen=True)
class Place:
    """Where the ledger of a job is."""

    connection: Connection | None
    namespace: str
    key: str


def record_of(shop: Workshop, place: Place) -> Record | None:
    """The record of a job; None where there is none, or it can't be read."""
    try:
        return shop.ledger(place.connection, place.namespace, place.key).read()
    except (KubeError, AccessError, LifecycleError):
        return None


def settled(wish: JobWish, record: Record | None) -> bool:
    """The ledger says that the job is as `wish` wants it: there is nothing to do but in place."""
    run = record.run if record else None
    if record is None or run is None or record.deleted or record.moved_to is not None:
        return False
    spec = wish.spec
    if drifted(record, None, wish.fingerprint, spec.state):
        return False
    given = spec.restore_from
    asked = given is not None and given not in (run.asked_from, record.restored_by_hand)
    restarts = spec.restart not in (None, run.restart)
    return same_cluster(run.cluster, spec.cluster.to_json()) and not asked and not restarts


def troubles(
    shop: Workshop, found: Mapping[str, Record | None]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What is wrong with jobs that are not touched, and the clusters that could not be asked.

    `found` are their records. Each cluster is asked once, for all its jobs.
    """
    wrong = {key: _trouble(record) for key, record in found.items() if record is not None}
    wrong = {key: what for key, what in wrong.items() if what}
    on: dict[str, dict[str, Run]] = defaultdict(dict)
    for key, record in found.items():
        run = record.run if record and record.phase in RUNS and key not in wrong else None
        if run is not None and not run.guarded:
            on[json.dumps(run.cluster, sort_keys=True)][key] = run
    asked = [(runs, shop.beside(lambda runs=runs: _states(shop, runs))) for runs in on.values()]  # type: ignore[misc]
    unseen = []
    for runs, answer in asked:
        states = answer.result()
        if states is None:
            unseen.append(str(next(iter(runs.values())).cluster["key"]))
            continue
        for key, run in runs.items():
            state = states.get(run.job_id, "LOST")
            if state in ("FAILED", "LOST"):
                wrong[key] = state
    return {key: wrong[key] for key in found if key in wrong}, tuple(unseen)


def _trouble(record: Record) -> str:
    if record.phase not in _DOWN:
        return ""
    return f"{record.phase.value} ({record.reason})" if record.reason else record.phase.value


def _states(shop: Workshop, runs: Mapping[str, Run]) -> dict[str, str] | None:
    """The states of all jobs of a cluster by id; None where it can't be asked."""
    try:
        flink = shop.flink(next(iter(runs.values())).cluster)
        return {job.id: job.state for job in flink.jobs()}
    except (FlinkError, KubeError, AccessError):
        return None


def undeclared(
    shop: Workshop, places: Collection[Place], keys: Collection[str], stack: str
) -> tuple[str, ...]:
    """Jobs of `stack` beside those `places`, that are none of `keys`; not what can't be read."""
    spaces = {(place.connection, place.namespace) for place in places}
    left: set[str] = set()
    for connection, namespace in spaces:
        try:
            found = records(shop.reach.api(connection), namespace, "job", Record)
        except (KubeError, AccessError):
            continue
        left |= {
            record.key
            for record in found
            if record.owner is not None
            and record.owner.stack == stack
            and not record.deleted
            and record.moved_to is None
        }
    return tuple(sorted(left.difference(keys)))
