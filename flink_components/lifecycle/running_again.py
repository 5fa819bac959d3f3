"""The wish to run again what has run, as the ledger knows it."""

from flink_components.lifecycle.wish import ApplicationWish
from flink_components.plan.record import Run
from flink_components.spec.base import load
from flink_components.spec.job import UpgradeMode, WantedState
from flink_components.spec.ref import ClusterRef


def again(wish: ApplicationWish, run: Run) -> ApplicationWish:
    """The wish for what ran as `run`, deployed as it is declared now."""
    spec = wish.spec.model_copy(
        update={
            "cluster": load(
                ClusterRef, {**run.cluster, "connection": wish.spec.cluster.connection}
            ),
            "state": WantedState.RUNNING,
            "upgrade_mode": UpgradeMode(run.upgrade_mode),
            "restart": run.restart,
            "restore_from": None,
            "accept": (),
            "parallelism": run.parallelism,
        }
    )
    return ApplicationWish(
        spec=spec,
        fingerprint=run.fingerprint,
        revision=run.revision,
        task_managers=run.task_managers or 1,
        job_managers=run.job_managers or 1,
        stable_service=wish.stable_service,
        ha=bool(run.ha),
        surge=wish.surge,
    )
