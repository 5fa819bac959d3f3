"""What a user may say about pods: variables, volumes, placement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from flink_components.spec.base import FieldError, Flag, Problem, SpecModel, check
from flink_components.spec.connection import VARIABLE
from flink_components.spec.names import ObjectName
from flink_components.spec.quantity import Duration

# The sources that the `restricted` Pod Security Standard allows.
VOLUME_SOURCES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
# What a pod already has: a user's volume may take neither these names nor these places.
OWN_VOLUMES: Mapping[str, str] = {
    "flink-conf": "/opt/flink/conf",
    "flink-log": "/opt/flink/log",
    "flink-work": "/var/lib/flink",
    "tmp": "/tmp",  # noqa: S108
}
# What the pods of an application have beside these.
OF_APPLICATIONS: Mapping[str, str] = {
    "flink-guard": "/opt/flink-components",
    "flink-jar": "/opt/flink/usrlib",
}
_OWN_VARIABLES: Mapping[str, str] = {
    "FLINK_PROPERTIES": "use config",
    "JOB_MANAGER_RPC_ADDRESS": "remove it: the cluster's own Service is used",
    "TASK_MANAGER_NUMBER_OF_TASK_SLOTS": "use task_manager.slots",
    "ENABLE_BUILT_IN_PLUGINS": "use plugins",
    "FLINK_CONF_DIR": "remove it: the configuration is mounted where the image expects it",
    "FLINK_ENV_JAVA_OPTS": "use config with env.java.opts.all",
    "FLINK_ENV_JAVA_OPTS_JM": "use config with env.java.opts.jobmanager",
    "FLINK_ENV_JAVA_OPTS_TM": "use config with env.java.opts.taskmanager",
    "POD_IP": "remove it: it is the pod's address",
    "POD_NAME": "remove it: it is the pod's name",
}


def whole_numbers(value: Any) -> Any:
    """`value` with every 2.0 as 2, at any depth: Kubernetes takes no floats for whole numbers."""
    if isinstance(value, Mapping):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(whole_numbers(value)) if isinstance(value, int | float) else value


def _own_variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise FieldError(
            "is not the name of an environment variable", "use letters, digits and underscores"
        )
    if name in _OWN_VARIABLES:
        raise FieldError("cannot be set here", _OWN_VARIABLES[name])
    return name


def _named(value: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value.get("name"), str) or not value["name"]:
        raise FieldError("has no name", "give it a name")
    return value


def _volume(value: dict[str, Any]) -> dict[str, Any]:
    name, sources = _named(value)["name"], set(value) - {"name"}
    if name in OWN_VOLUMES or name.startswith("plugin-"):
        raise FieldError(f"has the name {name!r}, which is taken", "choose another name")
    if len(sources) != 1 or not sources <= set(VOLUME_SOURCES):
        raise FieldError(
            "must have one source that restricted pods may use",
            f"use one of {', '.join(VOLUME_SOURCES)}",
            given=", ".join(sorted(sources)) or "none",
        )
    return value


def _volume_mount(value: dict[str, Any]) -> dict[str, Any]:
    path = _named(value).get("mountPath")
    if not isinstance(path, str) or not path.startswith("/"):
        raise FieldError("has no mountPath", "give an absolute path")
    if path.rstrip("/") in OWN_VOLUMES.values():
        raise FieldError(f"has the mountPath {path}, which is taken", "choose another path")
    return value


KubernetesDict = Annotated[dict[str, Any], BeforeValidator(whole_numbers)]
Volume = Annotated[KubernetesDict, AfterValidator(_volume)]
VolumeMount = Annotated[KubernetesDict, AfterValidator(_volume_mount)]


class KeyRef(SpecModel):
    """One key of a Secret or ConfigMap."""

    name: ObjectName = Field(description="the object's name")
    key: str = Field(min_length=1, description="the key in it")
    optional: Flag = Field(default=False, description="whether the pod starts without it")


class ValueFrom(SpecModel):
    """Where the value of a variable comes from."""

    secret: KeyRef | None = Field(default=None, description="a key of a Secret")
    config_map: KeyRef | None = Field(default=None, description="a key of a ConfigMap")
    field_path: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="a field of the pod, like metadata.name"
    )

    @check("secret", "config_map", "field_path")
    def _one_source(self) -> Iterator[Problem]:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            yield Problem("", "needs one source", do="give secret, config_map or field_path")


class EnvVar(SpecModel):
    """An environment variable of every Flink container."""

    name: Annotated[str, AfterValidator(_own_variable)] = Field(description="its name")
    value: Annotated[str, BeforeValidator(_as_text)] | None = Field(
        default=None, description="its value"
    )
    value_from: ValueFrom | None = Field(default=None, description="where its value comes from")

    @check("value", "value_from")
    def _one_value(self) -> Iterator[Problem]:
        if (self.value is None) == (self.value_from is None):
            yield Problem("", "needs one value", do="give value or value_from")


class Placement(SpecModel):
    """Where pods run and how they end; plain Kubernetes values."""

    node_selector: dict[str, str] | None = Field(default=None, description="labels of nodes")
    tolerations: list[KubernetesDict] | None = Field(
        default=None, description="Kubernetes tolerations"
    )
    affinity: KubernetesDict | None = Field(default=None, description="a Kubernetes affinity")
    topology_spread_constraints: list[KubernetesDict] | None = Field(
        default=None, description="Kubernetes topology spread constraints"
    )
    priority_class_name: ObjectName | None = Field(default=None, description="a PriorityClass")
    termination_grace: Duration | None = Field(
        default=None, description="time between SIGTERM and SIGKILL (default 60 s)"
    )
