"""State that is lost, against the losses that a person has accepted by name."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flink_components.flink.operator_ids import id_of_uid
from flink_components.plan.state.verdict import Dropped, StateVerdict
from flink_components.spec.job import StateLoss

WHOLE_STATE = "*"


@dataclass(frozen=True)
class Refused:
    """A loss that is not accepted: `why` says what of the acceptance does not hold, if there is
    one, and `line` is what to write to accept it, "" where nothing would."""

    dropped: Dropped
    why: str
    line: str


@dataclass(frozen=True)
class Accepted:
    """A loss, and what accepts it."""

    dropped: Dropped
    by: StateLoss


def accepted_losses(
    verdict: StateVerdict, accept: Sequence[StateLoss], version: str | None
) -> tuple[Accepted, ...]:
    """The losses that are accepted for this `version`."""
    found = []
    for dropped in verdict.dropped:
        holding = [loss for loss in _named(dropped, accept) if not _against(loss, dropped, version)]
        if holding:
            found.append(Accepted(dropped, holding[0]))
    return tuple(found)


def refused_losses(
    verdict: StateVerdict, accept: Sequence[StateLoss], version: str | None
) -> tuple[Refused, ...]:
    """The losses that stand in the way; empty where every one is accepted for this `version`."""
    found = []
    for dropped in verdict.dropped:
        reasons = [_against(loss, dropped, version) for loss in _named(dropped, accept)]
        if "" not in reasons:
            line = acceptance(dropped, version)
            found.append(Refused(dropped, reasons[0] if reasons else "", line))
    return tuple(found)


def _named(dropped: Dropped, accept: Iterable[StateLoss]) -> list[StateLoss]:
    """Those that mean this operator, by its own name before those of the whole state."""
    own = [loss for loss in accept if _means(loss.operator, dropped)]
    return own + [loss for loss in accept if loss.operator == WHOLE_STATE]


def _means(operator: str, dropped: Dropped) -> bool:
    """A uid names it too where the snapshot does not know that, as before Flink 2.0."""
    return dropped.is_called(operator) or id_of_uid(operator) == dropped.id


def _against(loss: StateLoss, dropped: Dropped, version: str | None) -> str:
    if loss.version != version:
        return f"it is accepted for version {loss.version}, and this is {version or 'none'}"
    if loss.up_to is not None and dropped.size > loss.up_to.bytes:
        return f"it is accepted up to {loss.up_to}, and it has {size_text(dropped.size)}"
    return ""


def acceptance(dropped: Dropped, version: str | None) -> str:
    """What to write into `accept`; `up_to` leaves room for what comes until the job is stopped."""
    values = {
        "operator": dropped.label,
        "up_to": _room_for(dropped.size),
        "version": version or "…",
        "reason": "…",
    }
    return json.dumps(values, ensure_ascii=False)


def size_text(size: int) -> str:
    """Bytes as a person reads them, in the units that `up_to` takes."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def _room_for(size: int) -> str:
    """A tenth more, in whole MiB, or GiB from ten of them on."""
    wanted = size * 1.1 / 1024**2
    return f"{math.ceil(wanted / 1024)}Gi" if wanted >= 10 * 1024 else f"{math.ceil(wanted) or 1}Mi"
