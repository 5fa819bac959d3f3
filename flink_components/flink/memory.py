"""How Flink divides a pod's memory, by Flink's own formula.

The process size is always the container's limit, so the parts can never sum to more than the
pod has; what is checked here is that they fit, since Flink does not start where they don't.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from flink_components.flink.versions import features
from flink_components.spec.base import Problem, check
from flink_components.spec.cluster import ClusterSpec
from flink_components.spec.errors import FieldError, shown
from flink_components.spec.options import Scalar, written
from flink_components.spec.quantity import Memory

MIB = 1024**2
GIB = 1024**3
_STEP = 64 * MIB
_LARGEST = 2**63 - 1
_SMALLEST_JOB_MANAGER_HEAP = 128 * MIB
_LARGEST_ADDED = 16 * GIB
_SMALL_MANAGED = 64 * MIB
_TASK_HEAP = "taskmanager.memory.task.heap.size"
_MANAGED = "taskmanager.memory.managed.size"
_SIZE = re.compile(r"([0-9]+)\s*([a-z]*)")
_UNITS = {
    **dict.fromkeys(("", "b", "bytes"), 1),
    **dict.fromkeys(("k", "kb", "kibibytes"), 1024),
    **dict.fromkeys(("m", "mb", "mebibytes"), MIB),
    **dict.fromkeys(("g", "gb", "gibibytes"), GIB),
    **dict.fromkeys(("t", "tb", "tebibytes"), 1024 * GIB),
}


@dataclass(frozen=True)
class TaskManagerMemory:
    """The parts of a TaskManager's process, in bytes; a negative one does not fit."""

    metaspace: int
    overhead: int
    framework_heap: int
    framework_off_heap: int
    task_off_heap: int
    network: int
    managed: int
    task_heap: int

    @property
    def heap(self) -> int:
        """What Java gets as -Xmx."""
        return self.framework_heap + self.task_heap

    @property
    def direct(self) -> int:
        """What Java gets as -XX:MaxDirectMemorySize."""
        return self.framework_off_heap + self.task_off_heap + self.network


@dataclass(frozen=True)
class JobManagerMemory:
    """The parts of a JobManager's process, in bytes; a negative one does not fit."""

    metaspace: int
    overhead: int
    off_heap: int
    heap: int


Parts = TaskManagerMemory | JobManagerMemory


def task_manager_memory(
    process: int,
    config: Mapping[str, Scalar],
    managed_fraction: float | None = None,
    *,
    flink_version: str,
) -> TaskManagerMemory:
    """The parts of a TaskManager of `process` bytes. Raises FieldError for an unusable option."""
    options = _Options(config, "taskmanager.memory.")
    metaspace, overhead, flink = options.java_parts(process)
    bound = _LARGEST if features(flink_version).unbounded_network_memory else GIB
    least_network = options.size("network.min", 64 * MIB)
    most_network = options.size("network.max", bound)
    network = options.share(flink, "network", least_network, most_network)
    managed = options.size("managed.size", _fraction_of(flink, managed_fraction, 0.4))
    parts = TaskManagerMemory(
        metaspace=metaspace,
        overhead=overhead,
        framework_heap=options.size("framework.heap.size", 128 * MIB),
        framework_off_heap=options.size("framework.off-heap.size", 128 * MIB),
        task_off_heap=options.size("task.off-heap.size", 0),
        network=network,
        managed=managed,
        task_heap=0,
    )
    if _TASK_HEAP not in config:
        return replace(parts, task_heap=process - _sum(parts))
    parts = replace(parts, task_heap=options.size("task.heap.size", 0), network=0)
    rest = process - _sum(parts)
    if rest > most_network:
        raise FieldError(
            f"leaves {_mebi(rest)} to the network, more than its maximum {_mebi(most_network)}",
            "give more, or raise taskmanager.memory.network.max",
        )
    return replace(parts, network=rest if rest >= least_network else rest - least_network)


def job_manager_memory(process: int, config: Mapping[str, Scalar]) -> JobManagerMemory:
    """The parts of a JobManager of `process` bytes. Raises FieldError for an unusable option."""
    options = _Options(config, "jobmanager.memory.")
    metaspace, overhead, flink = options.java_parts(process)
    off_heap = options.size("off-heap.size", 128 * MIB)
    return JobManagerMemory(metaspace, overhead, off_heap, flink - off_heap)


