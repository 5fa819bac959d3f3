"""What becomes of the state in a restart that is due, by the job graph that is declared."""

from collections.abc import Callable
from dataclasses import replace

from flink_components.flink.errors import FlinkError
from flink_components.flink.job_graph import JobGraph, Source
from flink_components.flink.metadata.contents import Snapshot
from flink_components.flink.versions import features
from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.graphs import doubts, earlier_graph, find_graph
from flink_components.lifecycle.observing import observe
from flink_components.lifecycle.snapshot_verdict import (
    newer_from_here,
    problem_from_here,
    verdict_from_here,
    verdict_of_stand_in,
)
from flink_components.lifecycle.wish import JobWish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.decision import Action, Decision, Seen, Stop
from flink_components.plan.record import Record, Run
from flink_components.plan.state.judgement import Judgement
from flink_components.plan.state.judging import unknown, unreadable
from flink_components.plan.state.limits import Backend, Target, backend_of, newer_format
from flink_components.plan.state.losses import accepted_losses, refused_losses
from flink_components.plan.state.verdict import StateVerdict, Verdict
from flink_components.spec.base import load
from flink_components.spec.job import ClaimMode, JobSpec, SavepointFormat, SessionJobSpec
from flink_components.spec.ref import ClusterRef
from flink_components.spec.version import minor_of

_BACKENDS = ("state.backend.type", "state.backend")
_DEFAULT = "hashmap"
_UNTOLD_SINCE = (2, 0)
"""Since then a program sets its state backend by an option, which is no part of a graph."""
_LOOKS = 3
_NO_SNAPSHOT = "no snapshot of the job is known yet, from which it could be told"


def judged(
    shop: Workshop, wish: JobWish, record: Record | None, decision: Decision, seen: Seen
) -> Judgement | None:
    """What becomes of the state; None where none is restored, or by hand.

    Raises Refused where `job_graph` names no job graph, or that of another jar.
    """
    starts = decision.action in (Action.START, Action.RESTART)
    if not starts or wish.by_hand is not None:
        return None
    spec, access = wish.spec, wish.spec.state_access
    restores = decision.restore is not None or decision.stop in (Stop.SAVEPOINT, Stop.LAST_STATE)
    found = find_graph(shop, wish, ask=restores)
    if not restores:
        return None
    graph = found.graph
    if graph is None:
        return Judgement(_without_graph(spec, record, decision, found.problem))
    target = _target(shop, spec, graph, record, decision)
    earlier = earlier_graph(shop, _writing_run(record, decision))
    if decision.restore is not None:
        path = decision.restore.path
        verdict, by = verdict_from_here(path, graph, target, earlier, access), ""
    else:
        as_taken = _taken(spec, decision, target.written_by)
        verdict, by = _by_stand_in(
            shop,
            record,
            decision,
            seen,
            lambda path: verdict_of_stand_in(path, graph, target, as_taken, earlier, access),
        )
    judgement = _weighed(wish, _with_doubts(verdict, doubts(wish, graph)), by)
    return replace(judgement, graph=found.origin)


def _without_graph(
    spec: JobSpec, record: Record | None, decision: Decision, why: str
) -> StateVerdict:
    """What no program could go on from is told by a look at the snapshot alone: one that a person
    names may be mistyped, and that of a newer Flink can't be read by an older one.
    """
    version, access, restore = spec.cluster.flink_version, spec.state_access, decision.restore
    if restore is None:
        problem = _newer_to_be_taken(version, _writer(record, decision))
    elif decision.forced:
        problem = problem_from_here(restore.path, version, spec.savepoint_dir, access)
    else:
        problem = newer_from_here(restore.path, version, access)
    return unreadable(problem) if problem else unknown(why)


def _newer_to_be_taken(version: str, writer: str | None) -> str:
    if writer is None:
        return ""
    return newer_format(features(writer).metadata_format, version, f"a snapshot of Flink {writer}")


def _by_stand_in(
    shop: Workshop,
    record: Record | None,
    decision: Decision,
    seen: Seen,
    look: Callable[[str], StateVerdict],
) -> tuple[StateVerdict, str]:
    """The verdict on what stands in for a snapshot that is yet to be taken, and what that is.

    Where Flink has removed it since it was seen, there is a later one.
    """
    for _ in range(_LOOKS):
        found = _stand_in(record, seen)
        if found is None:
            return unknown(_NO_SNAPSHOT), ""
        path, what = found
        verdict = look(path)
        if verdict.verdict is not Verdict.UNKNOWN or record is None or record.run is None:
            break
        seen = observe(shop, record.run, fresh=True)
        if _stand_in(record, seen) == found:
            break
    verdict = _with_doubts(verdict, _of_another_program(record, seen))
    yet = "the savepoint is yet to be taken"
    if decision.stop is Stop.LAST_STATE:
        yet = "there may be a later one when it is cancelled"
    return verdict, f"{path.rstrip('/').rpartition('/')[2]}, {what}: {yet}"


