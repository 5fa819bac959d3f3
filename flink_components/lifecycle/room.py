"""Whether there is room for the pods of a new revision, before anything is made."""

from collections.abc import Callable
from dataclasses import replace

from flink_components.kube.api import KubeApi, KubeError
from flink_components.lifecycle.standing import selector_of
from flink_components.lifecycle.wish import ApplicationWish
from flink_components.plan.decision import Action, Decision
from flink_components.plan.plan import Plan
from flink_components.plan.room import Needs, rooms

PodsOf = Callable[[int], Needs]
"""What an application's pods need, by the number of its TaskManagers that are made."""


def with_room(
    api: KubeApi, wish: ApplicationWish, decision: Decision, pods_of: PodsOf, found: Plan
) -> Plan:
    """The plan with what the new pods need, refused where a quota does not leave it.

    Where the quotas may not be read, or the pods are there already, it says nothing.
    """
    ref, beside = wish.spec.cluster, decision.action is Action.RESTART
    if found.refused is not None or decision.action not in (Action.START, Action.RESTART):
        return found
    needs = pods_of(wish.task_managers if wish.surge or not beside else 0)
    try:
        if api.list("Deployment", ref.namespace, selector_of(ref)):
            return found
        left = rooms(api.list("ResourceQuota", ref.namespace, ""), needs)
    except (KubeError, ValueError):
        return found
    if not left:
        return found
    short = [room for room in left if not room.is_enough]
    if not short:
        where = f" beside r{found.old_revision}" if beside else ""
        return replace(found, needs=f"{needs}{where}; {'; '.join(map(str, left))}")
    do = "raise the quota"
    alone = pods_of(0)
    if beside and wish.surge and all((alone.of(one.resource) or 0) <= one.left for one in short):
        do += ", or give surge=False, with which the TaskManagers of the old revision end first"
    what = "; ".join(room.shortage() for room in short)
    return found.refusing(
        f"there is no room for the pods of revision {wish.revision}: {what}: {do}"
    )
