"""Whose turn it is among the jobs of a fleet, for all threads of one process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flink_components.lifecycle.errors import Refused
from flink_components.spec.fleet import FleetSpec

_LOOK_SECONDS = 5.0


@dataclass
class _Fleet:
    going: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class Turns:
    """At most `max_in_flight` jobs of a fleet have their turn; none after too many failures.

    It knows what one process did: that of the providers of one `up`, which ends with it. So the
    next `up` counts from nothing, and goes on with the jobs that are not as they are declared.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._fleets: dict[str, _Fleet] = {}

    @contextmanager
    def turn(
        self, name: str, spec: FleetSpec, key: str, say: Callable[[str], None]
    ) -> Iterator[None]:
        """Waits for the turn of the job `key` in the fleet `name`, and has it in the block.

        A block that raises has failed. Raises Refused where enough others have failed.
        """
        with self._changed:
            fleet = self._fleets.setdefault(name, _Fleet())
            while len(fleet.going) >= spec.max_in_flight and not _is_over(fleet, spec):
                say(f"waits for its turn in fleet {name}, after {', '.join(fleet.going)}")
                self._changed.wait(_LOOK_SECONDS)
            if _is_over(fleet, spec):
                raise Refused(_over(name, spec, key, fleet))
            fleet.going.append(key)
        try:
            yield
        except BaseException:
            fleet.failed.append(key)
            raise
        finally:
            with self._changed:
                fleet.going.remove(key)
                self._changed.notify_all()


def _is_over(fleet: _Fleet, spec: FleetSpec) -> bool:
    return len(fleet.failed) >= spec.stop_after_failures


def _over(name: str, spec: FleetSpec, key: str, fleet: _Fleet) -> str:
    failed, count = ", ".join(fleet.failed), spec.stop_after_failures
    limit = "the first failure" if count == 1 else f"{count} failures"
    return (
        f"{key} was not touched: {failed} failed, and fleet {name} stops after {limit}: mend what "
        f"is said there, and run `pulumi up` again, which goes on with the rest"
    )
