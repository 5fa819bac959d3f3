"""What an `up` decides of a job: the words in which a plan is compared, and kept in a file."""

import hashlib
import json
from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict

from flink_components.plan.state.verdict import Verdict


class Does(str, Enum):
    """What happens to the job."""

    NOTHING = "nothing"
    WAITS = "waits until stable"
    ADOPTS = "adopts a running job"
    STARTS = "starts"
    STARTS_AGAIN = "starts again"
    RESTARTS = "restarts with state"
    RESTARTS_EMPTY = "restarts empty"
    GIVES_UP = "gives up its state"
    RESCALES = "rescales in place"
    SUSPENDS = "is suspended"
    CANCELS = "is cancelled"
    STAYS_DOWN = "stays down"
    DELETES = "is deleted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class RestoreKind(str, Enum):
    """From what the job goes on."""

    NOTHING = "nothing"
    NEW_SAVEPOINT = "new savepoint"
    """One that this very `up` takes."""
    LATEST_CHECKPOINT = "latest checkpoint"
    """The one that is the latest when the job is cancelled."""
    SAVEPOINT = "savepoint"
    CHECKPOINT = "checkpoint"
    GIVEN = "given snapshot"
    INSIDE_FLINK = "checkpoint inside Flink"


_FOUND_AGAIN = {
    RestoreKind.NEW_SAVEPOINT: RestoreKind.SAVEPOINT,
    RestoreKind.LATEST_CHECKPOINT: RestoreKind.CHECKPOINT,
}
"""What a snapshot that an `up` takes is called by the next one, where the first was interrupted."""
_CHANGES_NOTHING = (Does.NOTHING, Does.WAITS, Does.STAYS_DOWN)


class Decisions(BaseModel):
    """What must be as it was planned: no ages, sizes or numbers of checkpoints.

    `dropped` are the ids of the operators whose state is given up, `order` the steps of the switch.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    does: Does
    restore: RestoreKind = RestoreKind.NOTHING
    verdict: Verdict | None = None
    dropped: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain values, all of them."""
        return self.model_dump(mode="json")

    @property
    def digest(self) -> str:
        """16 hex digits that name them."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def touches_nothing(self) -> bool:
        """The job is left as it is: it is finished, or was never to be changed."""
        return self.does in _CHANGES_NOTHING

    @property
    def loses_nothing(self) -> bool:
        """A first start: there is no state that it could leave behind."""
        return self.does is Does.STARTS and self.restore is RestoreKind.NOTHING


def differences(planned: Decisions, now: Decisions, begun: bool = False) -> list[str]:
    """What would be done otherwise than planned, a line each; empty where nothing would.

    `begun`: an earlier `up` was interrupted between the stop and the end, so what is left of the
    planned steps is a start from what that stop has left.
    """
    if now.touches_nothing:
        return []
    if planned.does is Does.UNKNOWN and now.loses_nothing:
        return []
    if begun and now.does is Does.STARTS_AGAIN and planned.does is Does.RESTARTS:
        found = _FOUND_AGAIN.get(planned.restore, planned.restore)
        left = tuple(step for step in planned.order if step in now.order)
        if now.restore is found and now.order == left:
            planned = planned.model_copy(
                update={"does": now.does, "restore": found, "order": now.order}
            )
    then, here = planned.to_json(), now.to_json()
    return [
        f"{name}: planned {_text(then[name])}, now {_text(here[name])}"
        for name in then
        if then[name] != here[name]
    ]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)
