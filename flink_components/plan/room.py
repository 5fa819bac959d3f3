"""What the pods of a new revision need, and whether the quotas of their namespace leave it.

Source: Kubernetes' ResourceQuota, whose `status` has what is allowed and what is used.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

_GIBI = 1024**3


@dataclass(frozen=True)
class Needs:
    """Of all pods together: how many, processors in thousandths, bytes of memory.

    `limited` are processors, in thousandths, to which they are limited; None where some are not.
    """

    pods: int
    millicores: int
    memory: int
    limited: int | None = None

    def __add__(self, other: "Needs") -> "Needs":
        both = self.limited is not None and other.limited is not None
        return Needs(
            self.pods + other.pods,
            self.millicores + other.millicores,
            self.memory + other.memory,
            (self.limited or 0) + (other.limited or 0) if both else None,
        )

    def __mul__(self, count: int) -> "Needs":
        limited = None if self.limited is None else self.limited * count
        return Needs(self.pods * count, self.millicores * count, self.memory * count, limited)

    def __str__(self) -> str:
        pods = "1 pod" if self.pods == 1 else f"{self.pods} pods"
        return f"{self.resources}, {pods}"

    @property
    def resources(self) -> str:
        """Processors and memory in words."""
        return f"{_cores(self.millicores)}, {_gibibytes(self.memory)}"

    def of(self, resource: str) -> int | None:
        """How much of what a quota counts; None for what pods of a cluster do not use."""
        found = {
            "pods": self.pods,
            "count/pods": self.pods,
            "cpu": self.millicores,
            "requests.cpu": self.millicores,
            "limits.cpu": self.limited,
            "memory": self.memory,
            "requests.memory": self.memory,
            "limits.memory": self.memory,
        }
        return found.get(resource)


@dataclass(frozen=True)
class Batch:
    """So many pods of one kind, what each of them needs, and which nodes may have them."""

    name: str
    count: int
    each: Needs
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Mapping[str, Any]] = ()


def together(batches: Iterable[Batch]) -> Needs:
    """What all of them need."""
    return sum((batch.each * batch.count for batch in batches), Needs(0, 0, 0, 0))


@dataclass(frozen=True)
class Room:
    """What one quota leaves of one resource, in the unit in which it is needed."""

    quota: str
    resource: str
    left: int
    needed: int

    @property
    def is_enough(self) -> bool:
        """The pods are admitted."""
        return self.needed <= self.left

    def __str__(self) -> str:
        return f"quota {self.quota} leaves {self._written(self.left)} of {self.resource}"

    def shortage(self) -> str:
        """In words why the pods would not be admitted."""
        return f"{self}, and they need {self._written(self.needed)}"

    def _written(self, left: int) -> str:
        left = max(left, 0)
        if self.resource.endswith("cpu"):
            return _cores(left)
        return _gibibytes(left) if self.resource.endswith("memory") else str(left)


def rooms(quotas: Iterable[Mapping[str, Any]], needs: Needs) -> tuple[Room, ...]:
    """What the quotas leave of all that the pods need; a quota for some pods only is left out.

    Raises ValueError for a quantity that Kubernetes would not have written.
    """
    found = []
    for quota in quotas:
        spec, status = quota.get("spec") or {}, quota.get("status") or {}
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        used = status.get("used") or {}
        for resource, hard in sorted((status.get("hard") or {}).items()):
            needed = needs.of(resource)
            if needed is not None:
                left = amount(resource, hard) - amount(resource, used.get(resource, "0"))
                found.append(Room(quota["metadata"]["name"], resource, left, needed))
    return tuple(found)


def amount(resource: str, written: str) -> int:
    """A quantity in the unit of that resource. Raises ValueError."""
    # Nearly no program needs it.
    from kubernetes.utils.quantity import parse_quantity

    found: Decimal = parse_quantity(written)  # type: ignore[no-untyped-call]
    return int(found * 1000 if resource.endswith("cpu") else found)


def _cores(millicores: int) -> str:
    return f"{Decimal(millicores) / 1000:f} CPU"


def _gibibytes(size: int) -> str:
    return f"{size / _GIBI:.2f}".rstrip("0").rstrip(".") + " GiB"
