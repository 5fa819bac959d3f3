"""The defaults of a stack as one plain value, which every component takes as `env`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from flink_components.components.refusal import refuse
from flink_components.spec.base import Problem, SpecError, load, unknown_field
from flink_components.spec.errors import shown
from flink_components.spec.merge import merged

if TYPE_CHECKING:
    from flink_components.components.fleet import Fleet

_DEFAULTS = ("session_cluster", "session_job", "application_deployment")


@dataclass(frozen=True)
class Environment:
    """What the clusters and jobs of one environment have in common; each may say otherwise.

    `session_cluster`, `session_job` and `application_deployment` are defaults of any other argument
    of these components.
    """

    namespace: str | None = None
    flink_version: str | None = None
    connection: Mapping[str, str] | None = None
    savepoint_dir: str | None = None
    checkpoint_dir: str | None = None
    state_storage: Mapping[str, Any] | None = None
    state_access: Mapping[str, Any] | None = None
    high_availability: Mapping[str, Any] | None = None
    upgrade_mode: str | None = None
    fleet: "Fleet | None" = None
    labels: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    session_cluster: Mapping[str, Any] = field(default_factory=dict)
    session_job: Mapping[str, Any] = field(default_factory=dict)
    application_deployment: Mapping[str, Any] = field(default_factory=dict)

    def __new__(cls, *_: Any, **values: Any) -> "Environment":
        """Refuses names that there are not, in one line. Raises RunError."""
        _refuse_unknown("Environment", values)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for name in _DEFAULTS:
            refuse("Environment", [*_no_mapping(name, getattr(self, name))])

    def but(self, **changes: Any) -> "Environment":
        """The same environment with other values; mappings are merged, not replaced."""
        _refuse_unknown("Environment.but", changes)
        values: dict[str, Any] = {
            name: merged(getattr(self, name), value)
            if isinstance(value, Mapping) and isinstance(getattr(self, name), Mapping)
            else value
            for name, value in changes.items()
        }
        return replace(self, **values)

    def cluster_defaults(self) -> dict[str, Any]:
        """The arguments of a session cluster that this environment gives."""
        return merged(self._of_pods(), self.session_cluster)

    def application_defaults(self) -> dict[str, Any]:
        """The arguments of an application that this environment gives."""
        own = {
            "upgrade_mode": self.upgrade_mode,
            "state_access": self.state_access,
            "fleet": self.fleet,
        }
        return merged(self._of_pods(), own, self.application_deployment)

    def job_defaults(self) -> dict[str, Any]:
        """The arguments of a session job that this environment gives."""
        savepoint_dir = self.savepoint_dir or savepoints_in(self.state_storage)
        own = {
            "savepoint_dir": savepoint_dir,
            "upgrade_mode": self.upgrade_mode,
            "state_access": self.state_access,
            "fleet": self.fleet,
        }
        return merged(own, self.session_job)

    def _of_pods(self) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "flink_version": self.flink_version,
            "connection": self.connection,
            "savepoint_dir": self.savepoint_dir,
            "checkpoint_dir": self.checkpoint_dir,
            "state_storage": self.state_storage,
            "high_availability": self.high_availability,
            "labels": self.labels,
            "config": self.config,
        }


def savepoints_in(storage: object) -> str | None:
    """Where jobs put their savepoints; what is wrong with the storage is said by a cluster."""
    if not isinstance(storage, Mapping):
        return None
    # Not loaded by a program that declares no state storage.
    from flink_components.spec.state_storage import StateStorage

    try:
        return load(StateStorage, storage).savepoint_dir
    except SpecError:
        return None


def _no_mapping(field: str, value: object) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        do = f"write the arguments of a {field.title().replace('_', '')} as {{'name': value}}"
        yield Problem(field, "must be a mapping", shown(value), do)


def _refuse_unknown(what: str, values: Mapping[str, Any]) -> None:
    names = [known.name for known in fields(Environment)]
    refuse(what, [unknown_field(name, names) for name in values if name not in names])
