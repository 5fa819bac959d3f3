"""What a user declares for an application: one job on a cluster of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import Enum

from pydantic import Field

from flink_components.spec.base import Flag, Problem, check
from flink_components.spec.cluster import ClusterSpec
from flink_components.spec.jar import ApplicationJar, Sha256, unchecked
from flink_components.spec.job import DeclaredJobSpec, JobSpec, Limit
from flink_components.spec.names import Namespace
from flink_components.spec.options import ApplicationOptions
from flink_components.spec.pods import OF_APPLICATIONS
from flink_components.spec.ref import ClusterRef
from flink_components.spec.storage import StorageUri

_JARS = OF_APPLICATIONS["flink-jar"]
# Schedulers that run a job with what slots there are.
_ELASTIC = (("jobmanager.scheduler", "adaptive"), ("scheduler-mode", "reactive"))


class Cleanup(str, Enum):
    """What becomes of the pods of a job that has finished by itself."""

    ON_FINISH = "on_finish"
    KEEP = "keep"


class ApplicationSpec(DeclaredJobSpec, ClusterSpec):
    """One job in Flink's application mode, complete and checked."""

    namespace: Namespace = Field(description="its Kubernetes namespace")
    jar: ApplicationJar = Field(description="where the pods get the jar from")
    jar_sha256: Sha256 | None = Field(
        default=None, description="SHA-256 of the jar file; required for https"
    )
    config: ApplicationOptions = Field(default={}, description="Flink options, dotted keys")
    surge: Flag = Field(
        default=True,
        description="whether the TaskManagers of the new revision start beside the old ones",
    )
    cleanup: Cleanup = Field(
        default=Cleanup.ON_FINISH,
        description="on_finish (the pods of a finished job are removed) or keep",
    )
    ready_within: Limit = Field(
        default="10min",
        validate_default=True,
        description="until the pods of a new revision run and wait, before the job is stopped",
    )

    @property
    def task_managers(self) -> int:
        """How many TaskManagers there are: enough slots for the job's parallelism."""
        given = self.task_manager.replicas
        return given or math.ceil((self.parallelism or 1) / self.task_manager.slots)

    @property
    def slots_total(self) -> int:
        return self.task_managers * self.task_manager.slots

    def job(self, cluster: ClusterRef) -> ApplicationJobSpec:
        """What the life cycle of its job works with. cluster: a revision of this application."""
        own = {name: getattr(self, name) for name in _OF_THE_JOB}
        return ApplicationJobSpec(**{**own, "checkpoint_dir": self.checkpoints}, cluster=cluster)

    @check("jar", "image", "volume_mounts")
    def _the_image_holds_the_jar(self) -> Iterator[Problem]:
        mounted = any(
            f"{mount['mountPath']}/".startswith(f"{_JARS}/") for mount in self.volume_mounts
        )
        if self.jar.startswith("local://") and self.image is None and not mounted:
            yield Problem(
                "image",
                "is missing, and the jar is in the image",
                do="name the image that holds the jar",
            )

    @check("env", "volumes", "volume_mounts", "jar")
    def _leaves_what_is_taken(self) -> Iterator[Problem]:
        fetched = not self.jar.startswith("local://")
        taken = [path for path in OF_APPLICATIONS.values() if fetched or path != _JARS]
        for index, variable in enumerate(self.env):
            if variable.name == "POD_UID":
                yield Problem(
                    f"env[{index}].name",
                    "cannot be set here",
                    repr(variable.name),
                    "remove it: it is the pod's uid",
                )
        for index, volume in enumerate(self.volumes):
            if volume["name"] in OF_APPLICATIONS:
                yield Problem(
                    f"volumes[{index}].name",
                    "is taken",
                    repr(volume["name"]),
                    "choose another name",
                )
        for index, mount in enumerate(self.volume_mounts):
            if mount["mountPath"].rstrip("/") in taken:
                yield Problem(
                    f"volume_mounts[{index}].mountPath",
                    "is taken",
                    repr(mount["mountPath"]),
                    "choose another path",
                )

    @check("jar", "jar_sha256")
    def _downloads_are_checked(self) -> Iterator[Problem]:
        return unchecked(self.jar, self.jar_sha256)

    @check("task_manager", "parallelism", "config")
    def _has_slots_for_the_job(self) -> Iterator[Problem]:
        if any(str(self.config.get(name)).lower() == value for name, value in _ELASTIC):
            return
        if self.slots_total < (self.parallelism or 1):
            yield Problem(
                "task_manager.replicas",
                f"give {self.slots_total} slots, and the parallelism is {self.parallelism}",
                str(self.task_manager.replicas),
                "remove it, or give more",
            )


class ApplicationJobSpec(JobSpec):
    """The job of an application for its life cycle; its `cluster` is one revision of it.

    Of the program it has only what a life cycle may know: no arguments, no configuration.
    """

    checkpoint_dir: StorageUri | None = Field(default=None, description="where checkpoints go")
    jar_sha256: Sha256 | None = Field(default=None, description="as it is declared")
    surge: Flag = Field(default=True, description="as it is declared")
    cleanup: Cleanup = Field(default=Cleanup.ON_FINISH, description="as it is declared")
    ready_within: Limit = Field(
        default="10min", validate_default=True, description="as it is declared"
    )


_OF_THE_JOB = tuple(set(ApplicationJobSpec.model_fields) - {"cluster", "args"})
