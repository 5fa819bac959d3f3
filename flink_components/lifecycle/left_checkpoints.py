"""Where a job that no JobManager knows any more has left its state."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flink_components.flink.answers import Checkpoint
from flink_components.flink.checkpoint_files import latest_left, snapshot_number
from flink_components.flink.errors import FlinkError
from flink_components.flink.storage import StorageError
from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.gone import NotProven, options_of, options_of_gone
from flink_components.lifecycle.standing import selector_of
from flink_components.lifecycle.work import Workshop
from flink_components.plan.changes import same_cluster
from flink_components.plan.decision import Seen
from flink_components.plan.down import ENDED_BY_US
from flink_components.plan.record import Phase, Record, Run
from flink_components.spec.application import ApplicationJobSpec
from flink_components.spec.base import load
from flink_components.spec.job import JobSpec, SessionJobSpec
from flink_components.spec.ref import ClusterRef

_DIRECTORY = ("execution.checkpointing.dir", "state.checkpoints.dir")
_AVAILABILITY = ("high-availability.type", "high-availability")


def with_left_checkpoint(shop: Workshop, spec: JobSpec, record: Record | None, seen: Seen) -> Seen:
    """What was seen, and for a job that is lost with its JobManager what is on the storage.

    Only where the JobManager itself says that it does not know the job, or is proven gone and the
    job is to be elsewhere, and nothing can bring it back: without high availability; what an
    application has lost nothing can bring back. Never raises: why it is not known is the `problem`
    of what was seen.
    """
    run = record.run if record else None
    if record is None or run is None or record.open is not None or seen.state is not None:
        return seen
    config: Mapping[str, Any] | None = None
    if run.guarded and not seen.reached:
        return seen
    try:
        if run.guarded:
            config = options_of_application(shop, run)
            seen = replace(seen, gone=True)
        elif not seen.reached or seen.problem:
            if same_cluster(run.cluster, spec.cluster.to_json()):
                return seen
            config = options_of_gone(shop, load(ClusterRef, run.cluster))
            seen = Seen(reached=True, gone=True, at=shop.clock.now())
        if run.stateless or record.phase in (*ENDED_BY_US, Phase.FINISHED):
            return seen
        return _look(shop, spec, record, run, seen, config)
    except NotProven as error:
        return replace(seen, problem=f"{seen.problem}; {error}")
    except (StorageError, FlinkError, KubeError, AccessError) as error:
        return replace(seen, problem=seen.problem or str(error))


def checkpoint_directory(run: Run, seen: Seen) -> str | None:
    """The directory in which Flink keeps the run's checkpoints, where its latest one says so."""
    newest = seen.checkpoint
    if newest is None or newest.savepoint:
        return None
    directory, _, rest = newest.path.partition(f"/{run.job_id}/")
    return directory if rest else None


def options_of_application(shop: Workshop, run: Run) -> dict[str, str]:
    """Flink's options of the revision that the run is of; none where someone deleted them."""
    ref = load(ClusterRef, run.cluster)
    return options_of(shop.reach.api(ref.connection), ref.namespace, selector_of(ref)) or {}


def directories(record: Record, spec: JobSpec, config: Mapping[str, Any]) -> list[str]:
    """Where the checkpoints of a job may be: as Flink has said, or as it was told."""
    own = spec.config if isinstance(spec, SessionJobSpec) else {}
    told = [known.get(name) for known in (own, config) for name in _DIRECTORY]
    declared = spec.checkpoint_dir if isinstance(spec, ApplicationJobSpec) else None
    every = (record.checkpoints, *told, declared)
    return [str(one) for one in dict.fromkeys(filter(None, every))]


def _look(
    shop: Workshop,
    spec: JobSpec,
    record: Record,
    run: Run,
    seen: Seen,
    config: Mapping[str, Any] | None,
) -> Seen:
    """`config`: of a cluster that is gone, else it is asked."""
    if config is None:
        config = shop.flink(run.cluster).cluster_config()
        available = next((config[name] for name in _AVAILABILITY if name in config), "NONE")
        if available.upper() != "NONE":
            return replace(seen, problem=f"high availability ({available}) may bring it back")
    asked = directories(record, spec, config)
    if not asked:
        return replace(seen, problem="its cluster has no directory for checkpoints")
    for directory in asked:
        found = latest_left(directory, run.job_id, spec.state_access)
        if found is not None:
            newest = _newer_savepoint(spec, record, run, found) or found
            return replace(seen, checkpoint=newest, on_storage=True)
    return replace(seen, problem=f"there is none below {' or '.join(asked)}")


def _newer_savepoint(
    spec: JobSpec, record: Record, run: Run, found: Checkpoint
) -> Checkpoint | None:
    """The savepoint that the job has taken since, while it ran on."""
    point = record.restore
    if point is None or point.job_id != run.job_id or point.kind != "savepoint":
        return None
    number = snapshot_number(point.path, spec.state_access)
    if number < found.id:
        return None
    return Checkpoint(number, point.path, True, int(point.at * 1000), point.size or 0)
