"""What another parallelism means for a job that runs: pure arithmetic over its vertices."""

from collections.abc import Mapping, Sequence

from flink_components.flink.answers import Vertex


def parallelism_of_each(
    planned: Mapping[str, int], running: Sequence[Vertex]
) -> dict[str, int] | None:
    """What each vertex shall have: as the new job graph says, within what its state allows.

    None where the job graph has other vertices than what runs: chaining may change with the
    parallelism, and only a restart can do that.
    """
    if not running or set(planned) != {vertex.id for vertex in running}:
        return None
    return {
        vertex.id: planned[vertex.id]
        if vertex.highest is None
        else min(planned[vertex.id], vertex.highest)
        for vertex in running
    }


def slots_more(wanted: Mapping[str, int], running: Sequence[Vertex]) -> int:
    """How many slots the job needs beside those that it has; vertices of one group share slots."""
    groups: dict[str, tuple[int, int]] = {}
    for vertex in running:
        now, then = groups.get(vertex.slot_group, (0, 0))
        groups[vertex.slot_group] = (
            max(now, vertex.parallelism),
            max(then, wanted[vertex.id]),
        )
    return max(sum(then - now for now, then in groups.values()), 0)
