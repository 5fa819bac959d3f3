"""Whether pods find room on the nodes that are there now, as far as requests say.

Source: what Kubernetes' scheduler looks at: allocatable minus the requests of the pods of a node,
its taints and labels. Affinities and topology spread are not looked at, and what an autoscaler
would add is not known: so it is never a reason to refuse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flink_components.plan.room import Batch, amount

_KEEPS_AWAY = ("NoSchedule", "NoExecute")
_ENDED = ("Succeeded", "Failed")


@dataclass
class _Node:
    """What a node has left, in thousandths of processors, bytes, and pods."""

    labels: Mapping[str, str]
    taints: Sequence[Mapping[str, Any]]
    millicores: int
    memory: int
    pods: int

    def take(self, millicores: int, memory: int) -> None:
        self.millicores -= millicores
        self.memory -= memory
        self.pods -= 1

    def takes(self, batch: Batch) -> bool:
        """One more pod of it would be scheduled here."""
        wanted = batch.node_selector.items() <= self.labels.items()
        tolerated = all(_is_tolerated(taint, batch.tolerations) for taint in self.taints)
        room = self.pods > 0 and self.millicores >= batch.each.millicores
        return wanted and tolerated and room and self.memory >= batch.each.memory


@dataclass(frozen=True)
class Unplaced:
    """Pods of one kind that no node has room for, of so many in all."""

    batch: Batch = field(repr=False)
    count: int

    def __str__(self) -> str:
        name, all_of_them = self.batch.name, self.batch.count
        if all_of_them == 1:
            return f"the {name} ({self.batch.each.resources})"
        which = "the" if self.count == all_of_them else f"{self.count} of the"
        return f"{which} {all_of_them} {name}s ({self.batch.each.resources} each)"


def unplaced(
    nodes: Iterable[Mapping[str, Any]],
    pods: Iterable[Mapping[str, Any]],
    batches: Iterable[Batch],
) -> tuple[Unplaced, ...]:
    """The pods for which the nodes have no room, the largest placed first; none without nodes.

    `pods` are those that run there. Raises ValueError for a quantity that Kubernetes would not have
    written.
    """
    free = {one["metadata"]["name"]: _node(one) for one in nodes if _takes_pods(one)}
    if not free:
        return ()
    for pod in pods:
        node = free.get(str((pod.get("spec") or {}).get("nodeName")))
        if node is not None and (pod.get("status") or {}).get("phase") not in _ENDED:
            node.take(_requested(pod, "cpu"), _requested(pod, "memory"))
    left = []
    for batch in sorted(batches, key=lambda one: (-one.each.memory, -one.each.millicores)):
        missing = batch.count - sum(_place(free.values(), batch) for _ in range(batch.count))
        if missing:
            left.append(Unplaced(batch, missing))
    return tuple(left)


def _place(nodes: Iterable[_Node], batch: Batch) -> bool:
    """On the node with the most memory left."""
    takes = [node for node in nodes if node.takes(batch)]
    if takes:
        best = max(takes, key=lambda node: (node.memory, node.millicores))
        best.take(batch.each.millicores, batch.each.memory)
    return bool(takes)


def _takes_pods(node: Mapping[str, Any]) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or []
    ready = any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
    return ready and not (node.get("spec") or {}).get("unschedulable")


def _node(node: Mapping[str, Any]) -> _Node:
    allocatable = node["status"].get("allocatable") or {}
    taints = (node.get("spec") or {}).get("taints") or []
    return _Node(
        labels=node["metadata"].get("labels") or {},
        taints=[taint for taint in taints if taint.get("effect") in _KEEPS_AWAY],
        millicores=amount("cpu", allocatable.get("cpu", "0")),
        memory=amount("memory", allocatable.get("memory", "0")),
        pods=amount("pods", allocatable.get("pods", "0")),
    )


def _requested(pod: Mapping[str, Any], resource: str) -> int:
    """What the scheduler counts: its containers, or the largest of those that run before them."""
    spec = pod["spec"]
    beside = [one for one in spec.get("initContainers") or [] if one.get("restartPolicy")]
    before = [one for one in spec.get("initContainers") or [] if not one.get("restartPolicy")]
    together = sum(_of(one, resource) for one in [*(spec.get("containers") or []), *beside])
    overhead = amount(resource, (spec.get("overhead") or {}).get(resource, "0"))
    return max([together, *(_of(one, resource) for one in before)]) + overhead


def _of(container: Mapping[str, Any], resource: str) -> int:
    requests = (container.get("resources") or {}).get("requests") or {}
    return amount(resource, requests.get(resource, "0"))


def _is_tolerated(taint: Mapping[str, Any], tolerations: Sequence[Mapping[str, Any]]) -> bool:
    return any(
        one.get("effect") in (None, "", taint.get("effect"))
        and (
            (one.get("operator") == "Exists" and one.get("key") in (None, "", taint.get("key")))
            or (
                one.get("operator") in (None, "", "Equal")
                and one.get("key") == taint.get("key")
                and (one.get("value") or "") == (taint.get("value") or "")
            )
        )
        for one in tolerations
    )
