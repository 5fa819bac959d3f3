"""Where the state of clusters and jobs is kept, and how their pods are let in there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from flink_components.spec.base import FieldError, Flag, Problem, SpecModel, check
from flink_components.spec.names import LabelKey, ObjectName
from flink_components.spec.pods import OWN_VOLUMES
from flink_components.spec.storage import EndpointUrl, StorageUri

S3_SCHEMES = ("s3", "s3a", "s3p")
GCS_SCHEMES = ("gs",)
AZURE_SCHEMES = ("abfs", "abfss", "wasb", "wasbs")
STATE_VOLUME = "flink-state"
KEY_FILE_VOLUME = "flink-state-key"
KEY_FILE_PATH = "/var/run/secrets/flink-components/state"
_SCHEMES = {
    "s3": S3_SCHEMES,
    "gcs": GCS_SCHEMES,
    "azure": AZURE_SCHEMES,
    "volume": ("file",),
}
_NOT_OF_PLUGIN = {"hadoop": "s3p", "presto": "s3a", "native": "s3p"}
_Key = Annotated[str, Field(min_length=1)]


def _mount_path(value: str) -> str:
    path = value.rstrip("/")
    if not path.startswith("/") or any(
        path == own or own.startswith(f"{path}/") for own in OWN_VOLUMES.values()
    ):
        raise FieldError("is not a free place in the container", "write it like /state")
    return path


class S3Keys(SpecModel):
    """Keys to S3 in a Secret of the namespace; only its name is ever written down."""

    secret: ObjectName = Field(description="the name of the Secret")
    access_key: _Key = Field(default="AWS_ACCESS_KEY_ID", description="its key of the access key")
    secret_key: _Key = Field(
        default="AWS_SECRET_ACCESS_KEY", description="its key of the secret key"
    )
    session_token: _Key | None = Field(default=None, description="its key of a session token")


class S3Access(SpecModel):
    """An S3, or what speaks its language."""

    endpoint: EndpointUrl | None = Field(default=None, description="its URL (default: that of AWS)")
    path_style: Flag = Field(default=False, description="whether the bucket is in the path")
    region: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="its region, like eu-central-1"
    )
    keys: S3Keys | None = Field(default=None, description="the keys to it, in a Secret")


class SecretKey(SpecModel):
    """A key of a Secret of the namespace."""

    secret: ObjectName = Field(description="the name of the Secret")
    key: _Key = Field(description="the key in it")


class GcsAccess(SpecModel):
    """Google Cloud Storage."""

    key_file: SecretKey = Field(description="a service account's key file, in a Secret")


class AzureAccess(SpecModel):
    """Azure Blob Storage."""

    account_key: SecretKey = Field(description="the key of the storage account, in a Secret")


class VolumeAccess(SpecModel):
    """A PersistentVolumeClaim that every pod mounts."""

    claim: ObjectName = Field(description="the name of the claim")
    mount_path: Annotated[str, AfterValidator(_mount_path)] = Field(
        default="/state", description="where the pods see it"
    )


class StateStorage(SpecModel):
    """One place for savepoints, checkpoints and the data of high availability."""

    uri: StorageUri | None = Field(
        default=None, description="the directory above all state, like s3://bucket/flink"
    )
    plugin: Literal["hadoop", "presto", "native", "image"] | None = Field(
        default=None, description="Flink's file system for it; image: comes with the image"
    )
    s3: S3Access | None = Field(default=None, description="how S3 is reached")
    gcs: GcsAccess | None = Field(default=None, description="how Google Cloud Storage is reached")
    azure: AzureAccess | None = Field(default=None, description="how Azure is reached")
    volume: VolumeAccess | None = Field(default=None, description="the volume of a file:// URI")
    identity: dict[LabelKey, str] = Field(
        default={}, description="annotations of the ServiceAccount that name a cloud identity"
    )

    @property
    def base(self) -> str:
        """The directory above all state."""
        at_volume = f"file://{self.volume.mount_path}" if self.volume else ""
        return (self.uri or at_volume).rstrip("/")

    @property
    def savepoint_dir(self) -> str:
        return f"{self.base}/savepoints"

    @property
    def checkpoint_dir(self) -> str:
        return f"{self.base}/checkpoints"

    @property
    def high_availability_dir(self) -> str:
        return f"{self.base}/high-availability"

    @property
    def variables(self) -> dict[str, SecretKey | str]:
        """Environment variables by which plugins are let in: from a Secret, or a plain value."""
        if self.gcs:
            return {"GOOGLE_APPLICATION_CREDENTIALS": f"{KEY_FILE_PATH}/{self.gcs.key_file.key}"}
        if self.azure:
            return {"AZURE_STORAGE_KEY": self.azure.account_key}
        keys = self.s3 and self.s3.keys
        if not keys:
            return {}
        names = {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.session_token,
        }
        return {name: SecretKey(secret=keys.secret, key=key) for name, key in names.items() if key}

    @property
    def places(self) -> dict[str, str]:
        """The volumes that pods get for it, and where they are mounted."""
        state = {STATE_VOLUME: self.volume.mount_path} if self.volume else {}
        return {**state, **({KEY_FILE_VOLUME: KEY_FILE_PATH} if self.gcs else {})}

    @property
    def scheme(self) -> str:
        return urlsplit(self.base).scheme

    @property
    def s3_plugin(self) -> str | None:
        """hadoop, presto or native; None where it is not S3, or comes with the image."""
        if self.scheme not in S3_SCHEMES or self.plugin == "image":
            return None
        return self.plugin or ("presto" if self.scheme == "s3p" else "hadoop")

    @property
    def plugin_name(self) -> str | None:
        """The official image's plugin for it, without version; None: none is switched on."""
        if self.plugin == "image":
            return None
        if self.s3_plugin:
            return f"flink-s3-fs-{self.s3_plugin}"
        if self.scheme in GCS_SCHEMES:
            return "flink-gs-fs-hadoop"
        return "flink-azure-fs-hadoop" if self.scheme in AZURE_SCHEMES else None

    @check("uri", "volume")
    def _has_a_place(self) -> Iterator[Problem]:
        if self.uri is None and self.volume is None:
            yield Problem("uri", "is missing", do="give a directory, like s3://bucket/flink")

    @check("uri", *_SCHEMES)
    def _access_fits_the_uri(self) -> Iterator[Problem]:
        for field, schemes in _SCHEMES.items():
            if getattr(self, field) is not None and self.base and self.scheme not in schemes:
                do = f"remove it, or give a uri that begins with {schemes[0]}://"
                yield Problem(field, f"does not go with {self.scheme}://", do=do)

    @check("uri", "volume")
    def _uri_is_on_the_volume(self) -> Iterator[Problem]:
        if self.uri is None or self.volume is None or self.scheme != "file":
            return
        mount = self.volume.mount_path
        if not f"{urlsplit(self.uri).path}/".startswith(f"{mount}/"):
            yield Problem("uri", "is not on the volume", repr(self.uri), f"begin it with {mount}")

    @check("uri", "volume", "plugin")
    def _plugin_fits_the_uri(self) -> Iterator[Problem]:
        if self.plugin in (None, "image") or not self.base:
            return
        if self.scheme not in S3_SCHEMES:
            yield Problem("plugin", "is only for S3", repr(self.plugin), "remove it")
        elif _NOT_OF_PLUGIN[self.plugin or ""] == self.scheme:
            what = f"has no file system for {self.scheme}://"
            yield Problem("plugin", what, repr(self.plugin), "write s3:// in uri")

    @check("uri", "plugin", "s3")
    def _native_needs_a_region(self) -> Iterator[Problem]:
        if self.s3_plugin == "native" and not (self.s3 and self.s3.region):
            do = "give one, also where the endpoint is not AWS, like us-east-1"
            yield Problem("s3.region", "is missing: the native plugin asks for it", do=do)

    @check("uri", "azure")
    def _account_key_is_read(self) -> Iterator[Problem]:
        """Flink's provider of keys from the environment is one for wasb alone."""
        if self.azure and self.scheme in ("abfs", "abfss"):
            yield Problem(
                "azure.account_key",
                f"is read by Flink for wasb:// and wasbs:// only, not for {self.scheme}://",
                do="write wasbs://…blob.core.windows.net in uri, or give fs.azure.… in config",
            )

    @check("s3", "gcs", "azure", "identity")
    def _one_way_in(self) -> Iterator[Problem]:
        if self.identity and ((self.s3 and self.s3.keys) or self.gcs or self.azure):
            yield Problem("identity", "is given beside keys in a Secret", do="keep one of the two")