@check("job_manager", "task_manager", "config", "flink_version")
def memory_fits(spec: ClusterSpec) -> Iterator[Problem]:
    """What is wrong with the memory of a cluster's pods: a check to load the spec with."""
    fraction = spec.task_manager.managed_memory_fraction
    if fraction is not None and _MANAGED in spec.config:
        yield Problem(
            "task_manager.managed_memory_fraction",
            f"is given together with {_MANAGED}",
            shown(fraction),
            "keep one of the two",
        )
    if _MANAGED in spec.config and _TASK_HEAP in spec.config:
        yield Problem(
            f'config["{_TASK_HEAP}"]',
            f"is given together with {_MANAGED}",
            shown(spec.config[_TASK_HEAP]),
            "keep one of the two: the other is what is left of task_manager.memory",
        )
        return
    config, version = spec.config, spec.flink_version

    def of_task_manager(process: int) -> TaskManagerMemory:
        return task_manager_memory(process, config, fraction, flink_version=version)

    def with_little_managed(process: int) -> TaskManagerMemory:
        less = {**config, _MANAGED: f"{_SMALL_MANAGED // MIB}m"}
        return task_manager_memory(process, less, flink_version=version)

    less_managed = "" if _MANAGED in config or _TASK_HEAP in config else f"{_MANAGED}: 64m"
    task_manager = spec.task_manager.memory
    if less_managed and not _fits(_parts(with_little_managed, task_manager.bytes)):
        less_managed = ""
    yield from _problems("task_manager", task_manager, of_task_manager, less_managed)
    yield from _problems(
        "job_manager", spec.job_manager.memory, lambda size: job_manager_memory(size, config)
    )


def _problems(
    role: str, memory: Memory, divide: Callable[[int], Parts], option: str = ""
) -> Iterator[Problem]:
    try:
        parts = divide(memory.bytes)
        if _fits(parts):
            return
        first = -(-memory.bytes // _STEP) * _STEP
        sizes = range(first, first + _LARGEST_ADDED, _STEP)
        least = next((size for size in sizes if _fits(divide(size))), None)
    except FieldError as error:
        yield Problem(f"{role}.memory", error.what, str(memory), error.do)
        return
    ways = [f"give at least {_mebi(least)}"] if least else []
    ways += [f"set config {option}"] if option else []
    yield Problem(
        f"{role}.memory",
        f"is too small: Flink's parts sum to {_listed(parts)}",
        str(memory),
        " or ".join(ways) or "lower the fractions in config",
    )


def _parts(divide: Callable[[int], Parts], size: int) -> Parts | None:
    try:
        return divide(size)
    except FieldError:
        return None


def _fits(parts: Parts | None) -> bool:
    if parts is None or any(getattr(parts, field.name) < 0 for field in fields(parts)):
        return False
    return isinstance(parts, TaskManagerMemory) or parts.heap >= _SMALLEST_JOB_MANAGER_HEAP


def _listed(parts: Parts) -> str:
    sizes = {field.name.replace("_", " "): getattr(parts, field.name) for field in fields(parts)}
    if isinstance(parts, JobManagerMemory):
        sizes["heap"] = _SMALLEST_JOB_MANAGER_HEAP
    needed = {name: size for name, size in sizes.items() if size > 0}
    listed = ", ".join(f"{name} {_mebi(size)}" for name, size in needed.items())
    return f"{_mebi(sum(needed.values()))} ({listed})"


def _mebi(size: int) -> str:
    return f"{-(-size // MIB)}Mi"


def _sum(parts: TaskManagerMemory) -> int:
    return sum(getattr(parts, field.name) for field in fields(parts))


@dataclass(frozen=True)
class _Options:
    """The memory options of one role, read as Flink reads them."""

    config: Mapping[str, Scalar]
    prefix: str

    def size(self, name: str, default: int) -> int:
        key = self.prefix + name
        if key not in self.config:
            return default
        match = _SIZE.fullmatch(written(self.config[key]).lower())
        if match is None or match[2] not in _UNITS:
            given = shown(self.config[key])
            raise FieldError(f"depends on {key}, which is {given}", "write it like 128m or 1g")
        return int(match[1]) * _UNITS[match[2]]

    def share(self, total: int, name: str, least: int, most: int, default: float = 0.1) -> int:
        """`<name>.fraction` of `total`, but not below `least` nor above `most`."""
        key = f"{self.prefix}{name}.fraction"
        try:
            fraction = float(self.config.get(key, default))
        except ValueError:
            fraction = -1.0
        if not 0 <= fraction < 1:
            given = shown(self.config[key])
            raise FieldError(f"depends on {key}, which is {given}", "write it like 0.1")
        if least > most:
            raise FieldError(
                f"depends on {self.prefix}{name}.min, which is more than its .max",
                f"give a .max of {_mebi(least)} or more",
            )
        return min(max(_fraction_of(total, fraction, default), least), most)

    def java_parts(self, process: int) -> tuple[int, int, int]:
        """Metaspace, JVM overhead, and what is left to Flink."""
        metaspace = self.size("jvm-metaspace.size", 256 * MIB)
        least = self.size("jvm-overhead.min", 192 * MIB)
        most = self.size("jvm-overhead.max", GIB)
        overhead = self.share(process, "jvm-overhead", least, most)
        return metaspace, overhead, process - metaspace - overhead


def _fraction_of(total: int, fraction: float | None, default: float) -> int:
    """As Flink multiplies: with a 32-bit fraction, cut to whole bytes; nothing of less than 0."""
    single: float = struct.unpack("f", struct.pack("f", default if fraction is None else fraction))[
        0
    ]
    return int(max(total, 0) * Decimal(repr(single)))
