"""What a cluster's spec says of state: where it is kept, and whether jobs outlive a JobManager."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from flink_components.spec.base import FieldError, Problem, check
from flink_components.spec.high_availability import HighAvailability
from flink_components.spec.names import LabelKey, ObjectName
from flink_components.spec.options import Options
from flink_components.spec.pods import EnvVar, Placement, Volume, VolumeMount
from flink_components.spec.state_storage import StateStorage
from flink_components.spec.storage import StorageUri
from flink_components.spec.version import ClusterFlinkVersion, minor_of

_HA_OPTIONS = ("high-availability.type", "high-availability")
_NATIVE_S3_SINCE = (2, 3)


def _plugin_name(value: str) -> str:
    if value.endswith(".jar") or "/" in value or not value.startswith("flink-"):
        raise FieldError(
            "is not the name of a built-in plugin",
            "write it without version and .jar, like flink-s3-fs-hadoop",
        )
    return value


PluginName = Annotated[str, AfterValidator(_plugin_name)]


class DurableSpec(Placement):
    """State of a cluster, and what of its pods and options it depends on."""

    flink_version: ClusterFlinkVersion = Field(description="its Flink version, like 1.20.3")
    config: Options = Field(default={}, description="Flink options, dotted keys")
    plugins: list[PluginName] = Field(
        default=[], description="built-in plugins of the image to switch on"
    )
    service_account: ObjectName | None = Field(
        default=None, description="name of an existing ServiceAccount (default: one is made)"
    )
    service_account_annotations: dict[LabelKey, str] = Field(
        default={}, description="annotations of the made ServiceAccount, e.g. of a cloud identity"
    )
    env: list[EnvVar] = Field(default=[], description="environment variables")
    volumes: list[Volume] = Field(default=[], description="Kubernetes volumes of every pod")
    volume_mounts: list[VolumeMount] = Field(
        default=[], description="Kubernetes volumeMounts of every container"
    )
    savepoint_dir: StorageUri | None = Field(default=None, description="where savepoints go")
    checkpoint_dir: StorageUri | None = Field(default=None, description="where checkpoints go")
    state_storage: StateStorage | None = Field(
        default=None, description="one place for all state, and how pods are let in there"
    )
    high_availability: HighAvailability = Field(
        default=HighAvailability(), description="whether jobs outlive their JobManager"
    )

    @property
    def savepoints(self) -> str | None:
        """Where savepoints go by default."""
        storage = self.state_storage
        return self.savepoint_dir or (storage.savepoint_dir if storage else None)

    @property
    def checkpoints(self) -> str | None:
        """Where checkpoints go."""
        storage = self.state_storage
        return self.checkpoint_dir or (storage.checkpoint_dir if storage else None)

    @property
    def high_availability_dir(self) -> str | None:
        """Where the data of high availability goes, if `high_availability` says that it is on."""
        wish, storage = self.high_availability, self.state_storage
        if wish.enabled is False:
            return None
        return wish.storage_dir or (storage.high_availability_dir if storage else None)

    @property
    def high_availability_kind(self) -> str | None:
        """`kubernetes`, or what `config` names, e.g. `zookeeper`; None: there is none."""
        if self.high_availability_dir:
            return "kubernetes"
        kinds = (str(self.config[name]) for name in _HA_OPTIONS if name in self.config)
        kind = next(kinds, "none").lower()
        return None if kind in ("none", "standalone") else kind

    @property
    def built_in_plugins(self) -> list[str]:
        """The image's plugins that are switched on: those named, and that of the storage."""
        needed = self.state_storage and self.state_storage.plugin_name
        return self.plugins + ([needed] if needed and needed not in self.plugins else [])

    @property
    def account_annotations(self) -> dict[str, str]:
        """Annotations of the made ServiceAccount."""
        identity = self.state_storage.identity if self.state_storage else {}
        return {**identity, **self.service_account_annotations}

    @check("state_storage", "high_availability")
    def _high_availability_needs_storage(self) -> Iterator[Problem]:
        if self.high_availability.enabled and self.high_availability_dir is None:
            do = "give a directory that outlives the pods, like s3://bucket/flink, or state_storage"
            yield Problem("high_availability.storage_dir", "is missing", do=do)

    @check("config", "state_storage", "high_availability")
    def _one_high_availability(self) -> Iterator[Problem]:
        for name in (*_HA_OPTIONS, "high-availability.storageDir"):
            if self.high_availability_dir and name in self.config:
                yield Problem(
                    f'config["{name}"]',
                    "is given, and high_availability is on by state_storage or storage_dir",
                    do="remove it, or set high_availability.enabled to False",
                )

    @check("high_availability", "state_storage", "volumes", "volume_mounts")
    def _high_availability_outlives_pods(self) -> Iterator[Problem]:
        path = urlsplit(self.high_availability_dir or "")
        if path.scheme == "file" and not self._is_on_a_volume(path.path):
            yield Problem(
                "high_availability.storage_dir",
                "is not on a volume, so it ends with the pod",
                repr(self.high_availability_dir),
                "mount a volume there, or give a bucket",
            )

    def _is_on_a_volume(self, path: str) -> bool:
        of_storage = self.state_storage and self.state_storage.volume
        lasting = {v["name"] for v in self.volumes if "emptyDir" not in v}
        mounts = [m["mountPath"] for m in self.volume_mounts if m["name"] in lasting]
        mounts += [of_storage.mount_path] if of_storage else []
        return any(f"{path}/".startswith(f"{mount.rstrip('/')}/") for mount in mounts)

    @check("service_account", "state_storage")
    def _identity_of_a_made_account(self) -> Iterator[Problem]:
        if self.service_account and self.state_storage and self.state_storage.identity:
            yield Problem(
                "state_storage.identity",
                "is only for a ServiceAccount that is made here",
                do="remove service_account, or annotate that one",
            )

    @check("service_account", "service_account_annotations")
    def _annotations_of_a_made_account(self) -> Iterator[Problem]:
        if self.service_account and self.service_account_annotations:
            yield Problem(
                "service_account_annotations",
                "are only for a ServiceAccount that is made here",
                do="remove service_account, or annotate that one",
            )

    @check("plugins", "state_storage", "flink_version")
    def _plugins_need_a_full_version(self) -> Iterator[Problem]:
        if self.built_in_plugins and self.flink_version.count(".") < 2:
            named = "where plugins are named" if self.plugins else "to switch on a plugin of it"
            yield Problem(
                "flink_version",
                f"must be a full version {named}",
                repr(self.flink_version),
                f"write it like {self.flink_version}.3",
            )

    @check("state_storage", "flink_version")
    def _native_plugin_exists(self) -> Iterator[Problem]:
        native = self.state_storage and self.state_storage.s3_plugin == "native"
        if native and minor_of(self.flink_version) < _NATIVE_S3_SINCE:
            yield Problem(
                "state_storage.plugin",
                f"is not in Flink {self.flink_version}",
                "'native'",
                "use hadoop, or Flink 2.3",
            )

    @check("volumes", "volume_mounts")
    def _mounts_have_volumes(self) -> Iterator[Problem]:
        names = [volume["name"] for volume in self.volumes]
        for index, mount in enumerate(self.volume_mounts):
            if mount["name"] not in names:
                yield Problem(
                    f"volume_mounts[{index}].name",
                    "is not the name of a volume",
                    repr(mount["name"]),
                    f"use one of {', '.join(names)}" if names else "add it to volumes",
                )

    @check("volumes")
    def _volume_names_once(self) -> Iterator[Problem]:
        yield from _once("volumes", [volume["name"] for volume in self.volumes])

    @check("volume_mounts")
    def _mount_paths_once(self) -> Iterator[Problem]:
        yield from _once("volume_mounts", [mount["mountPath"] for mount in self.volume_mounts])

    @check("env")
    def _variables_once(self) -> Iterator[Problem]:
        yield from _once("env", [variable.name for variable in self.env])

    @check("state_storage", "env", "volumes", "volume_mounts")
    def _storage_has_its_own(self) -> Iterator[Problem]:
        if self.state_storage is None:
            return
        storage, do = self.state_storage, "remove it, or give it another name or place"
        taken = {
            "env": [variable.name for variable in self.env],
            "volumes": [volume["name"] for volume in self.volumes],
            "volume_mounts": [mount["mountPath"].rstrip("/") for mount in self.volume_mounts],
        }
        own = {
            "env": list(storage.variables),
            "volumes": list(storage.places),
            "volume_mounts": list(storage.places.values()),
        }
        for field, names in taken.items():
            for name in sorted({*names}.intersection(own[field])):
                yield Problem(field, f"names {name}, which state_storage sets", do=do)


def _once(path: str, names: list[str]) -> Iterator[Problem]:
    for name, times in Counter(names).items():
        if times > 1:
            yield Problem(path, f"names {name} {times} times", do="keep one")