def _of_another_program(record: Record | None, seen: Seen) -> list[str]:
    """What the last snapshot of an earlier revision says nothing of."""
    run = record.run if record else None
    restore = record.restore if record else None
    if seen.checkpoint is not None or run is None or restore is None:
        return []
    if restore.revision in (None, run.revision):
        return []
    return [f"state that r{run.revision} has added: no snapshot of it is known yet"]


def _stand_in(record: Record | None, seen: Seen) -> tuple[str, str] | None:
    """Where it is, and what it is."""
    if seen.checkpoint is not None:
        return seen.checkpoint.path, "its latest completed checkpoint"
    if record is not None and record.restore is not None:
        return record.restore.path, "the latest snapshot of it that is known"
    return None


def _taken(spec: JobSpec, decision: Decision, writer: str | None) -> Callable[[Snapshot], Snapshot]:
    """A checkpoint as a savepoint holds it: no records in flight, and its own format."""
    canonical = spec.savepoint_format is SavepointFormat.CANONICAL
    if writer is not None and not features(writer).format_type:
        canonical = True  # older Flinks know no other

    def as_savepoint(snapshot: Snapshot) -> Snapshot:
        operators = tuple(
            replace(
                entry,
                parts=tuple(part for part in entry.parts if part != "channel"),
                keyed=("canonical",) if canonical and entry.keyed else entry.keyed,
            )
            for entry in snapshot.operators
        )
        return replace(snapshot, operators=operators, savepoint=True)

    return as_savepoint if decision.stop is Stop.SAVEPOINT else lambda snapshot: snapshot


def _target(
    shop: Workshop, spec: JobSpec, graph: JobGraph, record: Record | None, decision: Decision
) -> Target:
    return Target(
        flink_version=spec.cluster.flink_version,
        backend=_backend(shop, spec, graph),
        claim=decision.forced and spec.claim_mode is ClaimMode.CLAIM,
        written_by=_writer(record, decision),
    )


def _writer(record: Record | None, decision: Decision) -> str | None:
    """The Flink that wrote, or is to write, the snapshot, where that is known."""
    run = _writing_run(record, decision)
    return load(ClusterRef, run.cluster).flink_version if run else None


def _writing_run(record: Record | None, decision: Decision) -> Run | None:
    """The attempt that wrote, or is to write, the snapshot, where that is known."""
    run = record.run if record else None
    if run is None or (decision.restore is not None and decision.restore.job_id != run.job_id):
        return None
    return run


def _backend(shop: Workshop, spec: JobSpec, graph: JobGraph) -> Backend | None:
    """By the program, the job's options and the cluster's, in this order; hashmap is Flink's
    default. None where the program may have set one that its graph does not tell, or where the
    cluster is not there yet, as that of an application.
    """
    if graph.state_backend is not None:
        return backend_of(graph.state_backend)
    told = graph.source is Source.DRIVER and minor_of(graph.flink_version) < _UNTOLD_SINCE
    if not told or not isinstance(spec, SessionJobSpec):
        return None
    try:
        options = {**shop.flink(spec.cluster).cluster_config(), **spec.config}
    except (FlinkError, AccessError, KubeError):
        return None
    return backend_of(next((str(options[name]) for name in _BACKENDS if name in options), _DEFAULT))


def _with_doubts(verdict: StateVerdict, doubts: list[str]) -> StateVerdict:
    if verdict.verdict is Verdict.UNKNOWN:
        return verdict
    return replace(verdict, unproven=(*verdict.unproven, *doubts))


def _weighed(wish: JobWish, verdict: StateVerdict, by: str) -> Judgement:
    """Against the losses that are accepted; nothing makes up for what Flink can't restore."""
    if verdict.verdict is not Verdict.PARTIAL:
        return Judgement(verdict, by=by)
    spec = wish.spec
    return Judgement(
        verdict,
        refused_losses(verdict, spec.accept, spec.version),
        accepted_losses(verdict, spec.accept, spec.version),
        by,
    )
