"""Flink's configuration as a user gives it: dotted keys and plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from flink_components.spec.errors import FieldError

Scalar = str | int | float | bool

_KEY = re.compile(r"[A-Za-z0-9_$][A-Za-z0-9_$.\-]*")
_ADDRESSES = "remove it: the cluster's own Services and pods set it"
_PORTS = "remove it: the port is fixed, and pods and Services agree on it"
_PER_REVISION = "remove it: every revision of the cluster has its own"

OWNED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "jobmanager.rpc.address",
            "jobmanager.bind-host",
            "rest.address",
            "rest.bind-address",
            "taskmanager.host",
            "taskmanager.bind-host",
            "web.address",
        ),
        _ADDRESSES,
    ),
    **dict.fromkeys(
        (
            "jobmanager.rpc.port",
            "blob.server.port",
            "rest.port",
            "rest.bind-port",
            "taskmanager.data.port",
            "taskmanager.rpc.port",
            "metrics.internal.query-service.port",
            "web.port",
        ),
        _PORTS,
    ),
    **dict.fromkeys(("kubernetes.cluster-id", "high-availability.cluster-id"), _PER_REVISION),
    "taskmanager.resource-id": "remove it: it is the pod's name",
    "taskmanager.numberOfTaskSlots": "use task_manager.slots",
    "taskmanager.memory.managed.fraction": "use task_manager.managed_memory_fraction",
    **dict.fromkeys(
        (
            "taskmanager.memory.process.size",
            "taskmanager.memory.flink.size",
            "taskmanager.heap.size",
            "taskmanager.heap.mb",
        ),
        "use task_manager.memory",
    ),
    **dict.fromkeys(
        (
            "jobmanager.memory.process.size",
            "jobmanager.memory.flink.size",
            "jobmanager.memory.heap.size",
            "jobmanager.heap.size",
            "jobmanager.heap.mb",
        ),
        "use job_manager.memory",
    ),
    **dict.fromkeys(
        ("state.savepoints.dir", "execution.checkpointing.savepoint-dir"), "use savepoint_dir"
    ),
    **dict.fromkeys(("state.checkpoints.dir", "execution.checkpointing.dir"), "use checkpoint_dir"),
    "taskmanager.network.memory.fraction": "use taskmanager.memory.network.fraction",
    "taskmanager.network.memory.min": "use taskmanager.memory.network.min",
    "taskmanager.network.memory.max": "use taskmanager.memory.network.max",
    "taskmanager.memory.size": "use taskmanager.memory.managed.size",
    "taskmanager.memory.fraction": "use task_manager.managed_memory_fraction",
}

_EACH_ATTEMPT = "remove it: every attempt to run the job has its own"
_GUARDED = "remove it: the guarded start of an application depends on it"
OWNED_BY_APPLICATIONS: Mapping[str, str] = {
    "parallelism.default": "use parallelism",
    "$internal.pipeline.job-id": _EACH_ATTEMPT,
    "$internal.application.main": "use entry_class",
    "$internal.application.program-args": "use args",
    **dict.fromkeys(("pipeline.jars", "pipeline.classpaths"), "use jar"),
    **dict.fromkeys(
        ("execution.savepoint.path", "execution.state-recovery.path"), "use restore_from"
    ),
    **dict.fromkeys(
        ("execution.savepoint-restore-mode", "execution.state-recovery.claim-mode"),
        "use claim_mode",
    ),
    **dict.fromkeys(
        ("execution.shutdown-on-application-finish", "job-result-store.delete-on-commit"), _GUARDED
    ),
}


def _option_name(key: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise FieldError("is not the name of an option", "write it like execution.runtime-mode")
    return key


def _not_owned(key: str) -> str:
    if key in OWNED:
        raise FieldError("cannot be set here", OWNED[key])
    return key


def _not_owned_by_applications(key: str) -> str:
    if key in OWNED_BY_APPLICATIONS:
        raise FieldError("cannot be set here", OWNED_BY_APPLICATIONS[key])
    return key


def _scalar(value: object) -> object:
    if isinstance(value, Mapping):
        raise FieldError("is nested", "write one dotted key for each option, like s3.endpoint")
    if isinstance(value, list | tuple):
        raise FieldError("is a list", "write it as Flink does, joined by semicolons: a;b")
    if isinstance(value, str):
        if not value.strip():
            raise FieldError("is empty", "give a value, or remove the option")
        if value != value.strip() or not value.isprintable():
            raise FieldError(
                "begins or ends with a space, or has a character that does not print",
                "remove it",
            )
    return value


def written(value: Scalar) -> str:
    """A value as Flink reads it: `true`, `8`, `0.4`, or the text itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


_Name = Annotated[str, BeforeValidator(_option_name)]
_Value = Annotated[Scalar, BeforeValidator(_scalar)]
JobOptions = dict[_Name, _Value]
Options = dict[Annotated[_Name, AfterValidator(_not_owned)], _Value]
ApplicationOptions = dict[
    Annotated[_Name, AfterValidator(_not_owned), AfterValidator(_not_owned_by_applications)],
    _Value,
]
