"""What is done to an application again and again while its processes are struck.

A round begins with one that runs `stateful-v1` with a program of the round before.
"""

from __future__ import annotations

from contextlib import suppress

from flink_components.lifecycle.by_hand import suspend_by_hand
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.starting_by_hand import resume_by_hand, rollback_by_hand
from flink_components.plan.record import Phase
from flink_components.spec.application import ApplicationSpec
from tests.faults.operations import FAILS_TO_RESTORE, Operation
from tests.faults.struck_application import StruckApplication as App


def create(app: App, number: int) -> None:
    app.up(app.program(0))


def upgrade(app: App, number: int) -> None:
    app.up(app.program(number), app.program(number - 1))


def upgrade_with_availability(app: App, number: int) -> None:
    """Its JobManagers recover by themselves, from what they keep on Kubernetes."""
    available = {
        "high_availability": {"storage_dir": (app.folder / "ha").as_uri()},
        # Its folder stands for a volume: no node has the pod.
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "volume_mounts": [{"name": "data", "mountPath": str(app.folder)}],
    }
    app.up(app.program(number, **available), app.program(number - 1, **available))


def upgrade_without_room(app: App, number: int) -> None:
    app.up(app.program(number, surge=False), app.program(number - 1, surge=False))


def upgrade_from_last_state(app: App, number: int) -> None:
    mode = {"upgrade_mode": "last_state"}
    app.up(app.program(number, **mode), app.program(number - 1, **mode))


def upgrade_that_fails(app: App, number: int) -> None:
    """The state of the new program has another type, so that it can't restore."""
    with suppress(StepFailed):
        app.up(app.program(number, "stateful-v4", **FAILS_TO_RESTORE), app.program(0))


def rescale(app: App, number: int) -> None:
    app.up(_of_parallelism(app, 1 + number % 2), _of_parallelism(app, 2 - number % 2))


def _of_parallelism(app: App, parallelism: int) -> ApplicationSpec:
    return app.program(0, parallelism=parallelism)


def restart(app: App, number: int) -> None:
    app.up(app.program(0, restart=str(number)), app.program(0))


def suspend(app: App, number: int) -> None:
    app.up(app.program(0, state="suspended"), app.program(0))


def resume(app: App, number: int) -> None:
    app.up(app.program(0), app.program(0, state="suspended"))


def suspend_by_command(app: App, number: int) -> None:
    suspend_by_hand(app.shop, app.ledger)


def resume_by_command(app: App, number: int) -> None:
    try:
        resume_by_hand(app.shop, app.ledger)
    except Refused as error:
        if "runs already" not in str(error):
            raise


def roll_back_by_command(app: App, number: int) -> None:
    """A second one would go forward again, so one that is done is left alone."""
    record = app.record
    back = record.run is not None and record.run.rolled_back_from is not None
    if not (back and record.open is None and record.phase is Phase.STABLE):
        rollback_by_hand(app.shop, app.ledger)


def delete(app: App, number: int) -> None:
    app.destroy(app.program(0))


OPERATIONS: dict[str, Operation[App]] = {
    "create": Operation(create, Phase.STABLE, alone=True),
    "upgrade": Operation(upgrade, Phase.STABLE),
    "upgrade with high availability": Operation(upgrade_with_availability, Phase.STABLE),
    "upgrade without room": Operation(upgrade_without_room, Phase.STABLE),
    "upgrade from the last state": Operation(upgrade_from_last_state, Phase.STABLE),
    "roll back": Operation(upgrade_that_fails, Phase.ROLLED_BACK),
    "rescale": Operation(rescale, Phase.STABLE),
    "restart": Operation(restart, Phase.STABLE),
    "suspend": Operation(suspend, Phase.SUSPENDED, runs=False, after=resume),
    "resume": Operation(resume, Phase.STABLE, before=suspend),
    "suspend by hand": Operation(suspend_by_command, Phase.SUSPENDED, runs=False, after=resume),
    "resume by hand": Operation(resume_by_command, Phase.STABLE, before=suspend_by_command),
    "roll back by hand": Operation(
        roll_back_by_command, Phase.STABLE, before=upgrade, after=upgrade
    ),
    "destroy": Operation(delete, Phase.SUSPENDED, runs=False, after=create),
}
"""Every way to change an application, by what it is called."""
