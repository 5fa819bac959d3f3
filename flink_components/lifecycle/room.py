"""Whether there is room for the pods of a new revision, before anything is made."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from flink_components.kube.api import KubeApi, KubeError
from flink_components.lifecycle.standing import selector_of
from flink_components.lifecycle.wish import ApplicationWish
from flink_components.plan.decision import Action, Decision
from flink_components.plan.nodes import unplaced
from flink_components.plan.plan import Plan
from flink_components.plan.room import Batch, Room, rooms, together

PodsOf = Callable[[int], Sequence[Batch]]
"""An application's pods, by the number of its TaskManagers that are made."""

_MOST_NODES, _MOST_PODS = 1000, 3000
_THERE = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"


def with_room(
    api: KubeApi, wish: ApplicationWish, decision: Decision, pods_of: PodsOf, found: Plan
) -> Plan:
    """The plan with what the new pods need, refused where a quota does not leave it.

    Where no node has room it says so: an autoscaler may help, and until then the job runs on.
    Where quotas and nodes may not be read, or the pods are there already, it says nothing.
    """
    ref, beside = wish.spec.cluster, decision.action is Action.RESTART
    if found.refused is not None or decision.action not in (Action.START, Action.RESTART):
        return found
    pods = pods_of(wish.task_managers if wish.surge or not beside else 0)
    needs = together(pods)
    try:
        if api.list("Deployment", ref.namespace, selector_of(ref)):
            return found
        left = rooms(api.list("ResourceQuota", ref.namespace, ""), needs)
    except (KubeError, ValueError):
        return found
    # With surge=False the old TaskManagers end first: only a JobManager is made beside.
    alone = pods_of(0) if beside and wish.surge else None
    short = [room for room in left if not room.is_enough]
    if short:
        return found.refusing(_refusal(wish, short, alone))
    where = f" beside r{found.old_revision}" if beside else ""
    waits = _waits(api, pods, alone)
    said = [*map(str, left), *([waits] if waits else [])]
    return replace(found, needs=f"{needs}{where}; {'; '.join(said)}") if said else found


def _refusal(wish: ApplicationWish, short: Sequence[Room], alone: Sequence[Batch] | None) -> str:
    do = "raise the quota"
    least = None if alone is None else together(alone)
    if least is not None and all((least.of(one.resource) or 0) <= one.left for one in short):
        do += ", or give surge=False, with which the TaskManagers of the old revision end first"
    what = "; ".join(room.shortage() for room in short)
    return f"there is no room for the pods of revision {wish.revision}: {what}: {do}"


def _waits(api: KubeApi, pods: Sequence[Batch], alone: Sequence[Batch] | None) -> str:
    """What would wait for a node, in words; "" where nothing would, or nobody can say."""
    try:
        nodes = api.list_everywhere("Node", _MOST_NODES)
        there = api.list_everywhere("Pod", _MOST_PODS, _THERE)
        if nodes is None or there is None:
            return ""
        missing = unplaced(nodes, there, pods)
        helps = alone is not None and not unplaced(nodes, there, alone)
    except (KubeError, ValueError):
        return ""
    if not missing:
        return ""
    what = " and ".join(map(str, missing))
    runs_on = "" if alone is None else ", and the job runs on until then"
    instead = "; with surge=False only the JobManager needs room beside what runs" if helps else ""
    return f"no node has room for {what} now: they wait until one has{runs_on}{instead}"
